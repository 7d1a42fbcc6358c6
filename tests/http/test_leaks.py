"""The token appears nowhere but in the request that a server receives."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import pickle
import signal
import socket
import threading
from collections.abc import Callable

import pytest

from sentry_governed import AllowAll, Denied, Request, TransportError
from sentry_governed._http import (
    AsyncHttpSender,
    AsyncRetryingSender,
    AsyncService,
    Flow,
    HttpSender,
    RetryingSender,
    RetryPolicy,
    Service,
    arun,
    run,
)
from tests.http.conftest import Drive
from tests.http.makers import CANARY, GET, Recorder, endpoint, method, one, traces
from tests.http.servers import Play, Server, answering, dripping, reply, resetting, saying, silent, zipped

POST = method("POST", body=bytes(8_000_000))
BAD_PATH = Request("GET", "/x/{name}/", (("name", ".."),))
BAD_QUERY = Request("GET", "/x/", query=(("q", "\ud800"),))
BAD_METHOD = Request("TRACE", "/x/")


def deaf(connection: socket.socket, server: Server) -> None:
    """Read nothing, so that the request is stuck while it is written."""
    del connection
    server.stopping.wait(20)


ENDINGS: dict[str, tuple[Play, Request]] = {
    "closes before": (saying(b""), GET),
    "closes amid": (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}"), GET),
    "resets before": (resetting(), GET),
    "resets amid": (resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}"), GET),
    "junk": (saying(b"\x00\xff\r\n\r\n"), GET),
    "too large": (answering(reply(200, bytes(100_000))), GET),
    "two codings": (answering(zipped(b"x", times=2)), GET),
    "not gzip": (answering(reply(200, b"{}", "Content-Encoding: gzip")), GET),
    "drips": (dripping(b"HTTP/1.1 200 OK" * 30), GET),
    "silent": (silent, GET),
    "deaf": (deaf, POST),
    "bad path": (answering(reply()), BAD_PATH),
    "bad query": (answering(reply()), BAD_QUERY),
    "bad method": (answering(reply()), BAD_METHOD),
    "echoes the token": (answering(b"HTTP/1.1 200 OK\r\nX: " + CANARY.encode() + b"\r\nY\r\n\r\n"), GET),
}


def attempt(drive: Drive, origin: str, request: Request, *, attempts: int = 1) -> None:
    """Send it with a sender alone, or, for several attempts, with a retrying one around it."""
    bounds = endpoint(origin, timeout=0.4, max_response_bytes=50_000)
    policy = RetryPolicy(attempts=attempts, first_wait=0.01)

    async def attempt_async() -> None:
        async with AsyncHttpSender(bounds) as sender:
            carrier = AsyncRetryingSender(sender, policy) if attempts > 1 else sender
            await arun(one(request), {"sentry": AsyncService(carrier, AllowAll())})

    if drive.is_async:
        asyncio.run(attempt_async())
    else:
        with HttpSender(bounds) as sender:
            carrier = RetryingSender(sender, policy) if attempts > 1 else sender
            run(one(request), {"sentry": Service(carrier, AllowAll())})


@pytest.mark.parametrize("ending", ENDINGS)
def test_errors(ending: str, drive: Drive, caplog: pytest.LogCaptureFixture) -> None:
    """No error, its chain, its frames or a log at its most talkative shows the token."""
    caplog.set_level(logging.DEBUG)
    play, request = ENDINGS[ending]
    with Server(play) as server, pytest.raises(TransportError) as caught:
        attempt(drive, server.origin, request)

    assert caught.value.__cause__ is caught.value.__context__ is None
    assert CANARY not in traces(caught.value)
    assert CANARY not in caplog.text or ending == "echoes the token"


def test_retries(drive: Drive) -> None:
    """Nor does an error that ends several attempts."""
    with Server(resetting()) as server, pytest.raises(TransportError) as caught:
        attempt(drive, server.origin, GET, attempts=3)

    assert server.connections == 3
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert CANARY not in traces(caught.value)


def test_no_server(drive: Drive) -> None:
    """Nor does an error of the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for scheme in ("http", "https"):
        with pytest.raises(TransportError) as caught:
            attempt(drive, f"{scheme}://127.0.0.1:{port}", GET)

        assert CANARY not in traces(caught.value)


