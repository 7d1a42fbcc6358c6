"""The senders that really send; the only module that knows the HTTP library.

They stand on httpx's connection pools (httpcore) and not on its clients: no cookies, no redirects, no URL
that is taken apart and put together again, and a network backend that can hold a deadline. A failure is
handed up as a value and raised where no frame has ever seen a credential.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Final, Self, cast
from urllib.parse import quote, urlencode

import httpcore
import httpx

from sentry_governed._http import gate
from sentry_governed._http.body import Body
from sentry_governed._http.endpoint import Endpoint
from sentry_governed._http.path import render
from sentry_governed._values import Request, Response
from sentry_governed.errors import ConfigError, NotSent, ReplyLost, RequestRefused, TransportError

_WRITE_SLICE: Final = 16 * 1024
_CONNECTIONS: Final = 100
_IDLE_CONNECTIONS: Final = 20
_IDLE_SECONDS: Final = 5.0
_LONGEST_DETAIL: Final = 200
_NOT_SENT: Final = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout, httpcore.ProxyError)
_REFUSED: Final = (httpcore.UnsupportedProtocol, httpcore.LocalProtocolError)


class HttpSender:
    """Sends requests to one service, each within its total time and size.

    It may be shared by threads. Resolving a host name is left to the operating system, which cannot be
    interrupted; everything after it ends in time, however slowly the service talks.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._is_closed = False
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(endpoint),
            proxy=_proxy(endpoint),
            network_backend=_Backend(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
        )

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `Sender.send`."""
        outcome = self._exchange(request, timeout)
        if isinstance(outcome, Response):
            return outcome
        raise outcome

    def _exchange(self, request: Request, timeout: float | None) -> Response | BaseException:
        try:
            _check_open(request, is_closed=self._is_closed)
            reply = self._pool.handle_request(_build(self._endpoint, request, timeout))
            try:
                body = Body(request, reply.headers, self._endpoint.max_response_bytes)
                for chunk in reply.iter_stream():
                    body.feed(chunk)
                return _response(reply, body)
            finally:
                reply.close()
        except BaseException as error:  # noqa: BLE001  # `send` raises it
            return _failure(error, request)

    def close(self) -> None:
        """Close all connections; whatever is sent afterwards is refused."""
        self._is_closed = True
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


class AsyncHttpSender:
    """`HttpSender` for asyncio; it belongs to the event loop that first uses it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._is_closed = False
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_ssl_context(endpoint),
            proxy=_proxy(endpoint),
            network_backend=_AsyncBackend(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
        )

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `Sender.send`; a cancelled send closes its connection."""
        outcome = await self._exchange(request, timeout)
        if isinstance(outcome, Response):
            return outcome
        raise outcome

    async def _exchange(self, request: Request, timeout: float | None) -> Response | BaseException:
        try:
            _check_open(request, is_closed=self._is_closed)
            reply = await self._pool.handle_async_request(_build(self._endpoint, request, timeout))
            try:
                body = Body(request, reply.headers, self._endpoint.max_response_bytes)
                async for chunk in reply.aiter_stream():
                    body.feed(chunk)
                return _response(reply, body)
            finally:
                await reply.aclose()
        except BaseException as error:  # noqa: BLE001  # `send` raises it
            return _failure(error, request)

    async def aclose(self) -> None:
        """Close all connections; whatever is sent afterwards is refused."""
        self._is_closed = True
        await self._pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()


def _check_open(request: Request, *, is_closed: bool) -> None:
    if is_closed:
        raise RequestRefused(request.method, request.template, "the client is closed")


def _build(endpoint: Endpoint, request: Request, timeout: float | None) -> httpcore.Request:
    origin = endpoint.origin
    target = origin.path + render(request) + _query(request)
    url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target)
    gate.check(origin, request, scheme=url.scheme, host=url.host, port=url.port, target=url.target)
    return httpcore.Request(
        request.method,
        url,
        headers=_headers(endpoint, request),
        content=request.body,
        extensions={"timeout": _instants(endpoint, request, timeout)},
    )


def _query(request: Request) -> str:
    if not request.query:
        return ""
    try:
        return "?" + urlencode(request.query, quote_via=quote, safe="")
    except UnicodeEncodeError:
        pass
    raise RequestRefused(request.method, request.template, "the query holds a lone surrogate")


def _headers(endpoint: Endpoint, request: Request) -> list[tuple[str, str]]:
    headers = [
        ("Host", endpoint.origin.authority),
        ("User-Agent", endpoint.user_agent),
        ("Accept", endpoint.accept),
        ("Accept-Encoding", "gzip"),
        *endpoint.headers,
    ]
    if request.body is not None:
        headers += [("Content-Type", "application/json"), ("Content-Length", str(len(request.body)))]
    elif request.method != "GET":
        headers.append(("Content-Length", "0"))
    headers += [(one.header, one.prefix + one.secret.reveal()) for one in endpoint.credentials]
    return headers


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
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in reply.headers
    )
    return Response(reply.status, headers, body.finish())


def _failure(error: BaseException, request: Request) -> BaseException:
    """What to raise for it, without the HTTP library's frames, which have the credentials in their locals."""
    if isinstance(error, TransportError) or not isinstance(error, Exception):
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    kind, reason = _meaning(error)
    return kind(request.method, request.template, reason)


def _meaning(error: Exception) -> tuple[type[TransportError], str]:
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
