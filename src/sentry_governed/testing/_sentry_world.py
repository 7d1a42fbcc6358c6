"""The state of a fake Sentry, and how it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import attrs

from sentry_governed._values import Response
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
from sentry_governed.testing._wire import Ask, Record, Refused, as_json
from sentry_governed.typing import Clock, JsonValue

_SHORT_ID = re.compile(r"(.+)[-_ ]([0-9a-z]+)")
_AMBIGUOUS = str.maketrans("oil", "011")
NO_PERMISSION = "You do not have permission to perform this action."


def detail(status: int, text: str) -> Refused:
    """An error to raise, in the framework's usual shape."""
    return Refused(as_json(status, {"detail": text}))


def missing() -> Refused:
    """What is answered for whatever is absent or hidden."""
    return detail(404, "The requested resource does not exist")


def field_errors(**messages: str) -> Refused:
    """A serializer's refusal, by field."""
    fields: dict[str, JsonValue] = {name: [message] for name, message in messages.items()}
    return Refused(as_json(400, fields))


def empty(status: int) -> Refused:
    """A refusal without a body."""
    return Refused(Response(status))


def body_of(ask: Ask) -> Mapping[str, JsonValue]:
    """The JSON object that a call brings."""
    try:
        body = ask.call.json()
    except ValueError as problem:
        raise detail(400, f"JSON parse error - {problem}") from None
    if not isinstance(body, Mapping):
        raise field_errors(nonFieldErrors="Invalid data. Expected a dictionary.")
    return body


def _moved(ask: Ask, old: str, new: str) -> Refused:
    """What a project's old slug is answered with."""
    url = ask.call.path.replace(f"/{old}/", f"/{new}/", 1)
    body: Record = {"slug": new, "detail": {"extra": {"url": url, "slug": new}}}
    return Refused(as_json(302, body, (("location", url),)))


def plain_short_id(text: str) -> tuple[str, str]:
    """What all spellings of a short id have in common: its slug, and its number without ambiguous digits."""
    plain = text.strip().lower().removeprefix("issue:").strip()
    found = _SHORT_ID.fullmatch(plain)
    if found is None:
        return plain, ""
    return found[1], found[2].translate(_AMBIGUOUS).lstrip("0")


