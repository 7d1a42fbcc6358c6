"""The webhook behind a real server, and mounted in the frameworks that people use."""

import socket
from collections.abc import Iterator
from pathlib import Path

import fastapi
import httpx
import pytest
import starlette.applications
import starlette.routing

from sentry_governed import SqliteInbox, webhook_app
from sentry_governed.adapters.webhooks import AsgiApp
from tests.adapters.requests import ASKED, MAX_BYTES, SECRETS, Asked, ListInbox
from tests.adapters.serve.uvicorns import served

KEPT = ASKED[0]
HEAD = "".join(f"{name}: {value}\r\n" for name, value in KEPT.headers)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[SqliteInbox]:
    """A new inbox."""
    with SqliteInbox(tmp_path / "inbox.db") as found:
        yield found


def app_of(inbox: SqliteInbox | ListInbox) -> AsgiApp:
    """The application with the tests' secrets, and time enough for a busy machine."""
    return webhook_app(secrets=SECRETS, inbox=inbox, max_bytes=MAX_BYTES, timeout=5.0)


@pytest.fixture
def port(inbox: SqliteInbox) -> Iterator[int]:
    """Where it is served."""
    with served(app_of(inbox)) as found:
        yield found


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
def test_verdicts(asked: Asked, port: int, inbox: SqliteInbox) -> None:
    """Each request gets over the wire what it gets in process."""
    answer = httpx.post(f"http://127.0.0.1:{port}/any/path", content=asked.body, headers=asked.headers)

    assert (answer.status_code, answer.json()) == (asked.status, {"verdict": asked.verdict})
    assert [item.size for item in inbox.list()] == [len(asked.body)] * (
        asked.verdict in {"kept", "quarantined"}
    )


def test_methods(port: int) -> None:
    """Whoever looks without a webhook is answered too."""
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 405
    assert httpx.head(f"http://127.0.0.1:{port}/").status_code == 405


def raw(port: int, sent: bytes) -> bytes:
    """What the server answers to these bytes, until it closes or nothing comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10.0) as connection:
        connection.sendall(sent)
        return connection.recv(65_536)


def test_chunked(port: int, inbox: SqliteInbox) -> None:
    """A chunked body is the same body, and bounded like it."""
    pieces = [KEPT.body[:1_000], KEPT.body[1_000:]]
    chunks = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    head = f"POST / HTTP/1.1\r\nHost: a\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()

    assert raw(port, head + chunks + b"0\r\n\r\n").startswith(b"HTTP/1.1 202 ")
    assert inbox.stats().waiting == 1
    endless = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    assert raw(port, head + endless * 4).startswith(b"HTTP/1.1 413 ")


def test_declared(port: int) -> None:
    """A body that declares too much is refused before it is sent."""
    head = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {10**12}\r\n\r\n".encode()

    assert raw(port, head).startswith(b"HTTP/1.1 413 ")


def test_leaves(port: int, inbox: SqliteInbox) -> None:
    """A sender that leaves amid its body leaves nothing, and the next one is served."""
    head = f"POST / HTTP/1.1\r\nHost: a\r\n{HEAD}Content-Length: {len(KEPT.body)}\r\n\r\n".encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), timeout=10.0) as connection:
            connection.sendall(head + KEPT.body[:100])

    assert raw(port, head + KEPT.body).startswith(b"HTTP/1.1 202 ")
    assert inbox.stats().waiting == 1


def test_slow_body(inbox: SqliteInbox) -> None:
    """A body that stops coming is answered 503 in time."""
    head = f"POST / HTTP/1.1\r\nHost: a\r\n{HEAD}Content-Length: {len(KEPT.body)}\r\n\r\n".encode()
    with served(webhook_app(secrets=SECRETS, inbox=inbox, timeout=0.2)) as port:
        assert raw(port, head + KEPT.body[:100]).startswith(b"HTTP/1.1 503 ")
    assert inbox.list() == ()


def starlette_app(webhook: AsgiApp) -> AsgiApp:
    """It mounted in Starlette."""
    return starlette.applications.Starlette(routes=[starlette.routing.Mount("/hook", app=webhook)])


def fastapi_app(webhook: AsgiApp) -> AsgiApp:
    """It mounted in FastAPI, beside a route of its own."""
    app = fastapi.FastAPI()
    app.get("/alive")(lambda: "yes")
    app.mount("/hook", webhook)
    return app


@pytest.mark.parametrize("frame", [starlette_app, fastapi_app])
@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
async def test_mounted(frame: type, asked: Asked) -> None:
    """Mounted in a framework it judges the same, whatever is below its path."""
    inbox = ListInbox()
    transport = httpx.ASGITransport(frame(app_of(inbox)))
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
        answer = await client.post("/hook/sentry", content=asked.body, headers=asked.headers)

    assert answer.status_code == asked.status
    assert len(inbox.messages) == (asked.verdict in {"kept", "quarantined"})
