"""The webhook as an ASGI application."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import attrs

from sentry_governed.adapters._watch import Unwatched, Watch
from sentry_governed.adapters.webhooks._verdict import (
    MAX_BYTES,
    METHOD_NOT_ALLOWED,
    REFUSED,
    STATUS,
    TIMEOUT,
    TOO_LARGE,
    UNAVAILABLE,
    Verdict,
    answer_of,
    check_bounds,
    verdict_of,
)
from sentry_governed.errors import InboxError
from sentry_governed.typing import AsyncInbox, Clock, Inbox

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from sentry_governed._values import InboxMessage
    from sentry_governed.alerts import WebhookSecrets

AsgiEvent: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[AsgiEvent]]
Send: TypeAlias = Callable[[AsgiEvent], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[AsgiEvent, Receive, Send], Awaitable[None]]
"""An ASGI 3 application."""

_Headers: TypeAlias = list[tuple[bytes, bytes]]

_MOST_HEADERS: Final = 256
_THREADS: Final = 16
_MOST_WAITING: Final = 256
_POLICY_VIOLATION: Final = 1008


def webhook_app(
    *,
    secrets: WebhookSecrets,
    inbox: Inbox | AsyncInbox,
    max_bytes: int = MAX_BYTES,
    timeout: float = TIMEOUT,
    watch: Watch | None = None,
    clock: Clock = time,
) -> AsgiApp:
    """An ASGI application that puts authentic webhooks on an inbox, whatever its path.

    It answers 202 once the webhook is durable, or is of no interest, or is in quarantine; 401 where nobody
    vouches for the bytes; 413 where there are too many of them; 405 to anything but POST; and 503 where the
    inbox, or the sender, was too slow or the inbox failed, so that the sender sends it again.

    Args:
        secrets: What the senders sign with.
        inbox: Where the webhooks go. One that is not asynchronous is used in threads.
        max_bytes: The largest body; a larger one is not read.
        timeout: Seconds until the answer. Sentry waits one.
        watch: Is told each verdict.
        clock: Says when a webhook was received.

    Raises:
        ConfigError: `max_bytes` is not positive, or `timeout` is not above 0 and at most 30.
    """
    check_bounds(max_bytes, timeout)
    return _Webhook(secrets, _Keeper(inbox), max_bytes, timeout, watch or Unwatched(), clock)


@attrs.frozen
class _Webhook:
    """The application: ASGI's events, and the time that they may take."""

    _secrets: WebhookSecrets
    _keeper: _Keeper
    _max_bytes: int
    _timeout: float
    _watch: Watch
    _clock: Clock

    async def __call__(self, scope: AsgiEvent, receive: Receive, send: Send) -> None:
        import asyncio

        if scope["type"] != "http":
            await _other(scope, receive, send)
            return
        if scope["method"] != "POST":
            await _answer(send, METHOD_NOT_ALLOWED, "only POST is accepted", (b"allow", b"POST"))
            return
        try:
            async with asyncio.timeout(self._timeout):
                verdict = await self._judge(cast("_Headers", scope["headers"]), receive)
        except TimeoutError:
            verdict = UNAVAILABLE
        if verdict is not None:
            self._watch.received(verdict.source, verdict.name)
            await _answer(send, STATUS[verdict.name], verdict.name)

    async def _judge(self, headers: _Headers, receive: Receive) -> Verdict | None:
        if len(headers) > _MOST_HEADERS:
            return REFUSED
        if _declares_more_than(self._max_bytes, headers):
            return TOO_LARGE
        body = await _body(receive, self._max_bytes)
        if not isinstance(body, bytes):
            return body
        verdict = verdict_of(
            body, headers, secrets=self._secrets, max_bytes=self._max_bytes, received_at=self._clock.time()
        )
        if verdict.message is None or await self._keeper.kept(verdict.message):
            return verdict
        return verdict.unavailable


async def _other(scope: AsgiEvent, receive: Receive, send: Send) -> None:
    """Take part in the server's start and end, and turn WebSockets away."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
    while scope["type"] == "lifespan":
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return


def _declares_more_than(most: int, headers: _Headers) -> bool:
    lengths = [value.lstrip(b"0") for name, value in headers if name.lower() == b"content-length"]
    digits = len(str(most))
    return any(length.isdigit() and (len(length) > digits or int(length) > most) for length in lengths)


async def _body(receive: Receive, max_bytes: int) -> bytes | Verdict | None:
    """The whole body; a verdict where it is too large, None where the sender has left."""
    chunks: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        chunk = cast("bytes", event.get("body", b""))
        size += len(chunk)
        if size > max_bytes:
            return TOO_LARGE
        chunks.append(chunk)
        if not event.get("more_body", False):
            return b"".join(chunks)


async def _answer(send: Send, status: int, word: str, *headers: tuple[bytes, bytes]) -> None:
    body = answer_of(word)
    length = (b"content-length", str(len(body)).encode())
    head = [(b"content-type", b"application/json"), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


class _Keeper:
    """Puts messages on an inbox of either kind; how many may wait for it is bounded."""

    def __init__(self, inbox: Inbox | AsyncInbox) -> None:
        self._inbox = inbox
        self._waiting = 0
        self._pool: ThreadPoolExecutor | None = None

    async def kept(self, message: InboxMessage) -> bool:
        """Whether it is durable now."""
        if self._waiting >= _MOST_WAITING:
            return False
        self._waiting += 1
        try:
            await self._put(message)
        except InboxError:
            return False
        finally:
            self._waiting -= 1
        return True

    async def _put(self, message: InboxMessage) -> None:
        import asyncio
        import inspect
        from concurrent.futures import ThreadPoolExecutor

        if inspect.iscoroutinefunction(self._inbox.put):
            await self._inbox.put(message)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, "webhook-inbox")
        await asyncio.get_running_loop().run_in_executor(self._pool, self._inbox.put, message)
