"""Making up for webhooks that never came: Sentry lists the issues, and their chains say which are covered."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import attrs

from sentry_governed._http.flow import Flow, monotonic, now
from sentry_governed.alerts import alert_of_event
from sentry_governed.errors import ConfigError, SentryGovernedError
from sentry_governed.routing._chain import HELD, key_of, read_chain
from sentry_governed.routing._flow import Desk, handle
from sentry_governed.routing._lease import read
from sentry_governed.routing._outcome import Deferred, Outcome
from sentry_governed.sentry import Issue, latest_event, list_issues

MOST_PAGES: Final = 10


def _check_since(_search: object, _field: object, value: float) -> None:
    if not 0 < value < math.inf:
        raise ConfigError(f"since is a number of seconds above 0, not {value!r}")


def _check_grace(_search: object, _field: object, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ConfigError(f"grace is a number of seconds, not {value!r}")


@attrs.frozen(kw_only=True)
class Search:
    """Which issues are looked at: first seen between `since` and `grace` seconds ago."""

    since: float = attrs.field(validator=_check_since)
    projects: tuple[str, ...] = ()
    query: str = "is:unresolved"
    grace: float = attrs.field(default=0.0, validator=_check_grace)


@attrs.frozen(kw_only=True)
class ReconcileReport:
    """What one reconciliation found and did.

    Attributes:
        listed: The issues that were first seen in time and match.
        covered: Those of them that have a task.
        waiting: Those that are too new to be looked at.
        outcomes: How each of the others was handled.
        withheld: How many issues policy kept from sight.
        problems: Why the list is not whole, and which issues could not be looked at; empty when all is well.
    """

    listed: int = 0
    covered: int = 0
    waiting: int = 0
    outcomes: tuple[Outcome, ...] = ()
    withheld: int = 0
    problems: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many outcomes there are of each class, by its name."""
        return Counter(type(outcome).__name__ for outcome in self.outcomes)


def reconcile(
    search: Search, desk: Desk, org: str, nonce: str, deadline: float | None
) -> Flow[ReconcileReport]:
    """Route every issue that has no task, the oldest first, each as an alert about its latest event.

    It raises for what is configured wrongly only; whatever else goes wrong is in the report.

    Args:
        search: Which issues.
        desk: What handling needs.
        org: The organization's slug.
        nonce: Names the worker in the ledger.
        deadline: Seconds from now after which no further issue is begun.
    """
    desk = attrs.evolve(desk, alone=True)
    end = (yield from monotonic()) + (math.inf if deadline is None else deadline)
    begun = yield from now()
    listing = yield from _list(search, org, since=max(0, math.floor(begun - search.since)))
    old_enough = [issue for issue in listing.issues if _seen(issue, 0.0) <= begun - search.grace]
    covered, outcomes, problems = 0, list[Outcome](), list(listing.problems)
    for place, issue in enumerate(reversed(old_enough)):
        if (yield from monotonic()) >= end:
            problems.append(f"the deadline passed with {len(old_enough) - place} issues left")
            break
        try:
            outcome = yield from _cover(issue, desk, org, nonce)
        except ConfigError:
            raise
        except SentryGovernedError as error:
            problems.append(f"issue {issue.id}: {error}")
            continue
        if outcome is None:
            covered += 1
        else:
            outcomes.append(outcome)
    return ReconcileReport(
        listed=len(listing.issues),
        covered=covered,
        waiting=len(listing.issues) - len(old_enough),
        outcomes=tuple(outcomes),
        withheld=listing.withheld,
        problems=tuple(problems),
    )


@attrs.frozen
class _Listing:
    issues: tuple[Issue, ...]
    withheld: int
    problems: tuple[str, ...] = ()


def _list(search: Search, org: str, *, since: int) -> Flow[_Listing]:
    """The issues first seen since then, newest first."""
    moment = datetime.fromtimestamp(since, UTC).isoformat().replace("+00:00", "Z")
    query = f"{search.query} firstSeen:>={moment}".strip()
    issues: dict[str, Issue] = {}
    withheld, cursor, problems = 0, None, tuple[str, ...]()
    for _ in range(MOST_PAGES):
        try:
            page = yield from list_issues(org, search.projects, query, cursor)
        except ConfigError:
            raise
        except SentryGovernedError as error:
            problems = (f"the list of issues is not whole: {error}",)
            break
        recent = {issue.id: issue for issue in page.items if _seen(issue, since) >= since}
        issues, withheld, cursor = {**issues, **recent}, withheld + page.withheld, page.next
        if cursor is None or len(recent) < len(page.items):
            break
    else:
        problems = (
            f"there are more than {MOST_PAGES} pages of issues; ask for a shorter time, or for projects",
        )
    return _Listing(tuple(issues.values()), withheld, problems)


def _seen(issue: Issue, unknown: float) -> float:
    return issue.first_seen.timestamp() if issue.first_seen else unknown


def _cover(issue: Issue, desk: Desk, org: str, nonce: str) -> Flow[Outcome | None]:
    """Make the first task of an issue, or finish one that somebody left; None when there is nothing to do."""
    chain = yield from read_chain(key_of(org, issue.id))
    left = chain.held_until - (yield from now())
    if left > 0:
        return Deferred(chain.holder, left, HELD)
    begun = (yield from read(chain.holder)).record if chain.holder else None
    if chain.root and not (begun and begun.is_made):
        return None
    event = yield from latest_event(org, issue.project.slug, issue.id)
    alert = alert_of_event(org, issue.project.slug, dict(issue.raw), dict(event.raw))
    if begun and begun.is_open:
        alert = attrs.evolve(alert, key=chain.holder)
    return (yield from handle(alert, desk, nonce))
