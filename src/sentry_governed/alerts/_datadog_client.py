"""The clients of Datadog: one line a call, over the flows that everybody shares."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Self, TypeVar

import attrs

from sentry_governed._http import (
    AsyncHttpSender,
    AsyncRetryingSender,
    AsyncService,
    Credential,
    Endpoint,
    Flow,
    HttpSender,
    RetryingSender,
    RetryPolicy,
    Service,
    arun,
    run,
)
from sentry_governed._http.parts import Unjudged, as_async_sender, as_sender
from sentry_governed._secret import Secret
from sentry_governed._values import Request, Response
from sentry_governed.alerts import _datadog_calls as calls
from sentry_governed.alerts._datadog_calls import DatadogEvent, DatadogEventDraft
from sentry_governed.alerts._datadog_sites import check_site
from sentry_governed.errors import ConfigError
from sentry_governed.typing import AsyncSender, Sender

T = TypeVar("T")

_NOT_FOUND: Final = 404


def _check_settle(_config: object, _field: object, seconds: float) -> None:
    if not 0 <= seconds < math.inf:
        raise ConfigError(f"settle {seconds!r} is not a number of seconds")


def _endpoint(config: DatadogConfig) -> Endpoint:
    return Endpoint(
        base_url=config.base_url or f"https://api.{config.site}",
        credentials=(
            Credential("DD-API-KEY", config.api_key),
            Credential("DD-APPLICATION-KEY", config.app_key),
        ),
        timeout=config.timeout,
        allow_http=config.allow_http,
        trust_env=config.trust_env,
    )


@attrs.frozen(kw_only=True)
class DatadogConfig:
    """How Datadog is reached.

    Attributes:
        api_key: The API key of the organization.
        app_key: An application key; reading events needs it.
        site: Which Datadog the account is on, such as `datadoghq.eu`.
        base_url: Where the API is, when it is not `https://api.` and the site.
        allow_http: Whether the keys may travel in clear text, as to a fake.
        trust_env: Whether the environment may name a proxy and certificates.
        timeout: Seconds that one attempt of a request may take.
        patience: Seconds that a request may take with its waits and further attempts.
        settle: Seconds after which an event that is not found is asked for once more: Datadog sends a webhook
            before its event can be read.
        sender: Sends instead of HTTP, as it is: without further attempts.

    Raises:
        ConfigError: A value cannot be used.
    """

    api_key: Secret
    app_key: Secret
    site: str = attrs.field(default="datadoghq.com", validator=check_site)
    base_url: str | None = attrs.field(default=None, repr=False)
    allow_http: bool = False
    trust_env: bool = False
    timeout: float = 10.0
    patience: float = 30.0
    settle: float = attrs.field(default=1.0, validator=_check_settle)
    sender: Sender | AsyncSender | None = attrs.field(default=None, repr=False)
    endpoint: Endpoint = attrs.field(
        init=False, repr=False, default=attrs.Factory(_endpoint, takes_self=True)
    )

    @property
    def retries(self) -> RetryPolicy:
        """How often and how long a request is tried."""
        return RetryPolicy(budget=self.patience)


@attrs.frozen
class Events:
    """The actions on events."""

    _run: Callable[[Flow[DatadogEvent]], DatadogEvent]

    def get(self, event_id: str) -> DatadogEvent:
        """Read an event."""
        return self._run(calls.get_event(event_id))

    def post(self, draft: DatadogEventDraft) -> DatadogEvent:
        """Post an event; after `ReplyLost` or `ServiceFailed` it may be there."""
        return self._run(calls.post_event(draft))


@attrs.frozen
class AsyncEvents:
    """`Events` for asyncio."""

    _run: Callable[[Flow[DatadogEvent]], Awaitable[DatadogEvent]]

    async def get(self, event_id: str) -> DatadogEvent:
        """See `Events.get`."""
        return await self._run(calls.get_event(event_id))

    async def post(self, draft: DatadogEventDraft) -> DatadogEvent:
        """See `Events.post`."""
        return await self._run(calls.post_event(draft))


class DatadogClient:
    """Datadog's events, for threads.

    Every method raises `ApiError` when Datadog says no, by kind, and `TransportError` when there is no whole
    answer. Keys that Datadog does not know are `TokenRefused`.

    Attributes:
        config: How it was made.
        services: For a driver of one's own: the sender under the name `datadog`.
        events: The actions on events.
    """

    def __init__(self, config: DatadogConfig) -> None:
        self.config = config
        self._http: HttpSender | None = None
        if config.sender is None:
            self._http = HttpSender(config.endpoint)
            retrying = RetryingSender(self._http, config.retries)
            sender: Sender = _SettlingSender(retrying, config)
        else:
            sender = as_sender(config.sender)
        self.services: Mapping[str, Service] = {calls.SERVICE: Service(sender, Unjudged())}
        self.events = Events(self.run)

    def run(self, flow: Flow[T], *, deadline: float | None = None) -> T:
        """Drive a flow; `deadline` is an instant on `time.monotonic()`."""
        return run(flow, self.services, deadline=deadline)

    def close(self) -> None:
        """Close all connections."""
        if self._http is not None:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


class AsyncDatadogClient:
    """`DatadogClient` for asyncio; it belongs to the event loop that first uses it."""

    def __init__(self, config: DatadogConfig) -> None:
        self.config = config
        self._http: AsyncHttpSender | None = None
        if config.sender is None:
            self._http = AsyncHttpSender(config.endpoint)
            retrying = AsyncRetryingSender(self._http, config.retries)
            sender: AsyncSender = _AsyncSettlingSender(retrying, config)
        else:
            sender = as_async_sender(config.sender)
        self.services: Mapping[str, AsyncService] = {calls.SERVICE: AsyncService(sender, Unjudged())}
        self.events = AsyncEvents(self.run)

    async def run(self, flow: Flow[T], *, deadline: float | None = None) -> T:
        """Drive a flow; `deadline` is an instant on `time.monotonic()`."""
        return await arun(flow, self.services, deadline=deadline)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._http is not None:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()


@attrs.frozen
class _SettlingSender:
    """Asks once more for what is not there yet, within the caller's time."""

    sender: Sender
    config: DatadogConfig

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        end = time.monotonic() + (self.config.patience if timeout is None else timeout)
        response = self.sender.send(request, timeout=timeout)
        if not _may_appear(request, response, end, self.config.settle):
            return response
        time.sleep(self.config.settle)
        return self.sender.send(request, timeout=end - time.monotonic())


@attrs.frozen
class _AsyncSettlingSender:
    sender: AsyncSender
    config: DatadogConfig

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        end = time.monotonic() + (self.config.patience if timeout is None else timeout)
        response = await self.sender.send(request, timeout=timeout)
        if not _may_appear(request, response, end, self.config.settle):
            return response
        await asyncio.sleep(self.config.settle)
        return await self.sender.send(request, timeout=end - time.monotonic())


def _may_appear(request: Request, response: Response, end: float, settle: float) -> bool:
    is_missing = request.method == "GET" and response.status == _NOT_FOUND
    return is_missing and time.monotonic() + settle < end
