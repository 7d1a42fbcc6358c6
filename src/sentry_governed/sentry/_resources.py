"""The actions by resource, for threads: a line each, over the flow that all share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar, Unpack

import attrs

from sentry_governed._http import Flow
from sentry_governed.sentry import _options as o
from sentry_governed.sentry._asked import Asked
from sentry_governed.sentry._calls import Link
from sentry_governed.sentry._config import SentryConfig
from sentry_governed.sentry._models import (
    Changes,
    Event,
    EventPlace,
    ExternalIssue,
    Issue,
    IssueTag,
    Note,
    Page,
    ShortId,
)
from sentry_governed.sentry._organizations import (
    Deploy,
    Member,
    Organization,
    OwnershipRules,
    Project,
    Release,
    Team,
)
from sentry_governed.sentry._pager import Pager
from sentry_governed.sentry._perform import perform

T = TypeVar("T")
M = TypeVar("M")


class Runner(Protocol):
    """Drives a flow under the client's authorizer."""

    def __call__(self, flow: Flow[T], *, approval: str | None = None) -> T:
        """Drive it."""
        ...


@attrs.frozen
class Desk:
    """Where the methods hand in what they are asked."""

    run: Runner
    config: SentryConfig

    def several(
        self, model: type[M], action: str, values: Mapping[str, object], approval: str | None = None
    ) -> tuple[M, ...]:
        asked = Asked.of(action, values, self.config.defaults(action))
        answer = self.run(perform(asked, model), approval=approval)
        return answer.items

    def one(
        self, model: type[M], action: str, values: Mapping[str, object], approval: str | None = None
    ) -> M:
        return (self.several(model, action, values, approval))[0]

    def pages(
        self, model: type[M], action: str, values: Mapping[str, object], max_items: int | None
    ) -> Pager[M]:
        asked = Asked.of(action, values, self.config.defaults(action))

        def fetch(cursor: str | None) -> Page[M]:
            following = asked if cursor is None else asked.having(cursor=cursor)
            answer = self.run(perform(following, model))
            return answer.page

        return Pager(fetch, action, max_items=max_items)


class Organizations:
    """The actions on organizations."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list(
        self, *, max_items: int | None = None, **options: Unpack[o.OrganizationSearch]
    ) -> Pager[Organization]:
        """List the organizations that the token sees, in the region that is asked."""
        return self._desk.pages(Organization, "organizations.list", {**options}, max_items)

    def get(self, **options: Unpack[o.InOrg]) -> Organization:
        """Read an organization."""
        return self._desk.one(Organization, "organizations.get", {**options})


class Projects:
    """The actions on projects."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.NameSearch]) -> Pager[Project]:
        """List the projects of an organization."""
        return self._desk.pages(Project, "projects.list", {**options}, max_items)

    def get(self, project: str, **options: Unpack[o.InOrg]) -> Project:
        """Read a project.

        Raises:
            ProjectMoved: It has another slug now.
        """
        return self._desk.one(Project, "projects.get", {"project": project, **options})


class Issues:
    """The actions on issues, which are named by their numeric or short ids."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.IssueSearch]) -> Pager[Issue]:
        """List the issues of an organization; those of projects that policy denies are left out."""
        return self._desk.pages(Issue, "issues.list", {**options}, max_items)

    def get(self, issue_id: str, **options: Unpack[o.IssueRead]) -> Issue:
        """Read an issue."""
        return self._desk.one(Issue, "issues.get", {"issue_id": issue_id, **options})

    def tags(self, issue_id: str, **options: Unpack[o.TagRead]) -> tuple[IssueTag, ...]:
        """Read the tags of an issue, or the most frequent values of the tag `key`."""
        return self._desk.several(IssueTag, "issues.tags", {"issue_id": issue_id, **options})

    def update(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.IssueUpdate]
    ) -> Issue:
        """Change fields of an issue."""
        return self._desk.one(Issue, "issues.update", {"issue_id": issue_id, **options}, approval)

    def update_many(
        self, issue_ids: Sequence[str], *, approval: str | None = None, **options: Unpack[o.IssuesUpdate]
    ) -> Changes:
        """Change fields of several issues, each named by its numeric id; all of them or none."""
        return self._desk.one(Changes, "issues.update_many", {"issue_ids": issue_ids, **options}, approval)

    def resolve(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.IssueResolve]
    ) -> Issue:
        """Resolve an issue."""
        return self._desk.one(Issue, "issues.resolve", {"issue_id": issue_id, **options}, approval)

    def unresolve(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.InProject]
    ) -> Issue:
        """Reopen an issue."""
        return self._desk.one(Issue, "issues.unresolve", {"issue_id": issue_id, **options}, approval)

    def ignore(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.IssueArchive]
    ) -> Issue:
        """Archive an issue, for ever or until a condition is met."""
        return self._desk.one(Issue, "issues.ignore", {"issue_id": issue_id, **options}, approval)

    def mute(self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.IssueArchive]) -> Issue:
        """Archive an issue, under its older name."""
        return self._desk.one(Issue, "issues.mute", {"issue_id": issue_id, **options}, approval)

    def unmute(self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.InProject]) -> Issue:
        """Reopen an issue, under its older name."""
        return self._desk.one(Issue, "issues.unmute", {"issue_id": issue_id, **options}, approval)

    def assign(
        self, issue_id: str, assigned_to: str, *, approval: str | None = None, **options: Unpack[o.InProject]
    ) -> Issue:
        """Assign an issue to `user:<id>`, `team:<id>`, a user name or an e-mail; empty unassigns."""
        return self._desk.one(
            Issue, "issues.assign", {"issue_id": issue_id, "assigned_to": assigned_to, **options}, approval
        )

    def comment(
        self, issue_id: str, text: str, *, approval: str | None = None, **options: Unpack[o.InProject]
    ) -> Note:
        """Comment on an issue; `Note.existed` says that the same text was there already."""
        return self._desk.one(
            Note, "issues.comment", {"issue_id": issue_id, "text": text, **options}, approval
        )


class Events:
    """The actions on events."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.EventSearch]) -> Pager[Event]:
        """List the events of an issue, or of a project."""
        return self._desk.pages(Event, "events.list", {**options}, max_items)

    def latest(self, issue_id: str, **options: Unpack[o.OfEnvironments]) -> Event:
        """Read the latest event of an issue."""
        return self._desk.one(Event, "events.latest", {"issue_id": issue_id, **options})

    def resolve(self, event_id: str, **options: Unpack[o.InOrg]) -> EventPlace:
        """Find the project and issue that an event belongs to."""
        return self._desk.one(EventPlace, "events.resolve", {"event_id": event_id, **options})


