"""The client of Sentry for asyncio: one line a call, over the flows that everybody shares."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self, TypeVar, overload

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
from sentry_governed.sentry import _async_resources as resources
from sentry_governed.sentry._asked import INTEGRATION, SERVICE, Asked
from sentry_governed.sentry._by_name import ActionResult, Preview, rehearse
from sentry_governed.sentry._by_name import call as by_name
from sentry_governed.sentry._changes import announced
from sentry_governed.sentry._config import SentryConfig
from sentry_governed.typing import AsyncSender, Authorizer

T = TypeVar("T")


class AsyncSentryClient:
    """`SentryClient` for asyncio; it belongs to the event loop that first uses it."""

    def __init__(self, config: SentryConfig, *, guard: Authorizer) -> None:
        self.config = config
        self._https: list[AsyncHttpSender] = []
        watch = Watch(announced, config.on_change)
        services = {SERVICE: AsyncService(self._sender(config.endpoint, watch), guard)}
        if config.integration_endpoint is not None:
            sender = self._sender(config.integration_endpoint, watch)
            services[INTEGRATION] = AsyncService(sender, guard)
        self.services: Mapping[str, AsyncService] = services
        desk = resources.AsyncDesk(self.run, config)
        self.events = resources.AsyncEvents(desk)
        self.external_issues = resources.AsyncExternalIssues(desk)
        self.issues = resources.AsyncIssues(desk)
        self.members = resources.AsyncMembers(desk)
        self.organizations = resources.AsyncOrganizations(desk)
        self.ownership = resources.AsyncOwnership(desk)
        self.projects = resources.AsyncProjects(desk)
        self.releases = resources.AsyncReleases(desk)
        self.shortids = resources.AsyncShortIds(desk)
        self.teams = resources.AsyncTeams(desk)

    def _sender(self, endpoint: Endpoint, watch: Watch) -> AsyncSender:
        if self.config.sender is not None:
            return AsyncWatchedSender(as_async_sender(self.config.sender), watch)
        http = AsyncHttpSender(endpoint)
        self._https.append(http)
        return AsyncRetryingSender(AsyncWatchedSender(http, watch), RetryPolicy(budget=self.config.patience))

    @overload
    async def call(
        self,
        action: str,
        params: Mapping[str, object],
        *,
        approval: str | None = None,
        dry_run: Literal[False] = False,
        deadline: float | None = None,
    ) -> ActionResult: ...

    @overload
    async def call(
        self,
        action: str,
        params: Mapping[str, object],
        *,
        approval: str | None = None,
        dry_run: Literal[True],
        deadline: float | None = None,
    ) -> Preview: ...

    @overload
    async def call(
        self,
        action: str,
        params: Mapping[str, object],
        *,
        approval: str | None = None,
        dry_run: bool,
        deadline: float | None = None,
    ) -> ActionResult | Preview: ...

    async def call(
        self,
        action: str,
        params: Mapping[str, object],
        *,
        approval: str | None = None,
        dry_run: bool = False,
        deadline: float | None = None,
    ) -> ActionResult | Preview:
        """See `SentryClient.call`."""
        asked = Asked.of(action, params, self.config.defaults(action))
        if dry_run:
            return await self.run(rehearse(asked), approval=approval, deadline=deadline)
        return await self.run(by_name(asked), approval=approval, deadline=deadline)

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
