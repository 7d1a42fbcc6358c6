"""The webhook as an ASGI application: what it answers, what it keeps, and what it bounds."""

import asyncio
import hashlib
import itertools
import json
import sqlite3
import subprocess
import sys
from collections.abc import MutableMapping
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import ConfigError, InboxMessage, SignatureError, SqliteInbox, decode_alert, webhook_app
from sentry_governed.adapters.webhooks import AsgiApp
from sentry_governed.adapters.webhooks._verdict import verdict_of
from sentry_governed.alerts import Alert, parse_alert
from sentry_governed.testing import FrozenClock, sentry_event_alert, sign_webhook
from sentry_governed.typing import AsyncInbox, Inbox
from tests.adapters.requests import (
    ASKED,
    MAX_BYTES,
    SECRETS,
    SENTRY,
    Asked,
    AsyncListInbox,
    FailingInbox,
    ListInbox,
    Pairs,
    SlowInbox,
    Watching,
    source,
)

KEPT = ASKED[0]


@attrs.define
class Exchange:
    """One request to an application, as a server would make it."""

    chunks: list[bytes | None]
    headers: Pairs
    method: str = "POST"
    received: int = 0
    sent: list[MutableMapping[str, object]] = attrs.Factory(list)

    async def receive(self) -> MutableMapping[str, object]:
        if self.received == len(self.chunks):
            await asyncio.sleep(60)
        chunk = self.chunks[self.received]
        self.received += 1
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": self.received < len(self.chunks)}

    async def send(self, event: MutableMapping[str, object]) -> None:
        self.sent.append(event)

    async def run(self, app: AsgiApp) -> int | None:
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers]
        scope: MutableMapping[str, object] = {
            "type": "http",
            "method": self.method,
            "path": "/any",
            "headers": headers,
        }
        await app(scope, self.receive, self.send)
        return self.status

    @property
    def status(self) -> int | None:
        """What was answered, once, or None."""
        if not self.sent:
            return None
        start, body = self.sent
        assert (start["type"], body["type"]) == ("http.response.start", "http.response.body")
        assert isinstance(start["status"], int)
        assert isinstance(body["body"], bytes)
        return start["status"]


async def ask(app: AsgiApp, asked: Asked = KEPT) -> int | None:
    """The status that a request is answered with."""
    return await Exchange([asked.body], asked.headers).run(app)


def app_of(inbox: Inbox | AsyncInbox, **more: object) -> AsgiApp:
    """The application with the tests' secrets."""
    return webhook_app(
        secrets=SECRETS,
        inbox=inbox,
        **{"max_bytes": MAX_BYTES, "clock": FrozenClock(), **more},  # type: ignore[arg-type]  # of many types
    )


@pytest.mark.parametrize("inbox", [ListInbox(), AsyncListInbox()], ids=["threads", "asyncio"])
@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
async def test_verdicts(asked: Asked, inbox: ListInbox) -> None:
    """Each request gets its answer; what is kept or quarantined is on the inbox, and nothing else is."""
    inbox.messages.clear()
    watching = Watching()

    assert await ask(app_of(inbox, watch=watching), asked) == asked.status
    assert watching.verdicts == [(source(asked), asked.verdict)]
    assert len(inbox.messages) == (asked.verdict in {"kept", "quarantined"})
    for message in inbox.messages:
        assert (message.body, message.source) == (asked.body, source(asked))
        assert message.sha256 == hashlib.sha256(asked.body).hexdigest()
        assert message.received_at == FrozenClock().time()
        assert (message.problem is None) == (message.key is not None) == (asked.verdict == "kept")


def test_message() -> None:
    """A message has the key of the alert that a worker will make of it."""
    message = verdict_of(
        KEPT.body, KEPT.headers, secrets=SECRETS, max_bytes=MAX_BYTES, received_at=1.0
    ).message
    alert = decode_alert(KEPT.body)

    assert message is not None
    assert isinstance(alert, Alert)
    assert (message.key, message.resource, message.trimmed) == (alert.key, "event_alert", False)


