"""The webhook as an AWS Lambda handler, behind any of the ways that HTTP comes to a function."""

from __future__ import annotations

import base64
import binascii
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
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
    Verdict,
    answer_of,
    check_bounds,
    verdict_of,
)
from sentry_governed.errors import ConfigError, InboxError
from sentry_governed.typing import Clock, Inbox, JsonValue

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from sentry_governed._values import InboxMessage
    from sentry_governed.alerts import WebhookSecrets

LambdaHandler: TypeAlias = Callable[[Mapping[str, object], object], dict[str, JsonValue]]
"""What AWS Lambda calls with an event and a context."""

_Pairs: TypeAlias = list[tuple[str, str]]

_REASONS: Final = {
    202: "Accepted",
    401: "Unauthorized",
    405: "Method Not Allowed",
    413: "Payload Too Large",
    503: "Service Unavailable",
}
_THREADS: Final = 8


@attrs.frozen
class _Arrived:
    """A request as a Lambda event has it, without the body, and how it is to be answered."""

    method: str
    headers: _Pairs = attrs.field(repr=False)
    is_alb: bool
    has_many: bool


def lambda_webhook(
    *,
    secrets: WebhookSecrets,
    inbox: Inbox,
    max_bytes: int = MAX_BYTES,
    timeout: float = TIMEOUT,
    watch: Watch | None = None,
    clock: Clock = time,
) -> LambdaHandler:
    """A Lambda handler that puts authentic webhooks on an inbox; it answers as `webhook_app` does.

    It takes the events of API Gateway (REST, payload 1.0, and HTTP, payload 2.0), function URLs and
    application load balancers, with multi-value headers or without. Make it once, outside the handler's
    module functions, so that invocations share the inbox's connections.

    Args:
        secrets: What the senders sign with.
        inbox: Where the webhooks go.
        max_bytes: The largest body.
        timeout: Seconds that the inbox may take. Sentry waits one for the whole answer.
        watch: Is told each verdict.
        clock: Says when a webhook was received.

    Raises:
        ConfigError: The inbox is asynchronous, or a bound is none. The handler raises it for an event that
            is of another kind.
    """
    check_bounds(max_bytes, timeout)
    if inspect.iscoroutinefunction(inbox.put):
        raise ConfigError("lambda_webhook needs an Inbox; an AsyncInbox lives on an event loop")
    return _Handler(secrets, _Keeper(inbox, timeout), max_bytes, watch or Unwatched(), clock)


@attrs.frozen
class _Handler:
    """What Lambda calls."""

    _secrets: WebhookSecrets
    _keeper: _Keeper
    _max_bytes: int
    _watch: Watch
    _clock: Clock

    def __call__(self, event: Mapping[str, object], _context: object) -> dict[str, JsonValue]:
        request = _arrived(event)
        if request.method != "POST":
            return _answer(request, METHOD_NOT_ALLOWED, "only POST is accepted", {"Allow": "POST"})
        verdict = self._judge(request.headers, event)
        self._watch.received(verdict.source, verdict.name)
        return _answer(request, STATUS[verdict.name], verdict.name, {})

    def _judge(self, headers: _Pairs, event: Mapping[str, object]) -> Verdict:
        sent = event.get("body")
        if isinstance(sent, str) and len(sent) > self._max_bytes * 2 + 4:
            return TOO_LARGE  # base64 makes three bytes four characters
        body = _body(event)
        if body is None:
            return REFUSED
        verdict = verdict_of(
            body, headers, secrets=self._secrets, max_bytes=self._max_bytes, received_at=self._clock.time()
        )
        if verdict.message is None or self._keeper.kept(verdict.message):
            return verdict
        return verdict.unavailable


def _arrived(event: Mapping[str, object]) -> _Arrived:
    context = _mapping(event.get("requestContext"))
    method = event.get("httpMethod") or _mapping(context.get("http")).get("method")
    if not isinstance(method, str):
        raise ConfigError(
            "the event is none of API Gateway, a function URL or a load balancer; it names no HTTP method"
        )
    several = _mapping(event.get("multiValueHeaders"))
    return _Arrived(
        method=method.upper(),
        headers=_headers(several or _mapping(event.get("headers"))),
        is_alb="elb" in context,
        has_many=bool(several),
    )


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _headers(found: Mapping[str, object]) -> _Pairs:
    return [
        (name, value)
        for name, values in found.items()
        for value in (cast("Sequence[object]", values) if isinstance(values, list | tuple) else [values])
        if isinstance(value, str)
    ]


def _body(event: Mapping[str, object]) -> bytes | None:
    body = event.get("body")
    if not isinstance(body, str):
        return b""
    if event.get("isBase64Encoded") is not True:
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None


def _answer(request: _Arrived, status: int, word: str, more: Mapping[str, str]) -> dict[str, JsonValue]:
    headers = {"Content-Type": "application/json", **more}
    answer: dict[str, JsonValue] = {
        "statusCode": status,
        "body": answer_of(word).decode(),
        "isBase64Encoded": False,
    }
    if request.is_alb:
        answer["statusDescription"] = f"{status} {_REASONS[status]}"
    if request.is_alb and request.has_many:
        return {**answer, "multiValueHeaders": {name: [value] for name, value in headers.items()}}
    return {**answer, "headers": headers}


class _Keeper:
    """Puts messages on an inbox, waiting so long and no longer."""

    def __init__(self, inbox: Inbox, timeout: float) -> None:
        self._inbox = inbox
        self._timeout = timeout
        self._pool: ThreadPoolExecutor | None = None

    def kept(self, message: InboxMessage) -> bool:
        """Whether it is durable now."""
        from concurrent.futures import ThreadPoolExecutor

        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, "webhook-inbox")
        put = self._pool.submit(self._inbox.put, message)
        try:
            put.result(self._timeout)
        except TimeoutError:
            put.cancel()
            return False
        except InboxError:
            return False
        return True
