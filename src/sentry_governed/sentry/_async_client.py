"""The client of Sentry for asyncio: one line a call, over the flows that everybody shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

from sentry_governed._http import (
    AsyncHttpSender,
    AsyncRetryingSender,
    AsyncService,
    Endpoint,
    Flow,
    RetryPolicy,
    arun,
)
from sentry_governed._http.changes import AsyncWatchedSender, Watch
from sentry_governed._http.parts import as_async_sender
from sentry_governed.sentry import _calls as calls
from sentry_governed.sentry._calls import IssueSearch, Link
from sentry_governed.sentry._changes import announced
from sentry_governed.sentry._config import SentryConfig, several
from sentry_governed.sentry._models import Event, ExternalIssue, Issue, Note, Page
from sentry_governed.sentry._pager import AsyncPager
from sentry_governed.typing import AsyncSender, Authorizer

T = TypeVar("T")


class AsyncRunner(Protocol):
    """`Runner` for asyncio."""

    async def __call__(self, flow: Flow[T], *, approval: str | None = None) -> T:
        """See `Runner.__call__`."""
        ...


class AsyncIssues:
    """`Issues` for asyncio."""

    def __init__(self, run: AsyncRunner, config: SentryConfig) -> None:
        self._run = run
        self._config = config

    async def get(self, issue_id: str, *, org: str | None = None) -> Issue:
        """See `Issues.get`."""
        return await self._run(calls.get_issue(self._config.org_for(org), issue_id))

    def list(
        self,
        *,
        org: str | None = None,
        project: str | Sequence[str] = (),
        query: str | None = None,
        environment: str | Sequence[str] = (),
        stats_period: str | None = None,
        max_items: int | None = None,
    ) -> AsyncPager[Issue]:
        """See `Issues.list`."""
        chosen = self._config.org_for(org)
        search = IssueSearch(
            projects=several(project),
            query=query,
            environments=several(environment),
            stats_period=stats_period,
        )

        async def fetch(cursor: str | None) -> Page[Issue]:
            return await self._run(calls.list_issues(chosen, search, cursor))

        return AsyncPager(fetch, "issues.list", max_items=max_items)

    async def comment(
        self, issue_id: str, text: str, *, org: str | None = None, approval: str | None = None
    ) -> Note:
        """See `Issues.comment`."""
        flow = calls.comment_on(self._config.org_for(org), issue_id, text)
        return await self._run(flow, approval=approval)


class AsyncEvents:
    """`Events` for asyncio."""

    def __init__(self, run: AsyncRunner, config: SentryConfig) -> None:
        self._run = run
        self._config = config

    async def latest(self, issue_id: str, *, org: str | None = None) -> Event:
        """See `Events.latest`."""
        return await self._run(calls.latest_event_of(self._config.org_for(org), issue_id))


class AsyncExternalIssues:
    """`ExternalIssues` for asyncio."""

    def __init__(self, run: AsyncRunner, config: SentryConfig) -> None:
        self._run = run
        self._config = config

    async def list(self, issue_id: str, *, org: str | None = None) -> tuple[ExternalIssue, ...]:
        """See `ExternalIssues.list`."""
        return await self._run(calls.list_links_of(self._config.org_for(org), issue_id))

    async def create(
        self, issue_id: str, target: Link, *, org: str | None = None, approval: str | None = None
    ) -> ExternalIssue:
        """See `ExternalIssues.create`."""
        flow = calls.link_to(self._config.installation, self._config.org_for(org), issue_id, target)
        return await self._run(flow, approval=approval)


class AsyncSentryClient:
    """`SentryClient` for asyncio; it belongs to the event loop that first uses it."""

    def __init__(self, config: SentryConfig, *, guard: Authorizer) -> None:
        self.config = config
        self._https: list[AsyncHttpSender] = []
        watch = Watch(announced, config.on_change)
        services = {calls.SERVICE: AsyncService(self._sender(config.endpoint, watch), guard)}
        if config.integration_endpoint is not None:
            sender = self._sender(config.integration_endpoint, watch)
            services[calls.INTEGRATION] = AsyncService(sender, guard)
        self.services: Mapping[str, AsyncService] = services
        self.issues = AsyncIssues(self.run, config)
        self.events = AsyncEvents(self.run, config)
        self.external_issues = AsyncExternalIssues(self.run, config)

    def _sender(self, endpoint: Endpoint, watch: Watch) -> AsyncSender:
        if self.config.sender is not None:
            return AsyncWatchedSender(as_async_sender(self.config.sender), watch)
        http = AsyncHttpSender(endpoint)
        self._https.append(http)
        return AsyncRetryingSender(AsyncWatchedSender(http, watch), RetryPolicy(budget=self.config.patience))

    async def run(self, flow: Flow[T], *, approval: str | None = None, deadline: float | None = None) -> T:
        """See `SentryClient.run`."""
        return await arun(flow, self.services, approval=approval, deadline=deadline)

    async def aclose(self) -> None:
        """See `SentryClient.close`."""
        for http in self._https:
            await http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