@given(
    st.binary(max_size=60) | st.sampled_from([asked.body for asked in ASKED]),
    st.lists(
        st.tuples(
            st.sampled_from(["Sentry-Hook-Signature", "sentry-hook-resource", "DATADOG-SECRET-TOKEN", "x"]),
            st.text(max_size=8) | st.sampled_from([value for asked in ASKED for _, value in asked.headers]),
        ),
        max_size=4,
    ),
)
def test_any_bytes(body: bytes, headers: Pairs) -> None:
    """Whatever is sent gets a verdict, and no message without a sender who vouches for it."""
    verdict = verdict_of(body, headers, secrets=SECRETS, max_bytes=MAX_BYTES, received_at=1.0)

    if len(body) > MAX_BYTES:
        assert verdict.name == "too_large"
    elif verdict.name == "refused" and body:
        with pytest.raises(SignatureError):
            parse_alert(body, headers, secrets=SECRETS)
    assert (verdict.message is not None) == (verdict.name in {"kept", "quarantined"})


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
async def test_method(method: str) -> None:
    """Anything but POST is told so, and reads and keeps nothing."""
    inbox, watching = ListInbox(), Watching()
    exchange = Exchange([KEPT.body], KEPT.headers, method)

    assert await exchange.run(app_of(inbox, watch=watching)) == 405
    assert (b"allow", b"POST") in exchange.sent[0]["headers"]  # type: ignore[operator]  # a list
    assert (exchange.received, inbox.messages, watching.verdicts) == (0, [], [])


@pytest.mark.parametrize("length", [str(MAX_BYTES + 1), "9" * 5_000, "000" + "9" * 12])
async def test_declared_size(length: str) -> None:
    """A body that declares too much is not read at all."""
    exchange = Exchange([b""], [("Content-Length", length)])

    assert await exchange.run(app_of(ListInbox())) == 413
    assert exchange.received == 0


@pytest.mark.parametrize("length", ["12", "-1", "many", "\u00b2"])
async def test_streamed_size(length: str) -> None:
    """A body that is longer than it declared is read no further than the bound."""
    exchange = Exchange([b" " * 40_000] * 100, [("Content-Length", length)])

    assert await exchange.run(app_of(ListInbox())) == 413
    assert exchange.received == 3


@given(st.lists(st.integers(1, len(KEPT.body) - 1), max_size=6))
def test_chunks(cuts: list[int]) -> None:
    """However the body comes in pieces, it is the same body."""
    ends = [0, *sorted(cuts), len(KEPT.body)]
    chunks: list[bytes | None] = [KEPT.body[a:b] for a, b in itertools.pairwise(ends)]
    inbox = AsyncListInbox()

    assert asyncio.run(Exchange(chunks, KEPT.headers).run(app_of(inbox))) == 202
    assert [message.body for message in inbox.messages] == [KEPT.body]


@pytest.mark.parametrize("chunks", [[None], [KEPT.body[:9], None]])
async def test_disconnect(chunks: list[bytes | None]) -> None:
    """A sender that leaves is not answered, and nothing of it is kept."""
    inbox, watching = ListInbox(), Watching()
    exchange = Exchange([*chunks, b"late"], KEPT.headers)

    assert await exchange.run(app_of(inbox, watch=watching)) is None
    assert (inbox.messages, watching.verdicts) == ([], [])


async def test_many_headers() -> None:
    """An absurd number of headers is refused unread."""
    exchange = Exchange([KEPT.body], [*KEPT.headers, *[("x", "y")] * 300])

    assert await exchange.run(app_of(ListInbox())) == 401
    assert exchange.received == 0


async def test_slow_sender() -> None:
    """A body that does not come is given up, with an answer that asks for another attempt."""
    watching = Watching()
    exchange = Exchange([KEPT.body[:9], b"", b"", b""], KEPT.headers)
    exchange.chunks = exchange.chunks[:1]

    async def never() -> MutableMapping[str, object]:
        if exchange.received:
            await asyncio.sleep(60)
        exchange.received += 1
        return {"type": "http.request", "body": KEPT.body[:9], "more_body": True}

    headers = [(name.lower().encode(), value.encode()) for name, value in KEPT.headers]
    app = app_of(ListInbox(), timeout=0.1, watch=watching)
    await app({"type": "http", "method": "POST", "headers": headers}, never, exchange.send)

    assert exchange.status == 503
    assert watching.verdicts == [("unknown", "unavailable")]


async def test_failing_inbox() -> None:
    """What may not be durable is not acknowledged; the answer says nothing of why."""
    watching = Watching()
    exchange = Exchange([KEPT.body], KEPT.headers)

    assert await exchange.run(app_of(FailingInbox(), watch=watching)) == 503
    assert watching.verdicts == [("sentry", "unavailable")]
    assert exchange.sent[1]["body"] == b'{"verdict": "unavailable"}'


