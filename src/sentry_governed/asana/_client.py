"""The clients of Asana: one line a call, over the flows that everybody shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self, TypeVar

import attrs

from sentry_governed._http import (
    AsyncHttpSender,
    AsyncRetryingSender,
    AsyncService,
    Endpoint,
    Flow,
    HttpSender,
    RetryingSender,
    RetryPolicy,
    Service,
    arun,
    bearer,
    run,
)
from sentry_governed._http.changes import AsyncWatchedSender, OnChange, Watch, WatchedSender, log_change
from sentry_governed._http.parts import Unjudged, as_async_sender, as_sender
from sentry_governed._secret import Secret
from sentry_governed.asana import _calls as calls
from sentry_governed.asana._changes import announced
from sentry_governed.asana._checks import Named, check_within
from sentry_governed.asana._draft import TaskDraft
from sentry_governed.asana._models import Project, ProjectField, Story, Task
from sentry_governed.asana._pacing import AsyncPacedSender, Pace, PacedSender, pace_of
from sentry_governed.asana._placement import PortfolioItem
from sentry_governed.typing import AsyncSender, Sender

T = TypeVar("T")


def _check_places(_owner: object, field: Named, value: int) -> None:
    check_within(field.name, value, 1, 1000)


def _endpoint(config: AsanaConfig) -> Endpoint:
    headers = (("Asana-Enable", ",".join(config.enable)), ("Asana-Disable", ",".join(config.disable)))
    return Endpoint(
        base_url=config.base_url,
        credentials=(bearer(config.token),),
        headers=tuple(pair for pair in headers if pair[1]),
        timeout=config.timeout,
        allow_http=config.allow_http,
        trust_env=config.trust_env,
    )


@attrs.frozen(kw_only=True)
class AsanaConfig:
    """How Asana is reached.

    Attributes:
        token: A personal access token, or that of a service account.
        base_url: Where Asana is.
        allow_http: Whether the token may travel in clear text, as to a fake.
        trust_env: Whether the environment may name a proxy and certificates.
        timeout: Seconds that one attempt of a request may take.
        patience: Seconds that a request may take with its waits and further attempts.
        max_writes: The most writes in flight with this token, in the whole process.
        max_reads: The most reads, likewise.
        enable: Names of announced changes to have now (`Asana-Enable`).
        disable: Names of changes to put off (`Asana-Disable`).
        on_change: Told each change that Asana announces, once; a warning is logged otherwise.
        sender: Sends instead of HTTP, as it is: without pacing and without further attempts.

    Raises:
        ConfigError: A value cannot be used.
    """

    token: Secret
    base_url: str = attrs.field(default="https://app.asana.com", repr=False)
    allow_http: bool = False
    trust_env: bool = False
    timeout: float = 30.0
    patience: float = 60.0
    max_writes: int = attrs.field(default=15, validator=_check_places)
    max_reads: int = attrs.field(default=50, validator=_check_places)
    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    on_change: OnChange = attrs.field(default=log_change, repr=False)
    sender: Sender | AsyncSender | None = attrs.field(default=None, repr=False)
    endpoint: Endpoint = attrs.field(
        init=False, repr=False, default=attrs.Factory(_endpoint, takes_self=True)
    )

    @property
    def pace(self) -> Pace:
        """What everybody with this token shares."""
        return pace_of(self.token, self.base_url, reads=self.max_reads, writes=self.max_writes)


class AsanaClient:
    """Asana, for threads.

    Every method raises `ApiError` when Asana says no, by kind, and `TransportError` when there is no whole
    answer. `create` raises `CreateUncertain` when the task's fate is unknown.

    Attributes:
        config: How it was made.
        services: For a driver of one's own: the sender under the name `asana`.
    """

    def __init__(self, config: AsanaConfig) -> None:
        self.config = config
        self._http: HttpSender | None = None
        watch = Watch(announced, config.on_change)
        if config.sender is None:
            self._http = HttpSender(config.endpoint)
            paced = PacedSender(WatchedSender(self._http, watch), config.pace)
            sender: Sender = RetryingSender(paced, RetryPolicy(budget=config.patience))
        else:
            sender = WatchedSender(as_sender(config.sender), watch)
        self.services: Mapping[str, Service] = {calls.SERVICE: Service(sender, Unjudged())}

    def run(self, flow: Flow[T], *, deadline: float | None = None) -> T:
        """Drive a flow; `deadline` is an instant on `time.monotonic()`."""
        return run(flow, self.services, deadline=deadline)

    def create(self, draft: TaskDraft) -> Task:
        """Create a task; one that Asana finds too large is shortened once."""
        return self.run(calls.create_task(draft))

    def get_task(self, gid: str) -> Task:
        """Read a task."""
        return self.run(calls.get_task(gid))

    def tasks_modified_since(self, project: str, since: float) -> tuple[Task, ...]:
        """All tasks of a project that changed since an instant in seconds since the epoch."""
        return self.run(calls.tasks_modified_since(project, since))

    def find_marker(self, projects: Sequence[str], since: float, marker: str) -> Task | None:
        """The task with a draft's marker, if it is in one of the projects and changed since an instant."""
        return self.run(calls.find_marker(projects, since, marker))

    def portfolio_items(self, portfolio: str) -> tuple[PortfolioItem, ...]:
        """All items of a portfolio, archived and nested ones too."""
        return self.run(calls.portfolio_items(portfolio))

    def get_project(self, gid: str) -> Project:
        """Read a project."""
        return self.run(calls.get_project(gid))

    def custom_field_settings(self, project: str) -> tuple[ProjectField, ...]:
        """All custom fields that a project's tasks have, with their options."""
        return self.run(calls.custom_field_settings(project))

    def add_comment(self, task: str, text: str) -> Story:
        """Comment on a task in plain text."""
        return self.run(calls.add_comment(task, text))

    def stories(self, task: str) -> tuple[Story, ...]:
        """The whole history of a task, oldest first."""
        return self.run(calls.stories(task))

    def close(self) -> None:
        """Close all connections."""
        if self._http is not None:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


