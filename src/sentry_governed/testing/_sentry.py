"""A fake Sentry."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar, Literal

import attrs

from sentry_governed._values import Response
from sentry_governed.testing._alerts import EventParts, sentry_event_alert
from sentry_governed.testing._fake import Fake
from sentry_governed.testing._faults import Fault
from sentry_governed.testing._sentry_limits import Limits, too_many
from sentry_governed.testing._sentry_routes import ROUTES, get_issue, put_issue
from sentry_governed.testing._sentry_values import (
    FakeDeploy,
    FakeEvent,
    FakeExternalIssue,
    FakeInstallation,
    FakeIssue,
    FakeMember,
    FakeNote,
    FakeOrg,
    FakeRelease,
    FakeSentryProject,
    FakeTeam,
)
from sentry_governed.testing._sentry_world import World
from sentry_governed.testing._tags import pairs
from sentry_governed.testing._wire import Ask, Record, Refused, as_html, as_json
from sentry_governed.typing import Clock, Tags

_DETAILS = {
    401: "Invalid token",
    403: "You do not have permission to perform this action.",
    404: "The requested resource does not exist",
}
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class FakeSentry(Fake):
    """A stateful Sentry of several organizations, as the public API shows it.

    It answers below `/api/0/`, or below a prefix as a self-hosted one may. Whatever an organization's path
    names is looked up in that organization only.

    Args:
        token: The token that HTTP callers must show; None lets everybody in, except to the routes that need
            an installation's own token.
        clock: What it takes the time from; the system's when None.
        prefix: The path of a self-hosted base URL, such as `/sentry`.
        relink: What a second external issue of one issue and integration does: `update` the first one, or
            be `refuse`d.
        issue_limit: How often a second one caller may read, and may change, single issues; sentry.io allows
            5. None is a self-hosted Sentry: it neither limits nor sends rate-limit headers.
    """

    public_origin: ClassVar[str] = "https://sentry.io"
    base_path: ClassVar[str] = "/api/0"

    def __init__(
        self,
        *,
        token: str | None = None,
        clock: Clock | None = None,
        prefix: str = "",
        relink: Literal["update", "refuse"] = "update",
        issue_limit: int | None = None,
    ) -> None:
        super().__init__(token=token, clock=clock, prefix=prefix)
        self._world = World(clock=self.clock, prefix=prefix, relink=relink)
        self._limits = None if issue_limit is None else Limits(issue_limit)

    def add_org(self, slug: str, *, org_id: str | None = None, name: str | None = None) -> FakeOrg:
        """Make an organization."""
        with self._lock:
            org = FakeOrg(org_id or self._world.new_id(), slug, name or slug, self.clock.time())
            self._world.orgs[slug] = org
            return org

    def add_project(
        self,
        org: str,
        slug: str,
        *,
        project_id: str | None = None,
        platform: str = "python",
    ) -> FakeSentryProject:
        """Make a project, and its organization if that is new."""
        with self._lock:
            if org not in self._world.orgs:
                self.add_org(org)
            project = FakeSentryProject(
                project_id or self._world.new_id(), slug, org, platform, self.clock.time()
            )
            self._world.projects[org, slug] = project
            return project

    def add_issue(
        self,
        org: str,
        project: str,
        *,
        issue_id: str | None = None,
        title: str = "ValueError: out of range",
        level: str = "error",
        status: str = "unresolved",
        seen: float | None = None,
    ) -> FakeIssue:
        """Make an issue without events, and its project if that is new."""
        with self._lock:
            world, now = self._world, self.clock.time() if seen is None else seen
            if (org, project) not in world.projects:
                self.add_project(org, project)
            number = issue_id or world.new_id()
            issue = FakeIssue(
                id=number,
                org=org,
                project=project,
                short_id=f"{project.upper()}-{_suffix(int(number))}",
                title=title,
                level=level,
                status=status,
                first_seen=now,
                last_seen=now,
            )
            world.issues[number] = issue
            return issue

    def add_event(
        self,
        issue: str,
        *,
        event_id: str | None = None,
        tags: Tags | None = None,
        environment: str | None = "production",
        message: str = "",
        seen: float | None = None,
    ) -> FakeEvent:
        """Give an issue an event, which also carries the issue's level as a tag.

        Raises:
            KeyError: There is no such issue.
        """
        with self._lock:
            world, now = self._world, self.clock.time() if seen is None else seen
            known = world.issues[issue]
            given = pairs({"level": known.level, "environment": environment, **(tags or {})})
            event = FakeEvent(
                event_id or f"{int(world.new_id()):032x}", issue, known.title, message, now, given
            )
            world.events[event.id] = event
            world.issues[issue] = attrs.evolve(known, last_seen=max(known.last_seen, now))
            return event

    def event_alert(self, event: str, *, rule: str = "Send to the router") -> Record:
        """The body of the webhook that an alert rule sends about one of the events.

        The installation is the organization's first one, if it has any.

        Raises:
            KeyError: There is no such event.
        """
        with self._lock:
            known = self._world.events[event]
            issue = self._world.issues[known.issue]
            parts = EventParts(
                org=issue.org,
                project=issue.project,
                project_id=int(self._world.projects[issue.org, issue.project].id),
                issue=issue.id,
                event=event,
                title=known.title,
                level=issue.level,
                environment=known.tag("environment"),
                tags={key: [value for name, value in known.tags if name == key] for key, _ in known.tags},
                seen=known.created_at,
                base_url=self.public_origin + self._world.prefix,
            )
            for installation in self._world.installations.values():
                if installation.org == issue.org:
                    parts["installation"] = installation.uuid
                    break
            return sentry_event_alert(rule=rule, **parts)

    def add_release(self, org: str, version: str, *projects: str) -> FakeRelease:
        """Make a release, and its projects if they are new."""
        with self._lock:
            for slug in projects:
                if (org, slug) not in self._world.projects:
                    self.add_project(org, slug)
            made = FakeRelease(int(self._world.new_id()), org, version, projects, self.clock.time())
            self._world.releases[org, version] = made
            return made

    def add_team(self, org: str, slug: str, *projects: str) -> FakeTeam:
        """Make a team of some projects."""
        with self._lock:
            made = FakeTeam(self._world.new_id(), org, slug, projects)
            self._world.teams[made.id] = made
            return made

    def add_member(self, org: str, email: str, *, pending: bool = False) -> FakeMember:
        """Make a member, or invite one."""
        with self._lock:
            new_id = self._world.new_id
            made = FakeMember(new_id(), org, email, None if pending else new_id())
            self._world.members[made.id] = made
            return made

    def set_ownership(self, org: str, project: str, text: str) -> None:
        """Write the ownership rules of a project."""
        with self._lock:
            self._world.ownership[org, project] = text

    def rename_project(self, org: str, old: str, new: str) -> None:
        """Give a project another slug; the old one answers 302 from now on."""
        with self._lock:
            self._world.rename(org, old, new)

    def add_installation(
        self, org: str, *, app_slug: str = "asana-link", uuid: str | None = None, token: str | None = None
    ) -> FakeInstallation:
        """Install an integration in an organization; it may be called by its own token only."""
        with self._lock:
            number = self._world.new_id()
            made = FakeInstallation(
                uuid=uuid or f"00000000-0000-4000-8000-{number:0>12}",
                org=org,
                app_slug=app_slug,
                token=token or f"sntryi_{number:0>64}",
            )
            self._world.installations[made.uuid] = made
            return made

    def merge(self, into: str, *others: str) -> None:
        """Merge issues into one; the others' numbers answer with it from now on."""
        with self._lock:
            self._world.merge(into, others)

    def delete_issue(self, issue: str) -> None:
        """Delete an issue: 404 from now on."""
        with self._lock:
            del self._world.issues[issue]

    def issue(self, issue_id: str) -> FakeIssue:
        """The issue of that number.

        Raises:
            KeyError: There is none, or it was merged away.
        """
        with self._lock:
            return self._world.issues[issue_id]

    def release(self, org: str, version: str) -> FakeRelease:
        """The release of that version.

        Raises:
            KeyError: There is none.
        """
        with self._lock:
            return self._world.releases[org, version]

    def deploys(self, org: str, version: str) -> tuple[FakeDeploy, ...]:
        """The deploys of a release, oldest first."""
        with self._lock:
            known = self._world.deploys.values()
            return tuple(deploy for deploy in known if (deploy.org, deploy.version) == (org, version))

    def notes(self, issue: str) -> tuple[FakeNote, ...]:
        """The comments on an issue, oldest first."""
        with self._lock:
            return self._world.notes.get(issue, ())

    def external_issues(self, issue: str) -> tuple[FakeExternalIssue, ...]:
        """What an issue is linked to."""
        with self._lock:
            return tuple(self._world.links_of(self._world.issues[issue]))

    def refuse(self, fault: Fault) -> Response:
        """Answer with the fault's status as Sentry does; a 429 is JSON that calls itself HTML."""
        status, headers = fault.code or 500, fault.headers
        if fault.body is not None:
            return Response(status, headers, fault.body)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return too_many(1, fault.retry_after or 1, self.clock.time(), headers)
        if status == HTTPStatus.GONE:
            return as_json(status, {"message": "This API no longer exists."}, headers)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return as_json(status, {"detail": "Internal Error", "errorId": "0" * 32}, headers)
        if status in _DETAILS:
            return as_json(status, {"detail": _DETAILS[status]}, headers)
        return as_html(status, "Bad gateway", headers)

    def _route(self, ask: Ask, path: str) -> Response:
        if not path:
            return as_html(404, "Page not found")
        if self.token is not None and ask.token != self.token and not self._world.installation_of(ask.token):
            text = _DETAILS[401] if ask.token else "Authentication credentials were not provided."
            return as_json(401, {"detail": text})
        found = ROUTES.find(ask.call.method, path)
        if found is None:
            return as_json(404, {"detail": _DETAILS[404]})
        handler, params = found
        asked = attrs.evolve(ask, params=params)
        if self._limits is None:
            return handler(self._world, asked)
        who_and_what = (ask.token, handler)
        tightly = handler in (get_issue, put_issue)
        headers, refusal = self._limits.spend(who_and_what, self.clock.time(), tightly=tightly)
        if refusal is not None:
            return refusal
        try:
            response = handler(self._world, asked)
        except Refused as refused:
            response = refused.response
        return attrs.evolve(response, headers=(*response.headers, *headers))

    def _credentials(self, path: str) -> str | None:
        for known in self._world.installations.values():
            if f"/sentry-app-installations/{known.uuid}/" in path:
                return known.token
        return self.token


def _suffix(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
