"""Alerts and routes for the tests of this layer."""

from collections.abc import Mapping

from sentry_governed.alerts import Alert
from sentry_governed.teams import Route, Team


def route() -> Route:
    """The route to a team with every id."""
    return Route(
        Team(
            "Web",
            asana_backlog_id="11",
            asana_sprint_portfolio_id="12",
            asana_sandbox_portfolio_id="13",
            asana_team_id="14",
        )
    )


def bare_route() -> Route:
    """The route to a team without any id."""
    return Route(Team("Web"))


def alert(  # each argument is one fact that some test varies
    *,
    title: str = "TypeError: x is undefined",
    level: str | None = "error",
    environment: str | None = "production",
    occurred_at: str | None = "2026-11-20T09:15:02.125000Z",
    link: str | None = "https://sentry.io/organizations/acme/issues/7/events/ab/",
    tags: Mapping[str, tuple[str, ...]] | None = None,
) -> Alert:
    """A Sentry alert."""
    return Alert(
        source="sentry",
        kind="event_alert.triggered",
        key="sentry.1.ab",
        title=title,
        level=level,
        environment=environment,
        occurred_at=occurred_at,
        issue_id="7",
        event_id="ab",
        link=link,
        tags=tags or {},
    )


def datadog(*, level: str | None = None, priority: str | None = None) -> Alert:
    """A Datadog alert."""
    return Alert(
        source="datadog",
        kind="datadog.triggered",
        key="datadog.1.2",
        title="Queue is long",
        level=level,
        own_facts={"priority": priority} if priority else {},
    )
