"""The senders that really send; the only module that knows the HTTP library.

They stand on httpx's connection pools (httpcore) and not on its clients: no cookies, no redirects, no URL
that is taken apart and put together again, and a network backend that can hold a deadline. A failure is
handed up as a value and raised where no frame has ever seen a credential.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Self, TypeAlias, cast

import httpcore
import httpx

from sentry_governed._http import gate
from sentry_governed._http.body import Body
from sentry_governed._http.endpoint import Endpoint
from sentry_governed._http.wire import headers, target
from sentry_governed._values import Request, Response
from sentry_governed.errors import ConfigError, NotSent, ReplyLost, RequestRefused, TransportError

_Meaning: TypeAlias = tuple[type[TransportError], str]

_WRITE_SLICE: Final = 16 * 1024
_CONNECTIONS: Final = 100
_IDLE_CONNECTIONS: Final = 20
_IDLE_SECONDS: Final = 5.0
_LONGEST_DETAIL: Final = 200
_NOT_SENT: Final = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout, httpcore.ProxyError)
_REFUSED: Final = (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError)


class HttpSender:
    """Sends requests to one service, each within its total time and size.

    It may be shared by threads, and a forked process may go on using it: each process has connections of its
    own. Resolving a host name is left to the operating system, which cannot be interrupted; everything after
    it ends in time, however slowly the service talks.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._is_closed = False
        self._new_pool = partial(
            httpcore.ConnectionPool,
            ssl_context=_ssl_context(endpoint),
            proxy=_proxy(endpoint),
            network_backend=_Backend(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
        )
        self._home = os.getpid(), self._new_pool()

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `Sender.send`."""
        outcome = self._exchange(request, timeout)
        if isinstance(outcome, Response):
            return outcome
        raise outcome

    def _exchange(self, request: Request, timeout: float | None) -> Response | BaseException:
        prepared = _prepare(self._endpoint, request, timeout, is_closed=self._is_closed)
        if not isinstance(prepared, httpcore.Request):
            return prepared
        try:
            reply = self._pool().handle_request(prepared)
            try:
                body = Body(request, reply.headers, self._endpoint.max_response_bytes)
                for chunk in reply.iter_stream():
                    body.feed(chunk)
                return _response(reply, body)
            finally:
                reply.close()
        except BaseException as error:  # noqa: BLE001  # `send` raises it
            return _failure(error, request, _why_unanswered)

    def close(self) -> None:
        """Close all connections; whatever is sent afterwards is refused."""
        self._is_closed = True
        self._pool().close()

    def _pool(self) -> httpcore.ConnectionPool:
        """This process's own; in it, a parent's connections are let go of without a word to the service."""
        process, pool = self._home
        if process != os.getpid():
            for connection in pool.connections:
                connection.close()
            pool = self._new_pool()
            self._home = os.getpid(), pool
        return pool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


class AsyncHttpSender:
    """`HttpSender` for asyncio; it belongs to the event loop, and the process, that first uses it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._is_closed = False
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_ssl_context(endpoint),
            proxy=_proxy(endpoint),
            network_backend=_AsyncBackend(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
        )

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `Sender.send`; a cancelled send closes its connection.

        Raises:
            ConfigError: Another event loop or process used it first.
        """
        if not self._is_at_home():
            raise ConfigError(
                "the asynchronous client was first used in another event loop or process; open one in each"
            )
        outcome = await self._exchange(request, timeout)
        if isinstance(outcome, Response):
            return outcome
        raise outcome

    async def _exchange(self, request: Request, timeout: float | None) -> Response | BaseException:
        prepared = _prepare(self._endpoint, request, timeout, is_closed=self._is_closed)
        if not isinstance(prepared, httpcore.Request):
            return prepared
        try:
            reply = await self._pool.handle_async_request(prepared)
            try:
                body = Body(request, reply.headers, self._endpoint.max_response_bytes)
                async for chunk in reply.aiter_stream():
                    body.feed(chunk)
                return _response(reply, body)
            finally:
                await reply.aclose()
        except BaseException as error:  # noqa: BLE001  # `send` raises it
            return _failure(error, request, _why_unanswered)

    async def aclose(self) -> None:
        """Close all connections; whatever is sent afterwards is refused.

        Elsewhere than at home it leaves the connections alone.
        """
        self._is_closed = True
        if self._is_at_home():
            await self._pool.aclose()

    def _is_at_home(self) -> bool:
        if self._home is None:
            self._home = os.getpid(), asyncio.get_running_loop()
        process, loop = self._home
        return process == os.getpid() and loop is asyncio.get_running_loop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()


def _check_open(request: Request, *, is_closed: bool) -> None:
    if is_closed:
        raise RequestRefused(request.method, request.template, "the client is closed")


def _prepare(
    endpoint: Endpoint, request: Request, timeout: float | None, *, is_closed: bool
) -> httpcore.Request | BaseException:
    """What to send, or why it cannot be: nothing has been sent so far, whatever goes wrong here."""
    try:
        _check_open(request, is_closed=is_closed)
        return _build(endpoint, request, timeout)
    except BaseException as error:  # noqa: BLE001  # `send` raises it
        return _failure(error, request, _why_unbuilt)


def _build(endpoint: Endpoint, request: Request, timeout: float | None) -> httpcore.Request:
    origin = endpoint.origin
    if not isinstance(cast(object, request.body), bytes | None):
        raise RequestRefused(request.method, request.template, "the body is not bytes")
    url = httpcore.URL(
        scheme=origin.scheme, host=origin.host, port=origin.port, target=target(endpoint, request)
    )
    gate.check(origin, request, scheme=url.scheme, host=url.host, port=url.port, target=url.target)
    return httpcore.Request(
        request.method,
        url,
        headers=headers(endpoint, request),
        content=request.body,
        extensions={"timeout": _instants(endpoint, request, timeout)},
    )


def _instants(endpoint: Endpoint, request: Request, timeout: float | None) -> dict[str, float]:
    """The pool waits for a time; our backends take the other three as instants on the monotonic clock."""
    seconds = endpoint.timeout if timeout is None else min(timeout, endpoint.timeout)
    if seconds <= 0:
        raise NotSent(request.method, request.template, "no time was left to send it")
    start = time.monotonic()
    connect = min(seconds, endpoint.connect_timeout)
    end = start + seconds
    return {"pool": connect, "connect": start + connect, "write": end, "read": end}


def _response(reply: httpcore.Response, body: Body) -> Response:
    received = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in reply.headers
    )
    return Response(reply.status, received, body.finish())


def _failure(
    error: BaseException, request: Request, meaning: Callable[[Exception], _Meaning]
) -> BaseException:
    """What to raise for it, without the HTTP library's frames, which have the credentials in their locals."""
    if isinstance(error, TransportError) or not isinstance(error, Exception):
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    kind, reason = meaning(error)
    return kind(request.method, request.template, reason)


def _why_unbuilt(error: Exception) -> _Meaning:
    return RequestRefused, f"it cannot be built: {type(error).__name__}"


def _why_unanswered(error: Exception) -> _Meaning:
    """Once the pool has the request, even an error that nobody foresees may come after it was applied."""
    if isinstance(error, _NOT_SENT):
        detail = str(error) if isinstance(error, httpcore.ConnectError) else type(error).__name__
        return NotSent, f"no connection: {' '.join(detail.split())[:_LONGEST_DETAIL]}"
    if isinstance(error, _REFUSED):
        return RequestRefused, f"not a valid HTTP request: {type(error).__name__}"
    if isinstance(error, httpcore.TimeoutException):
        return ReplyLost, "no whole reply in time"
    return ReplyLost, f"the connection failed before a whole reply: {type(error).__name__}"


def _ssl_context(endpoint: Endpoint) -> ssl.SSLContext | None:
    if endpoint.origin.scheme == "http":
        return None
    return httpx.create_ssl_context(trust_env=endpoint.trust_env)


def _proxy(endpoint: Endpoint) -> httpcore.Proxy | None:
    if not endpoint.trust_env:
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    url = proxies.get(endpoint.origin.scheme) or proxies.get("all")
    if not url or proxy_bypass(endpoint.origin.host):
        return None
    scheme, separator, _ = url.partition("://")
    if separator and scheme not in ("http", "https"):
        raise ConfigError(f"the environment names a {scheme} proxy; only http and https ones are used")
    proxy = httpx.Proxy(url if separator else f"http://{url}")
    return httpcore.Proxy(str(proxy.url), auth=proxy.raw_auth)


def _left(instant: float | None, too_late: type[httpcore.TimeoutException]) -> float:
    left = (instant or 0.0) - time.monotonic()
    if left <= 0:
        raise too_late
    return left


class _Stream(httpcore.NetworkStream):
    """A connection whose timeouts are instants, so that all reads and writes of a request share one."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _WRITE_SLICE):
            self._inner.write(buffer[start : start + _WRITE_SLICE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens such connections; a host's addresses share one instant too."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("the host has no address")
        for address in _addresses(host, port):
            try:
                left = _left(timeout, httpcore.ConnectTimeout)
                return _Stream(self._inner.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(error) from None
    return [str(address[0]) for *_, address in found]


class _AsyncStream(httpcore.AsyncNetworkStream):
    """`_Stream` for asyncio."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _AsyncStream(await self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    """`_Backend` for asyncio, whose connect already bounds all addresses together."""

    def __init__(self) -> None:
        self._inner = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _AsyncStream(await self._inner.connect_tcp(host, port, left, local_address, socket_options))