@attrs.define
class World:
    """Everything that a fake Sentry knows."""

    clock: Clock
    prefix: str
    relink: Literal["update", "refuse"]
    orgs: dict[str, FakeOrg] = attrs.field(factory=dict[str, FakeOrg])
    projects: dict[tuple[str, str], FakeSentryProject] = attrs.field(
        factory=dict[tuple[str, str], FakeSentryProject]
    )
    issues: dict[str, FakeIssue] = attrs.field(factory=dict[str, FakeIssue])
    merged: dict[str, str] = attrs.field(factory=dict[str, str])
    events: dict[str, FakeEvent] = attrs.field(factory=dict[str, FakeEvent])
    moved: dict[tuple[str, str], str] = attrs.field(factory=dict[tuple[str, str], str])
    releases: dict[tuple[str, str], FakeRelease] = attrs.field(factory=dict[tuple[str, str], FakeRelease])
    deploys: dict[str, FakeDeploy] = attrs.field(factory=dict[str, FakeDeploy])
    teams: dict[str, FakeTeam] = attrs.field(factory=dict[str, FakeTeam])
    members: dict[str, FakeMember] = attrs.field(factory=dict[str, FakeMember])
    ownership: dict[tuple[str, str], str] = attrs.field(factory=dict[tuple[str, str], str])
    notes: dict[str, tuple[FakeNote, ...]] = attrs.field(factory=dict[str, tuple[FakeNote, ...]])
    installations: dict[str, FakeInstallation] = attrs.field(factory=dict[str, FakeInstallation])
    links: dict[str, FakeExternalIssue] = attrs.field(factory=dict[str, FakeExternalIssue])
    last_id: int = 4_500_000_000

    def new_id(self) -> str:
        """An id that nothing has yet."""
        self.last_id += 1
        return str(self.last_id)

    def web(self, ask: Ask) -> str:
        """The base of links for people."""
        return ask.origin + self.prefix

    def org(self, ask: Ask) -> FakeOrg:
        """The organization that the path names by slug or id, if the caller may see it."""
        name = ask["org"]
        found = next((org for org in self.orgs.values() if name in (org.slug, org.id)), None)
        if found is None:
            raise missing()
        bound = self.installation_of(ask.token)
        if bound is not None and bound.org != found.slug:
            raise detail(403, NO_PERMISSION)
        return found

    def projects_of(self, org: FakeOrg) -> list[FakeSentryProject]:
        """An organization's projects."""
        return [project for project in self.projects.values() if project.org == org.slug]

    def project(self, ask: Ask) -> FakeSentryProject:
        """The project that the path names by slug or id."""
        name, org = ask["project"], self.org(ask)
        found = self.named_project(org.slug, name)
        if found is not None:
            return found
        new = self.moved.get((org.slug, name))
        raise missing() if new is None else _moved(ask, name, new)

    def named_project(self, org: str, name: JsonValue) -> FakeSentryProject | None:
        """An organization's project of that slug or id."""
        known = (project for project in self.projects.values() if project.org == org)
        return next((project for project in known if str(name) in (project.slug, project.id)), None)

    def rename(self, org: str, old: str, new: str) -> None:
        """Give a project another slug; short ids keep the one they were made with."""
        project = attrs.evolve(self.projects.pop((org, old)), slug=new)
        self.projects[org, new] = project
        self.moved[org, old] = new
        for issue in [issue for issue in self.issues.values() if (issue.org, issue.project) == (org, old)]:
            self.issues[issue.id] = attrs.evolve(issue, project=new)

    def short_id(self, org: str, text: str) -> FakeIssue | None:
        """The issue of a short id in any of its spellings."""
        wanted = plain_short_id(text)
        known = (issue for issue in self.issues.values() if issue.org == org)
        return next((issue for issue in known if plain_short_id(issue.short_id) == wanted), None)

    def release(self, ask: Ask) -> FakeRelease:
        """The release that the path names."""
        found = self.releases.get((self.org(ask).slug, ask["version"]))
        if found is None:
            raise missing()
        return found

    def release_record(self, release: FakeRelease) -> Record:
        """A release as JSON."""
        projects = [self.projects[release.org, slug] for slug in release.projects]
        deploys = [known for known in self.deploys.values() if known.version == release.version]
        return release.record(projects, len(deploys))

    def issue(self, ask: Ask) -> FakeIssue:
        """The issue that the path names; a merged one is answered by what it was merged into."""
        found = self.issue_in(self.org(ask).slug, ask["issue"])
        if found is None:
            raise missing()
        return found

    def issue_in(self, org: str, number: str) -> FakeIssue | None:
        """The issue of that number, or what it was merged into, unless it is another organization's."""
        while number in self.merged:
            number = self.merged[number]
        issue = self.issues.get(number)
        return issue if issue is not None and issue.org == org else None

    def events_of(self, issue: FakeIssue) -> list[FakeEvent]:
        """An issue's events, oldest first."""
        found = [event for event in self.events.values() if event.issue == issue.id]
        return sorted(found, key=lambda event: event.created_at)

    def links_of(self, issue: FakeIssue) -> list[FakeExternalIssue]:
        """What an issue is linked to."""
        return [link for link in self.links.values() if link.issue == issue.id]

    def installation_of(self, token: str | None) -> FakeInstallation | None:
        """The installation whose own token this is."""
        return next((known for known in self.installations.values() if known.token == token), None)

    def record(self, issue: FakeIssue, ask: Ask) -> Record:
        """An issue as JSON."""
        project = self.projects[issue.org, issue.project]
        counts: Record = {
            "count": str(len(self.events_of(issue))),
            "numComments": len(self.notes.get(issue.id, ())),
        }
        return issue.record(project, self.web(ask), counts)

    def merge(self, into: str, others: Iterable[str]) -> None:
        """Merge issues: their numbers go on answering, as the one that stays."""
        for number in others:
            del self.issues[number]
            self.merged[number] = into
            for event in [event for event in self.events.values() if event.issue == number]:
                self.events[event.id] = attrs.evolve(event, issue=into)