class ExternalIssues:
    """The actions on links from issues to elsewhere; writes need the configured integration."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list(self, issue_id: str, **options: Unpack[o.InProject]) -> tuple[ExternalIssue, ...]:
        """List what an issue is linked to."""
        return self._desk.several(ExternalIssue, "external_issues.list", {"issue_id": issue_id, **options})

    def create(
        self, issue_id: str, target: Link, *, approval: str | None = None, **options: Unpack[o.InProject]
    ) -> ExternalIssue:
        """Link an issue, as the configured integration; another link of it is replaced."""
        return self._desk.one(
            ExternalIssue,
            "external_issues.create",
            {"issue_id": issue_id, **target.values, **options},
            approval,
        )

    def delete(
        self,
        issue_id: str,
        external_issue_id: str,
        *,
        approval: str | None = None,
        **options: Unpack[o.InProject],
    ) -> None:
        """Remove a link of an issue."""
        self._desk.several(
            ExternalIssue,
            "external_issues.delete",
            {"issue_id": issue_id, "external_issue_id": external_issue_id, **options},
            approval,
        )


class Deploys:
    """The actions on deploys of releases."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list(
        self, version: str, *, max_items: int | None = None, **options: Unpack[o.DeployList]
    ) -> Pager[Deploy]:
        """List the deploys of a release."""
        return self._desk.pages(Deploy, "releases.deploys.list", {"version": version, **options}, max_items)

    def create(
        self,
        version: str,
        environment: str,
        *,
        approval: str | None = None,
        **options: Unpack[o.DeployCreate],
    ) -> Deploy:
        """Record that a release was deployed; doing it twice makes two deploys."""
        return self._desk.one(
            Deploy,
            "releases.deploys.create",
            {"version": version, "environment": environment, **options},
            approval,
        )


class Releases:
    """The actions on releases; one that spans several projects needs all of them allowed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.deploys = Deploys(desk)

    def list(self, *, max_items: int | None = None, **options: Unpack[o.ReleaseSearch]) -> Pager[Release]:
        """List the releases of an organization."""
        return self._desk.pages(Release, "releases.list", {**options}, max_items)

    def get(self, version: str, **options: Unpack[o.ReleaseRead]) -> Release:
        """Read a release."""
        return self._desk.one(Release, "releases.get", {"version": version, **options})

    def create(
        self,
        version: str,
        projects: str | Sequence[str],
        *,
        approval: str | None = None,
        **options: Unpack[o.ReleaseCreate],
    ) -> Release:
        """Create a release, or add projects to it when it is already there."""
        return self._desk.one(
            Release, "releases.create", {"version": version, "projects": projects, **options}, approval
        )

    def update(
        self, version: str, *, approval: str | None = None, **options: Unpack[o.ReleaseFields]
    ) -> Release:
        """Change fields of a release."""
        return self._desk.one(Release, "releases.update", {"version": version, **options}, approval)


class Teams:
    """The actions on teams."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.TeamSearch]) -> Pager[Team]:
        """List the teams of an organization, each with those of its projects that policy allows."""
        return self._desk.pages(Team, "teams.list", {**options}, max_items)


class Members:
    """The actions on members."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.MemberSearch]) -> Pager[Member]:
        """List the members of an organization, pending invitations included."""
        return self._desk.pages(Member, "members.list", {**options}, max_items)


class Ownership:
    """The actions on ownership rules."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def get(self, project: str, **options: Unpack[o.InOrg]) -> OwnershipRules:
        """Read the ownership rules of a project."""
        return self._desk.one(OwnershipRules, "ownership.get", {"project": project, **options})


class ShortIds:
    """The actions on short ids."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def resolve(self, short_id: str, **options: Unpack[o.InOrg]) -> ShortId:
        """Find the issue that has a short id, in any of its spellings."""
        return self._desk.one(ShortId, "shortids.resolve", {"short_id": short_id, **options})
