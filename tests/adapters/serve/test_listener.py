"""The HTTP server of a process, and what operators ask it."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import pytest

from sentry_governed.adapters._listener import Listener
from sentry_governed.adapters._metrics import Metrics
from sentry_governed.adapters._operations import Readiness, operations_app
from sentry_governed.adapters.webhooks import AsgiApp
from sentry_governed.adapters.webhooks._asgi import AsgiEvent, Receive, Send
from sentry_governed.errors import ConfigError


async def teapot(_scope: AsgiEvent, _receive: Receive, send: Send) -> None:
    """An application."""
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"short and stout"})


def unstarted(host: str, port: int) -> Listener:
    """A server that does not run yet."""
    return Listener(teapot, host=host, port=port, connections=100, drain=5.0)


@contextmanager
def listening(app: AsgiApp, *, connections: int = 100, idle: float = 15.0) -> Generator[Listener]:
    """A server of an application on a free port, in a thread."""
    listener = Listener(app, host="127.0.0.1", port=0, connections=connections, drain=5.0, idle=idle)
    thread = threading.Thread(target=listener.run, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.stop()
        thread.join(10)
        assert not thread.is_alive()


def ask(listener: Listener, path: str, method: str = "GET") -> tuple[int, str]:
    """A request's status and body."""
    connection = http.client.HTTPConnection(*listener.address, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def nothing_wrong() -> list[str]:
    """The answer of a process that is ready."""
    return []


def operations(problems: Callable[[], list[str]] = nothing_wrong, others: AsgiApp | None = None) -> AsgiApp:
    """The operators' application."""
    return operations_app(Metrics(), Readiness(problems), others)


def test_paths() -> None:
    """Health, readiness and metrics are served beside everything else."""
    with listening(operations(others=teapot)) as listener:
        assert ask(listener, "/healthz") == (200, '{"alive": true}\n')
        assert ask(listener, "/readyz") == (200, '{"ready": true, "problems": []}\n')
        status, text = ask(listener, "/metrics")
        assert status == 200
        assert "sentry_governed_dead_letters_total 0.0" in text
        assert ask(listener, "/webhooks/sentry") == (418, "short and stout")
        assert ask(listener, "/metrics/")[0] == 418


def test_nothing_else() -> None:
    """A worker answers operators only, and only what they may ask."""
    with listening(operations()) as listener:
        assert ask(listener, "/webhooks/sentry")[0] == 404
        assert ask(listener, "/metrics", "POST")[0] == 405
        assert ask(listener, "/healthz", "HEAD") == (200, "")


def test_not_ready() -> None:
    """What is wrong is told, and remembered for a moment so that asking costs little."""
    asked: list[int] = []

    def problems() -> list[str]:
        asked.append(1)
        return ["the inbox cannot be written"]

    with listening(operations(problems)) as listener:
        for _ in range(3):
            status, body = ask(listener, "/readyz")
            assert status == 503
            assert json.loads(body) == {"ready": False, "problems": ["the inbox cannot be written"]}
    assert len(asked) < 3


def test_taken_port() -> None:
    """An address that cannot be listened on is a wrong configuration."""
    with listening(teapot) as listener:
        host, port = listener.address
        with pytest.raises(ConfigError, match=rf"cannot listen on 127\.0\.0\.1 port {port}: address already"):
            unstarted(host, port)
    with pytest.raises(ConfigError, match="cannot listen on no such host port 80"):
        unstarted("no such host", 80)


def test_answers_under_way() -> None:
    """A stop lets the answers under way be given, and takes no further connection."""
    begun, may_end = threading.Event(), threading.Event()

    async def slow(scope: AsgiEvent, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.to_thread(may_end.wait, 10)
        await teapot(scope, receive, send)

    answers: list[tuple[int, str]] = []
    with listening(slow) as listener:
        client = threading.Thread(target=lambda: answers.append(ask(listener, "/")))
        client.start()
        assert begun.wait(10)
        listener.stop()
        _refused(listener.address)
        may_end.set()
        client.join(10)
    assert answers == [(418, "short and stout")]


def _refused(address: tuple[str, int]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            return
        time.sleep(0.01)
    raise AssertionError("it still listens")


def test_stop_before_run() -> None:
    """A stop that comes first is not forgotten."""
    listener = unstarted("127.0.0.1", 0)
    address = listener.address
    listener.stop()
    listener.run()

    _refused(address)


def test_too_many() -> None:
    """More connections than are allowed are told to come again."""
    with listening(teapot, connections=2) as listener:
        idle = [socket.create_connection(listener.address) for _ in range(3)]
        try:
            time.sleep(0.1)
            assert ask(listener, "/")[0] == 503
        finally:
            for connection in idle:
                connection.close()


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /"])
def test_unused_connection(begun: bytes) -> None:
    """A connection without a whole request loses its place to others, however it dawdles."""
    with listening(teapot, idle=0.3) as listener, socket.create_connection(listener.address) as slow:
        slow.sendall(begun)
        slow.settimeout(0.05)
        end = time.monotonic() + 10
        closed = False
        while not closed and time.monotonic() < end:
            with suppress(TimeoutError):
                closed = not slow.recv(1000)
            with suppress(OSError):
                slow.sendall(b"x")
        assert closed


def test_slow_answer() -> None:
    """A connection that waits for its answer keeps its place."""

    async def slow(scope: AsgiEvent, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.5)
        await teapot(scope, receive, send)

    with listening(slow, idle=0.1) as listener:
        assert ask(listener, "/") == (418, "short and stout")
