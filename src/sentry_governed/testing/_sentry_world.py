"""The state of a fake Sentry, and how it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import attrs

from sentry_governed._values import Response
from sentry_governed.testing._sentry_values import (
    FakeEvent,
    FakeExternalIssue,
    FakeInstallation,
    FakeIssue,
    FakeNote,
    FakeOrg,
    FakeSentryProject,
)
from sentry_governed.testing._wire import Ask, Record, Refused, as_json
from sentry_governed.typing import Clock, JsonValue

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
    releases: set[tuple[str, str]] = attrs.field(factory=set[tuple[str, str]])
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
        name = ask["project"]
        for project in self.projects_of(self.org(ask)):
            if name in (project.slug, project.id):
                return project
        raise missing()

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