def test_success(drive: Drive, caplog: pytest.LogCaptureFixture) -> None:
    """A request that succeeds is logged without the token, although the server got it."""
    caplog.set_level(logging.DEBUG)
    with Server(answering(reply())) as server:
        attempt(drive, server.origin, GET)

    assert f"Authorization: Bearer {CANARY}".encode() in server.requests[0]
    assert "httpcore" in caplog.text
    assert CANARY not in caplog.text


def test_denied(drive: Drive) -> None:
    """A denial in the middle of a call shows nothing."""
    with (
        Server(answering(reply())) as server,
        HttpSender(endpoint(server.origin)) as sender,
        pytest.raises(Denied) as caught,
    ):
        drive(one(), sender, Recorder(denies=Denied("no")))

    assert CANARY not in traces(caught.value)


def test_flow_fails(drive: Drive) -> None:
    """An error that a flow raises about an answer shows nothing."""

    def picky() -> Flow[None]:
        yield from one()
        raise ValueError("not what I wanted")

    with (
        Server(answering(reply())) as server,
        HttpSender(endpoint(server.origin)) as sender,
        pytest.raises(ValueError, match="wanted") as caught,
    ):
        drive(picky(), sender, AllowAll())

    assert CANARY not in traces(caught.value)


@pytest.mark.parametrize("request_", [GET, POST], ids=["reading", "writing"])
def test_interrupted(request_: Request) -> None:
    """An interruption while the header is in the library's hands shows nothing."""

    def interrupt(connection: socket.socket, server: Server) -> None:
        while request_ is GET and b"\r\n\r\n" not in connection.recv(65536):
            pass
        threading.Event().wait(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        server.stopping.wait(20)

    with (
        Server(interrupt) as server,
        HttpSender(endpoint(server.origin)) as sender,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        run(one(request_), {"sentry": Service(sender, AllowAll())})

    assert CANARY not in traces(caught.value)


@pytest.mark.parametrize("request_", [GET, POST], ids=["reading", "writing"])
def test_cancelled(request_: Request) -> None:
    """Neither does a cancellation."""

    async def cancel(origin: str, has_begun: Callable[[float], bool]) -> asyncio.CancelledError:
        async with AsyncHttpSender(endpoint(origin)) as sender:
            task = asyncio.ensure_future(arun(one(request_), {"sentry": AsyncService(sender, AllowAll())}))
            await asyncio.to_thread(has_begun, 5)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            return caught.value

    began = threading.Event()

    def stall(connection: socket.socket, server: Server) -> None:
        if request_ is GET:
            server.read_request(connection)
        began.set()
        server.stopping.wait(20)

    with Server(stall) as server:
        assert CANARY not in traces(asyncio.run(cancel(server.origin, began.wait)))


@pytest.mark.parametrize("make", [HttpSender, AsyncHttpSender])
def test_sender(make: type[HttpSender | AsyncHttpSender]) -> None:
    """A sender keeps the token nowhere but in its secret, and cannot be pickled away."""
    sender = make(endpoint("http://127.0.0.1:9"))

    assert CANARY not in f"{sender!r} {sender} {vars(sender)!r}"
    with pytest.raises(TypeError):
        pickle.dumps(sender)


def test_no_copy() -> None:
    """After a request no copy of the header lies about in an object that a dump would show."""
    with Server(saying(b"")) as server, HttpSender(endpoint(server.origin)) as sender:
        with pytest.raises(TransportError):
            sender.send(GET)
        gc.collect()

        header = f"Bearer {CANARY}".encode()
        assert not [
            found
            for found in gc.get_objects()
            if isinstance(found, list | tuple)
            and any(type(each) is bytes and each == header for each in found)  # others may compare oddly
        ]
