"""What the router must know before it can say who owns an alert."""

from __future__ import annotations

import attrs

from sentry_governed._http.flow import Flow
from sentry_governed.alerts import Alert
from sentry_governed.errors import SentryGovernedError
from sentry_governed.routing._failures import stays
from sentry_governed.routing._outcome import Shadowed
from sentry_governed.sentry import latest_event
from sentry_governed.teams import Route, Teams

_NO_TAGS = "no tags"


@attrs.frozen
class IssueRef:
    """An issue as Sentry is asked for it: slugs, and a numeric id."""

    org: str
    project: str
    issue: str


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
            return self.org if self.installation in {None, alert.installation} else None
        return alert.org if self.org is None or alert.org.lower() == self.org.lower() else None

    def issue_of(self, alert: Alert) -> IssueRef | str:
        """Where an alert's issue is, or why Sentry cannot be asked for it."""
        org = self.org_of(alert)
        if org is None:
            return "the alert is not of the configured organization"
        if alert.project is None or alert.issue_id is None:
            return "the alert does not say of which issue and project it is"
        return IssueRef(org, alert.project, alert.issue_id)


@attrs.frozen
class Owned:
    """An alert with all that could be learned of it, and who owns it.

    Attributes:
        alert: The alert.
        route: Who owns it.
        notes: What could not be learned.
        unmatched: Why the rules were not asked, or None if they were.
        shadow: What the shadow rules would have done otherwise.
    """

    alert: Alert
    route: Route
    notes: tuple[str, ...] = ()
    unmatched: str | None = None
    shadow: Shadowed | None = None


def owned(alert: Alert, teams: Teams, sentry: SentrySide | None) -> Flow[Owned]:
    """Say who owns an alert; one without tags is completed from its issue's latest event first."""
    if alert.source != "sentry" or alert.tags:
        return Owned(alert, teams.route(alert))
    by_default = Owned(alert, teams.default_route(_NO_TAGS), unmatched=_NO_TAGS)
    if sentry is None:
        return by_default
    issue = sentry.issue_of(alert)
    if isinstance(issue, str):
        return attrs.evolve(by_default, notes=(f"not enriched: {issue}",))
    try:
        event = yield from latest_event(issue.org, issue.project, issue.issue)
    except SentryGovernedError as error:
        if not stays(error):
            raise
        return attrs.evolve(by_default, notes=(f"not enriched: {error}",))
    tags = event.tag_values
    if not tags:
        return by_default
    environment = alert.environment or next(filter(None, tags.get("environment", ())), None)
    completed = attrs.evolve(alert, tags=tags, environment=environment)
    return Owned(completed, teams.route(completed))
