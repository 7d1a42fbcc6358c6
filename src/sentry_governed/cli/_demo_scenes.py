"""What happens in the demo, and what each delivery is promised to lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import attrs

from sentry_governed.testing import Fault
from sentry_governed.typing import TagValue


@attrs.frozen(kw_only=True)
class Scene:
    """One webhook, and what is promised about it.

    Attributes:
        title: What the alert says.
        shows: What is to be seen in it.
        sender: Sentry's alert rule, Sentry's subscription to issues, or Datadog.
        level: Of a Sentry alert.
        environment: Where it happened.
        tags: Further tags; a sequence is a key that repeats.
        transition: Of a Datadog alert.
        forged: Whether it is signed with a secret that is not Sentry's.
        issue_of: The number of the scene whose Sentry issue this is another event of.
        repeats: The number of the scene whose bytes are delivered again.
        fault: What goes wrong with the first request for its task.
        posts: How many such requests arrive in all.
        outcome: How it ends.
        team: Who owns it; empty where nobody is told.
        projects: Where its task is; empty where it has none of its own.
    """

    title: str
    shows: str
    sender: Literal["event", "issue", "datadog"] = "event"
    level: str = "error"
    environment: str = "prod"
    tags: Mapping[str, TagValue] = attrs.field(factory=dict[str, TagValue])
    transition: str = "Triggered"
    forged: bool = False
    issue_of: int | None = None
    repeats: int | None = None
    fault: Fault | None = None
    posts: int = 1
    outcome: str = "Created"
    team: str = ""
    projects: tuple[str, ...] = ()


_DOWN: Final = "CheckoutError: no orders"

SCENES: Final = (
    Scene(
        title=_DOWN,
        shows="fatal in production",
        level="fatal",
        tags={"service": "checkout"},
        team="Checkout",
        projects=("Checkout sprint 8",),
    ),
    Scene(title=_DOWN, shows="delivered a second time", repeats=1, outcome="Duplicate"),
    Scene(
        title=_DOWN,
        shows="the issue's second event",
        issue_of=1,
        tags={"service": "checkout"},
        team="Checkout",
        projects=("Checkout sprint 8",),
    ),
    Scene(
        title="GatewayTimeout: no charge",
        shows="matched by a pattern",
        tags={"service": "api", "transaction": "POST /pay"},
        team="Payments",
        projects=("Payments sprint 8",),
    ),
    Scene(
        title="SlowQuery: took 2.1 s",
        shows="only a warning",
        level="warning",
        tags={"service": "search-api"},
        team="Search",
        projects=("Search backlog",),
    ),
    Scene(
        title="RangeException: index 5",
        shows="an error in dev",
        environment="dev",
        tags={"os.name": "iOS"},
        team="Mobile",
        projects=("Mobile sandbox 8", "Dev"),
    ),
    Scene(
        title="SchemaError: no column",
        shows="an error in staging",
        environment="staging",
        tags={"job": "etl-orders"},
        team="Data",
        projects=("Data sprint 8", "Release 8"),
    ),
    Scene(
        title="KeyError: 'code'",
        shows="a tag with three values",
        tags={"feature": ["cart", "referral", "banner"]},
        team="Growth",
        projects=("Growth sprint 8",),
    ),
    Scene(
        title="IndexError: empty page",
        shows="a rule with priority",
        tags={"service": "search-web", "customer": "initech"},
        team="Customers",
        projects=("Customers sprint 8",),
    ),
    Scene(
        title="AssertionError: x is None",
        shows="ignored by a rule",
        environment="local",
        tags={"service": "cart"},
        outcome="Skipped",
    ),
    Scene(
        title="OSError: disk is full",
        shows="no rule matches",
        tags={"service": "mailer"},
        team="Platform",
        projects=("Platform sprint 8",),
    ),
    Scene(
        title="Forbidden: 40 logins",
        shows="no tags: Sentry is asked",
        sender="issue",
        tags={"component": "login"},
        team="Security",
        projects=("Security sprint 8",),
    ),
    Scene(
        title="Refunds are failing",
        shows="Datadog, P2",
        sender="datadog",
        tags={"service": "payments"},
        team="Payments",
        projects=("Payments sprint 8",),
    ),
    Scene(
        title="Refunds are failing",
        shows="Datadog, recovered",
        sender="datadog",
        tags={"service": "payments"},
        transition="Recovered",
        outcome="Skipped",
    ),
    Scene(
        title="FreeMoney: please click",
        shows="the signature is wrong",
        forged=True,
        tags={"service": "checkout"},
        outcome="Refused",
    ),
    Scene(
        title="TimeoutError: index busy",
        shows="Asana: 429, wait 1 s",
        tags={"service": "search-index"},
        fault=Fault.status(429, retry_after=1),
        posts=2,
        team="Search",
        projects=("Search sprint 8",),
    ),
    Scene(
        title="ConnectionReset: queue",
        shows="Asana's reply is lost",
        tags={"service": "scheduler"},
        fault=Fault.reply_lost(),
        team="Platform",
        projects=("Platform sprint 8",),
    ),
)