async def test_slow_inbox() -> None:
    """An inbox that takes too long is not waited for; what it keeps later does no harm."""
    inbox = SlowInbox()
    app = app_of(inbox, timeout=0.1)

    assert await asyncio.wait_for(ask(app), 5.0) == 503
    assert inbox.messages == []
    inbox.go_on.set()
    assert await ask(app) == 202
    assert {message.key for message in inbox.messages} == {decoded_key()}


def decoded_key() -> str:
    """The key of the alert that is kept."""
    alert = decode_alert(KEPT.body)
    assert isinstance(alert, Alert)
    return alert.key


async def test_locked_file(tmp_path: Path) -> None:
    """While another process holds the file's lock senders are told to come again; the late put lands once."""
    path = tmp_path / "inbox.db"
    with SqliteInbox(path, timeout=10.0) as inbox:
        assert inbox.stats().waiting == 0
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await asyncio.wait_for(ask(app_of(inbox, timeout=0.2)), 5.0) == 503
            other.execute("ROLLBACK")
        assert await ask(app_of(inbox, timeout=20.0)) == 202
        assert inbox.stats().waiting == 1


async def test_hanging_async_inbox() -> None:
    """So it is with an asynchronous one."""

    class Hanging:
        async def put(self, message: InboxMessage) -> None:
            await asyncio.sleep(60)

    assert await asyncio.wait_for(ask(app_of(Hanging(), timeout=0.1)), 5.0) == 503


async def test_flood() -> None:
    """While the inbox hangs, no more requests wait for it than a bound; the others are told at once."""
    inbox = SlowInbox()
    app = app_of(inbox, timeout=20.0)
    asked = [asyncio.create_task(ask(app)) for _ in range(300)]
    done, waiting = await asyncio.wait(asked, timeout=1.0)

    assert [task.result() for task in done] == [503] * 44
    inbox.go_on.set()
    assert await asyncio.gather(*waiting) == [202] * 256


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
async def test_secrecy(asked: Asked) -> None:
    """An answer holds a word, and no part of the request or of a secret."""
    exchange = Exchange([asked.body], asked.headers)
    await exchange.run(app_of(ListInbox()))

    assert json.loads(exchange.sent[1]["body"]) == {"verdict": asked.verdict}  # type: ignore[arg-type]  # bytes


async def test_lifespan() -> None:
    """The application takes part in the start and the end of its server."""
    told: list[MutableMapping[str, object]] = []
    events = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> MutableMapping[str, object]:
        return {"type": next(events)}

    async def send(event: MutableMapping[str, object]) -> None:
        told.append(event)

    await app_of(ListInbox())({"type": "lifespan"}, receive, send)
    assert [event["type"] for event in told] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    await app_of(ListInbox())({"type": "websocket"}, receive, send)
    assert told[-1]["type"] == "websocket.close"


@pytest.mark.parametrize("wrong", [{"max_bytes": 0}, {"timeout": 0}, {"timeout": 31.0}])
def test_refusals(wrong: dict[str, object]) -> None:
    """Bounds that bound nothing are refused."""
    with pytest.raises(ConfigError):
        app_of(ListInbox(), **wrong)


def test_replay() -> None:
    """The same alert signed again is the same key: what is kept twice becomes one task."""
    body, headers = sign_webhook(sentry_event_alert(title="Fehler: \u00e4"), SENTRY)
    verdict = verdict_of(body, headers, secrets=SECRETS, max_bytes=MAX_BYTES, received_at=1.0)

    assert verdict.message is not None
    assert verdict.message.key == decoded_key()


def test_junk_resource() -> None:
    """The resource is not signed: replays under made-up ones cannot fill the quarantine."""
    body, headers = sign_webhook(sentry_event_alert(), SENTRY)
    found = {
        verdict_of(
            body,
            {**headers, "Sentry-Hook-Resource": f"no resource {number}"},
            secrets=SECRETS,
            max_bytes=MAX_BYTES,
            received_at=1.0,
        )
        for number in range(3)
    }

    (verdict,) = found
    assert verdict.name == "quarantined"
    assert verdict.message is not None
    assert verdict.message.resource is None


def test_light() -> None:
    """A function that only receives webhooks starts without the router, the HTTP library or asyncio."""
    code = """
import sys
import sentry_governed as sg
sg.lambda_webhook
heavy = {"httpx", "cattrs", "yaml", "asyncio", "ssl", "logging", "sentry_governed.routing"}
print(sorted(heavy & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout == "[]\n"
