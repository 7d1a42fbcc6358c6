"""What operators and their tools ask a running process: is it alive, is it ready, what does it count."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import attrs

from sentry_governed.adapters._metrics import Metrics
from sentry_governed.adapters.webhooks import AsgiApp
from sentry_governed.adapters.webhooks._asgi import AsgiEvent, Receive, Send

_REMEMBERED: Final = 1.0
_PATIENCE: Final = 5.0


@attrs.define
class Readiness:
    """Whether the process can do its work now; each answer is remembered for a second.

    Attributes:
        problems: Says in one line each what is wrong; it may wait for a disk or a network.
    """

    problems: Callable[[], list[str]]
    _said: tuple[str, ...] = attrs.field(default=(), init=False)
    _at: float = attrs.field(default=float("-inf"), init=False)

    async def ask(self) -> tuple[str, ...]:
        """What is wrong; nothing when it is ready."""
        if time.monotonic() - self._at >= _REMEMBERED:
            try:
                async with asyncio.timeout(_PATIENCE):
                    self._said = tuple(await asyncio.to_thread(self.problems))
            except TimeoutError:
                self._said = (f"no answer within {_PATIENCE:g} s",)
            self._at = time.monotonic()
        return self._said


def operations_app(metrics: Metrics, readiness: Readiness, others: AsgiApp | None = None) -> AsgiApp:
    """An ASGI application with `/healthz`, `/readyz` and `/metrics`.

    Args:
        metrics: What `/metrics` shows.
        readiness: What `/readyz` says.
        others: Answers every other path; without it they are 404.
    """

    async def health(send: Send) -> None:
        await _answer(send, 200, b'{"alive": true}\n')

    async def ready(send: Send) -> None:
        problems = await readiness.ask()
        body = json.dumps({"ready": not problems, "problems": problems}) + "\n"
        await _answer(send, 503 if problems else 200, body.encode())

    async def count(send: Send) -> None:
        body, kind = await asyncio.to_thread(metrics.text)
        await _answer(send, 200, body, kind)

    paths: Mapping[object, Callable[[Send], Awaitable[None]]] = {
        "/healthz": health,
        "/readyz": ready,
        "/metrics": count,
    }

    async def app(scope: AsgiEvent, receive: Receive, send: Send) -> None:
        found = paths.get(scope.get("path")) if scope["type"] == "http" else None
        if found is None and others is not None:
            await others(scope, receive, send)
        elif found is None:
            await _answer(send, 404, b'{"error": "there is nothing here"}\n')
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, b'{"error": "use GET"}\n')
        else:
            await found(send)

    return app


async def _answer(send: Send, status: int, body: bytes, kind: str = "application/json") -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
