"""A world of fakes for routers, alerts in it, and taps that break on order."""

from collections.abc import Mapping

import attrs

from sentry_governed.alerts import Alert, decode_alert
from sentry_governed.asana import TaskSettings
from sentry_governed.testing import (
    FakeAsana,
    FakeDatadog,
    FakeEvent,
    FakeSentry,
    FakeTask,
    FrozenClock,
    datadog_alert,
    datadog_webhook,
    sign_webhook,
)
from sentry_governed.typing import JsonValue

DEFAULT, BACKLOG, DEV = "101", "102", "103"
SPRINTS, SPRINT = "201", "202"
SANDBOXES, SANDBOX = "301", "302"
RELEASES, RELEASE = "401", "402"
UUID = "00000000-0000-4000-8000-000000000001"
TEAMS = f"""
default: Platform
ignore:
- {{Matchers: ["service:noise"], Reason: "known noise"}}
teams:
- Name: Payments
  AsanaBacklogId: "{BACKLOG}"
  AsanaSprintPortfolioId: "{SPRINTS}"
  AsanaSandboxPortfolioId: "{SANDBOXES}"
  Entities: [Matchers: ["service:checkout"]]
- Name: Search
  AsanaBacklogId: "{BACKLOG}"
  Entities: [Matchers: ["service:search"]]
- Name: Platform
"""
SETTINGS = TaskSettings(default_project=DEFAULT, dev_project=DEV, release_portfolio=RELEASES)


class Killed(BaseException):
    """The process ended here."""


class Tripwire:
    """A tap that raises at one point, the so-many-th time that it is passed, and never again."""

    def __init__(self, where: str, error: BaseException, *, time: int = 1) -> None:
        self._where, self._error, self._left = where, error, time

    def __call__(self, point: str) -> None:
        if point == self._where:
            self._left -= 1
            if self._left == 0:
                raise self._error


def dies(where: str) -> Tripwire:
    """The process ends at that point."""
    return Tripwire(where, Killed())


@attrs.frozen
class World:
    """The services that a router works with, and the time."""

    clock: FrozenClock
    asana: FakeAsana
    sentry: FakeSentry
    datadog: FakeDatadog = attrs.Factory(FakeDatadog)

    @classmethod
    def new(
        cls, *, listing_delay: float = 0.0, paid: bool = True, clock: FrozenClock | None = None
    ) -> "World":
        """Every project and portfolio that the teams and settings name, and an issue's organization."""
        clock = clock or FrozenClock()
        asana = FakeAsana(clock=clock, listing_delay=listing_delay, paid=paid)
        for gid, name in ((DEFAULT, "default"), (BACKLOG, "backlog"), (DEV, "dev")):
            asana.add_project(name, gid=gid)
        for portfolio, project in ((SPRINTS, SPRINT), (SANDBOXES, SANDBOX), (RELEASES, RELEASE)):
            asana.add_portfolio(f"portfolio {portfolio}", gid=portfolio)
            asana.add_project(f"project {project}", gid=project, portfolio=portfolio)
        sentry = FakeSentry(clock=clock)
        sentry.add_project("acme", "web")
        sentry.add_installation("acme", uuid=UUID, token="integration-token")
        return cls(clock, asana, sentry, FakeDatadog(clock=clock))

    def issue(self, *, level: str = "error") -> str:
        """A new issue's number."""
        return self.sentry.add_issue("acme", "web", level=level).id

    def event(self, issue: str | None = None, **tags: str) -> FakeEvent:
        """A new event, of a new issue unless told; the checkout service's unless told."""
        return self.sentry.add_event(issue or self.issue(), tags=tags or {"service": "checkout"})

    def alert(self, event: FakeEvent | None = None) -> Alert:
        """The alert about an event, a new one unless told."""
        return decoded(self.sentry.event_alert((event or self.event()).id))

    def tasks(self, alert: Alert) -> list[FakeTask]:
        """The tasks that carry the alert's key."""
        return [task for task in self.asana.tasks if task.notes.endswith(f"\nsentry-governed: {alert.key}")]

    def posts(self) -> int:
        """How often somebody asked for a task."""
        return sum(call.method == "POST" and call.path.endswith("/tasks") for call in self.asana.calls)

    def links(self, alert: Alert) -> list[str]:
        """The tasks that the alert's issue is linked to."""
        return [link.web_url for link in self.sentry.external_issues(str(alert.issue_id))]


def datadog(**body: str) -> Alert:
    """A Datadog alert."""
    return from_datadog(datadog_alert(**body))  # type: ignore[arg-type]  # all text


def decoded(body: Mapping[str, JsonValue]) -> Alert:
    """A body of Sentry's as an alert."""
    alert = decode_alert(*sign_webhook(body, "client-secret"))
    assert isinstance(alert, Alert)
    return alert


def from_datadog(body: Mapping[str, JsonValue]) -> Alert:
    """A body of Datadog's as an alert."""
    alert = decode_alert(*datadog_webhook(body, "secret"))
    assert isinstance(alert, Alert)
    return alert
