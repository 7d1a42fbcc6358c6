"""What the router must know before it can say who owns an alert."""

from __future__ import annotations

import attrs

from sentry_governed._http.flow import Flow
from sentry_governed.alerts import Alert
from sentry_governed.errors import Denied, NoAccess, NotFound, RequestRefused
from sentry_governed.sentry import latest_event
from sentry_governed.teams import Route, Teams


@attrs.frozen
class SentrySide:
    """What the router knows of Sentry.

    Attributes:
        org: The organization's slug, or None to take each alert's own.
        installation: The uuid of the integration that links are made with.
    """

    org: str | None = None
    installation: str | None = None

    def org_of(self, alert: Alert) -> str | None:
        """The organization that an alert belongs to, or None when it is not the configured one."""
        if alert.org is None:
            is_ours = self.installation is None or alert.installation in {None, self.installation}
            return self.org if is_ours else None
        return alert.org if self.org is None or alert.org.lower() == self.org.lower() else None


@attrs.frozen
class Owned:
    """An alert with all that could be learned of it, and who owns it."""

    alert: Alert
    route: Route
    notes: tuple[str, ...] = ()


def owned(alert: Alert, teams: Teams, sentry: SentrySide | None) -> Flow[Owned]:
    """Say who owns an alert; one without tags is completed from its issue's latest event first."""
    if alert.source != "sentry" or alert.tags:
        return Owned(alert, teams.route(alert))
    org = sentry.org_of(alert) if sentry else None
    if sentry is None:
        return Owned(alert, _by_default(teams))
    if org is None or alert.project is None or alert.issue_id is None:
        why = "the alert names no issue" if org else "the alert is of another organization"
        return Owned(alert, _by_default(teams), (f"not enriched: {why}",))
    try:
        event = yield from latest_event(org, alert.project, alert.issue_id)
    except (NotFound, NoAccess, Denied, RequestRefused) as error:
        return Owned(alert, _by_default(teams), (f"not enriched: {error}",))
    tags = event.tag_values
    if not tags:
        return Owned(alert, _by_default(teams))
    environment = alert.environment or next(filter(None, tags.get("environment", ())), None)
    completed = attrs.evolve(alert, tags=tags, environment=environment)
    return Owned(completed, teams.route(completed))


def _by_default(teams: Teams) -> Route:
    return teams.default_route("no tags")
