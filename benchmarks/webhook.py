"""Webhooks accepted a second, one after the other: beside the least that any receiver does to be safe.

The least is a signature, a `json.loads`, and, where there is an inbox, one row in SQLite on disk before
the answer, in a thread, so that the event loop stays free.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path

import sentry_governed as sg
from sentry_governed.adapters.webhooks import AsgiApp
from sentry_governed.testing import sentry_event_alert, sign_webhook

SECRET = "client-secret"
ROUNDS = 300

Event = MutableMapping[str, object]
Keep = Callable[[bytes], None]


class NoInbox:
    """Keeps nothing."""

    async def put(self, message: sg.InboxMessage) -> None:
        """Forget it."""


class Bare:
    """An ASGI application that does the least."""

    def __init__(self, keep: Keep | None) -> None:
        self._keep = keep

    async def __call__(
        self, scope: Event, receive: Callable[..., object], send: Callable[..., object]
    ) -> None:
        """Verify, decode, keep, answer."""
        body = (await receive())["body"]  # type: ignore[misc,index]
        headers = dict(scope["headers"])  # type: ignore[call-overload]
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(digest, headers[b"sentry-hook-signature"].decode())
        json.loads(body)
        if self._keep is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._keep, body)
        await send({"type": "http.response.start", "status": 202, "headers": []})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": b"{}"})  # type: ignore[misc]


def bare_inbox(path: Path) -> Keep:
    """A row a webhook, on disk when it returns."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE messages (number INTEGER PRIMARY KEY, body BLOB NOT NULL)")

    def keep(body: bytes) -> None:
        connection.execute("INSERT INTO messages (body) VALUES (?)", (body,))

    return keep


async def _seconds(app: AsgiApp, body: bytes, headers: dict[str, str]) -> float:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    answers: list[Event] = []

    async def receive() -> Event:
        return {"type": "http.request", "body": body}

    async def send(event: Event) -> None:
        answers.append(event)

    start = time.perf_counter()
    await app({"type": "http", "method": "POST", "headers": pairs}, receive, send)
    taken = time.perf_counter() - start
    assert answers[0]["status"] == 202
    return taken


async def _measure(directory: Path) -> dict[str, float]:
    secrets = sg.WebhookSecrets(sentry=SECRET)
    inbox = sg.SqliteInbox(directory / "inbox.db")
    without: dict[str, AsgiApp] = {
        "bare, no inbox": Bare(None),
        "no inbox": sg.webhook_app(secrets=secrets, inbox=NoInbox()),
    }
    on_disk: dict[str, AsgiApp] = {
        "bare, SQLite": Bare(bare_inbox(directory / "bare.db")),
        "SQLite": sg.webhook_app(secrets=secrets, inbox=inbox, timeout=30.0),
    }
    rates = {**await _in_turns(without), **await _in_turns(on_disk)}
    inbox.close()
    return rates


async def _in_turns(apps: dict[str, AsgiApp]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in apps}
    for number in range(ROUNDS):
        body, headers = sign_webhook(sentry_event_alert(event=f"{number:032x}"), SECRET)
        for name, app in apps.items():
            times[name].append(await _seconds(app, body, headers))
    return {name: 1 / statistics.median(values) for name, values in times.items()}


def measure() -> dict[str, float]:
    """Webhooks a second, from medians, measured in turns."""
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_measure(Path(directory)))


if __name__ == "__main__":
    print(measure())