class AsyncAsanaClient:
    """`AsanaClient` for asyncio; it belongs to the event loop that first uses it."""

    def __init__(self, config: AsanaConfig) -> None:
        self.config = config
        self._http: AsyncHttpSender | None = None
        watch = Watch(announced, config.on_change)
        if config.sender is None:
            self._http = AsyncHttpSender(config.endpoint)
            paced = AsyncPacedSender(AsyncWatchedSender(self._http, watch), config.pace)
            sender: AsyncSender = AsyncRetryingSender(paced, RetryPolicy(budget=config.patience))
        else:
            sender = AsyncWatchedSender(as_async_sender(config.sender), watch)
        self.services: Mapping[str, AsyncService] = {calls.SERVICE: AsyncService(sender, Unjudged())}

    async def run(self, flow: Flow[T], *, deadline: float | None = None) -> T:
        """Drive a flow; `deadline` is an instant on `time.monotonic()`."""
        return await arun(flow, self.services, deadline=deadline)

    async def create(self, draft: TaskDraft) -> Task:
        """See `AsanaClient.create`; cancelled, the task's fate is unknown too."""
        return await self.run(calls.create_task(draft))

    async def get_task(self, gid: str) -> Task:
        """See `AsanaClient.get_task`."""
        return await self.run(calls.get_task(gid))

    async def tasks_modified_since(self, project: str, since: float) -> tuple[Task, ...]:
        """See `AsanaClient.tasks_modified_since`."""
        return await self.run(calls.tasks_modified_since(project, since))

    async def find_marker(self, projects: Sequence[str], since: float, marker: str) -> Task | None:
        """See `AsanaClient.find_marker`."""
        return await self.run(calls.find_marker(projects, since, marker))

    async def portfolio_items(self, portfolio: str) -> tuple[PortfolioItem, ...]:
        """See `AsanaClient.portfolio_items`."""
        return await self.run(calls.portfolio_items(portfolio))

    async def get_project(self, gid: str) -> Project:
        """See `AsanaClient.get_project`."""
        return await self.run(calls.get_project(gid))

    async def custom_field_settings(self, project: str) -> tuple[ProjectField, ...]:
        """See `AsanaClient.custom_field_settings`."""
        return await self.run(calls.custom_field_settings(project))

    async def add_comment(self, task: str, text: str) -> Story:
        """See `AsanaClient.add_comment`."""
        return await self.run(calls.add_comment(task, text))

    async def stories(self, task: str) -> tuple[Story, ...]:
        """See `AsanaClient.stories`."""
        return await self.run(calls.stories(task))

    async def aclose(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()
