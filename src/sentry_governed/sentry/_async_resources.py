"""The actions by resource, for asyncio: a line each, over the flow that all share."""

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
from sentry_governed.sentry._pager import AsyncPager
from sentry_governed.sentry._perform import perform

T = TypeVar("T")
M = TypeVar("M")


class AsyncRunner(Protocol):
    """`Runner` for asyncio."""

    async def __call__(self, flow: Flow[T], *, approval: str | None = None) -> T:
        """See `Runner.__call__`."""
        ...


@attrs.frozen
class AsyncDesk:
    """Where the methods hand in what they are asked."""

    run: AsyncRunner
    config: SentryConfig

    async def several(
        self, model: type[M], action: str, values: Mapping[str, object], approval: str | None = None
    ) -> tuple[M, ...]:
        asked = Asked.of(action, values, self.config.defaults(action))
        answer = await self.run(perform(asked, model), approval=approval)
        return answer.items

    async def one(
        self, model: type[M], action: str, values: Mapping[str, object], approval: str | None = None
    ) -> M:
        return (await self.several(model, action, values, approval))[0]

    def pages(
        self, model: type[M], action: str, values: Mapping[str, object], max_items: int | None
    ) -> AsyncPager[M]:
        asked = Asked.of(action, values, self.config.defaults(action))

        async def fetch(cursor: str | None) -> Page[M]:
            following = asked if cursor is None else asked.having(cursor=cursor)
            answer = await self.run(perform(following, model))
            return answer.page

        return AsyncPager(fetch, action, max_items=max_items)


class AsyncOrganizations:
    """`Organizations` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    def list(
        self, *, max_items: int | None = None, **options: Unpack[o.OrganizationSearch]
    ) -> AsyncPager[Organization]:
        """See `Organizations.list`."""
        return self._desk.pages(Organization, "organizations.list", {**options}, max_items)

    async def get(self, **options: Unpack[o.InOrg]) -> Organization:
        """See `Organizations.get`."""
        return await self._desk.one(Organization, "organizations.get", {**options})


class AsyncProjects:
    """`Projects` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.NameSearch]) -> AsyncPager[Project]:
        """See `Projects.list`."""
        return self._desk.pages(Project, "projects.list", {**options}, max_items)

    async def get(self, project: str, **options: Unpack[o.InOrg]) -> Project:
        """See `Projects.get`."""
        return await self._desk.one(Project, "projects.get", {"project": project, **options})


class AsyncIssues:
    """`Issues` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.IssueSearch]) -> AsyncPager[Issue]:
        """See `Issues.list`."""
        return self._desk.pages(Issue, "issues.list", {**options}, max_items)

    async def get(self, issue_id: str, **options: Unpack[o.IssueRead]) -> Issue:
        """See `Issues.get`."""
        return await self._desk.one(Issue, "issues.get", {"issue_id": issue_id, **options})

    async def tags(self, issue_id: str, **options: Unpack[o.TagRead]) -> tuple[IssueTag, ...]:
        """See `Issues.tags`."""
        return await self._desk.several(IssueTag, "issues.tags", {"issue_id": issue_id, **options})

    async def update(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.IssueUpdate]
    ) -> Issue:
        """See `Issues.update`."""
        return await self._desk.one(Issue, "issues.update", {"issue_id": issue_id, **options}, approval)

    async def update_many(
        self, issue_ids: Sequence[str], *, approval: str | None = None, **options: Unpack[o.IssuesUpdate]
    ) -> Changes:
        """See `Issues.update_many`."""
        return await self._desk.one(
            Changes, "issues.update_many", {"issue_ids": issue_ids, **options}, approval
        )

    async def resolve(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.IssueResolve]
    ) -> Issue:
        """See `Issues.resolve`."""
        return await self._desk.one(Issue, "issues.resolve", {"issue_id": issue_id, **options}, approval)

    async def unresolve(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.InProject]
    ) -> Issue:
        """See `Issues.unresolve`."""
        return await self._desk.one(Issue, "issues.unresolve", {"issue_id": issue_id, **options}, approval)

    async def ignore(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.IssueArchive]
    ) -> Issue:
        """See `Issues.ignore`."""
        return await self._desk.one(Issue, "issues.ignore", {"issue_id": issue_id, **options}, approval)

    async def mute(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.IssueArchive]
    ) -> Issue:
        """See `Issues.mute`."""
        return await self._desk.one(Issue, "issues.mute", {"issue_id": issue_id, **options}, approval)

    async def unmute(
        self, issue_id: str, *, approval: str | None = None, **options: Unpack[o.InProject]
    ) -> Issue:
        """See `Issues.unmute`."""
        return await self._desk.one(Issue, "issues.unmute", {"issue_id": issue_id, **options}, approval)

    async def assign(
        self, issue_id: str, assigned_to: str, *, approval: str | None = None, **options: Unpack[o.InProject]
    ) -> Issue:
        """See `Issues.assign`."""
        return await self._desk.one(
            Issue, "issues.assign", {"issue_id": issue_id, "assigned_to": assigned_to, **options}, approval
        )

    async def comment(
        self, issue_id: str, text: str, *, approval: str | None = None, **options: Unpack[o.InProject]
    ) -> Note:
        """See `Issues.comment`."""
        return await self._desk.one(
            Note, "issues.comment", {"issue_id": issue_id, "text": text, **options}, approval
        )


class AsyncEvents:
    """`Events` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.EventSearch]) -> AsyncPager[Event]:
        """See `Events.list`."""
        return self._desk.pages(Event, "events.list", {**options}, max_items)

    async def latest(self, issue_id: str, **options: Unpack[o.OfEnvironments]) -> Event:
        """See `Events.latest`."""
        return await self._desk.one(Event, "events.latest", {"issue_id": issue_id, **options})

    async def resolve(self, event_id: str, **options: Unpack[o.InOrg]) -> EventPlace:
        """See `Events.resolve`."""
        return await self._desk.one(EventPlace, "events.resolve", {"event_id": event_id, **options})


class AsyncExternalIssues:
    """`ExternalIssues` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    async def list(self, issue_id: str, **options: Unpack[o.InProject]) -> tuple[ExternalIssue, ...]:
        """See `ExternalIssues.list`."""
        return await self._desk.several(
            ExternalIssue, "external_issues.list", {"issue_id": issue_id, **options}
        )

    async def create(
        self, issue_id: str, target: Link, *, approval: str | None = None, **options: Unpack[o.InProject]
    ) -> ExternalIssue:
        """See `ExternalIssues.create`."""
        return await self._desk.one(
            ExternalIssue,
            "external_issues.create",
            {"issue_id": issue_id, **target.values, **options},
            approval,
        )

    async def delete(
        self,
        issue_id: str,
        external_issue_id: str,
        *,
        approval: str | None = None,
        **options: Unpack[o.InProject],
    ) -> None:
        """See `ExternalIssues.delete`."""
        await self._desk.several(
            ExternalIssue,
            "external_issues.delete",
            {"issue_id": issue_id, "external_issue_id": external_issue_id, **options},
            approval,
        )


class AsyncDeploys:
    """`Deploys` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    def list(
        self, version: str, *, max_items: int | None = None, **options: Unpack[o.DeployList]
    ) -> AsyncPager[Deploy]:
        """See `Deploys.list`."""
        return self._desk.pages(Deploy, "releases.deploys.list", {"version": version, **options}, max_items)

    async def create(
        self,
        version: str,
        environment: str,
        *,
        approval: str | None = None,
        **options: Unpack[o.DeployCreate],
    ) -> Deploy:
        """See `Deploys.create`."""
        return await self._desk.one(
            Deploy,
            "releases.deploys.create",
            {"version": version, "environment": environment, **options},
            approval,
        )


class AsyncReleases:
    """`Releases` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk
        self.deploys = AsyncDeploys(desk)

    def list(
        self, *, max_items: int | None = None, **options: Unpack[o.ReleaseSearch]
    ) -> AsyncPager[Release]:
        """See `Releases.list`."""
        return self._desk.pages(Release, "releases.list", {**options}, max_items)

    async def get(self, version: str, **options: Unpack[o.ReleaseRead]) -> Release:
        """See `Releases.get`."""
        return await self._desk.one(Release, "releases.get", {"version": version, **options})

    async def create(
        self,
        version: str,
        projects: str | Sequence[str],
        *,
        approval: str | None = None,
        **options: Unpack[o.ReleaseCreate],
    ) -> Release:
        """See `Releases.create`."""
        return await self._desk.one(
            Release, "releases.create", {"version": version, "projects": projects, **options}, approval
        )

    async def update(
        self, version: str, *, approval: str | None = None, **options: Unpack[o.ReleaseFields]
    ) -> Release:
        """See `Releases.update`."""
        return await self._desk.one(Release, "releases.update", {"version": version, **options}, approval)


class AsyncTeams:
    """`Teams` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.TeamSearch]) -> AsyncPager[Team]:
        """See `Teams.list`."""
        return self._desk.pages(Team, "teams.list", {**options}, max_items)


class AsyncMembers:
    """`Members` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    def list(self, *, max_items: int | None = None, **options: Unpack[o.MemberSearch]) -> AsyncPager[Member]:
        """See `Members.list`."""
        return self._desk.pages(Member, "members.list", {**options}, max_items)


class AsyncOwnership:
    """`Ownership` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    async def get(self, project: str, **options: Unpack[o.InOrg]) -> OwnershipRules:
        """See `Ownership.get`."""
        return await self._desk.one(OwnershipRules, "ownership.get", {"project": project, **options})


class AsyncShortIds:
    """`ShortIds` for asyncio."""

    def __init__(self, desk: AsyncDesk) -> None:
        self._desk = desk

    async def resolve(self, short_id: str, **options: Unpack[o.InOrg]) -> ShortId:
        """See `ShortIds.resolve`."""
        return await self._desk.one(ShortId, "shortids.resolve", {"short_id": short_id, **options})
