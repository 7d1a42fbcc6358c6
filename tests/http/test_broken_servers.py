"""The real senders against servers that break the rules, or take their time."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from sentry_governed import AllowAll, ReplyLost, ResponseTooLarge
from sentry_governed._http import AsyncHttpSender, AsyncService, HttpSender, arun
from tests.http.conftest import Drive
from tests.http.makers import GET, endpoint, method, one, within
from tests.http.servers import Play, Server, answering, dripping, reply, resetting, saying, silent, zipped

POST = method("POST", body=b'{"a": 1}')


LONG = "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"


BROKEN: dict[str, Play] = {
    "closes before": saying(b""),
    "closes in the status line": saying(b"HTTP/1.1 20"),
    "closes in the headers": saying(b"HTTP/1.1 200 OK\r\nContent-"),
    "closes before the body": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    "closes in the body": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}"),
    "closes in a chunk": saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
    "closes before the last chunk": saying(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
    ),
    "resets before": resetting(),
    "resets in the headers": resetting(b"HTTP/1.1 200 OK\r\nX:"),
    "resets in the body": resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}"),
    "does not speak HTTP": saying(b"SSH-2.0-OpenSSH_9.0\r\n"),
    "lies about the length": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}"),
    "has no number for a length": saying(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"),
    "cuts a gzip stream short": saying(zipped(b"x" * 1000)[:-9].replace(b"Content-Length", b"X-Length")),
    "says gzip and is not": saying(reply(200, b"{}", "Content-Encoding: gzip")),
    "has endless headers": saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000),
    "has an endless header": saying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000),
}  # fmt: skip


@pytest.mark.parametrize("play", BROKEN)
def test_broken(play: str, drive: Drive) -> None:
    """A reply that is not whole is lost: the request may have been applied."""
    assert type(drive.fails(BROKEN[play], POST)) is ReplyLost


def test_idle_connection_closed(drive: Drive) -> None:
    """A kept connection that is closed as the next request goes out loses that reply."""

    def play(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(reply())
        server.read_request(connection)

    with Server(play) as server:
        with pytest.raises(ReplyLost):
            drive.http(endpoint(server.origin), GET, POST)

        assert (server.connections, len(server.requests)) == (1, 2)


def test_closed_while_idle(drive: Drive) -> None:
    """A kept connection that was closed in between is noticed, and a new one opened."""
    with Server(saying(reply())) as server, HttpSender(endpoint(server.origin)) as sender:
        sender.send(GET)
        time.sleep(0.1)

        assert sender.send(POST).status == 200
        assert server.connections == 2


DRIPS: dict[str, Play] = {
    "status and headers": dripping(LONG.encode() * 9),
    "endless header": dripping(b"x" * 400, first=b"HTTP/1.1 200 OK\r\nX: "),
    "body": dripping(b"x" * 400, first=LONG.encode()),
    "chunks": dripping(b"1\r\nx\r\n" * 90, first=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "interim responses": dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 90),
    "nothing": silent,
}


@pytest.mark.parametrize("play", DRIPS)
def test_drip(play: str, drive: Drive) -> None:
    """However slowly a server talks, the whole request ends at its time."""
    with within(2.5):
        error = drive.fails(DRIPS[play], timeout=0.5)

    assert type(error) is ReplyLost
    assert "in time" in error.reason


def test_drip_caller(drive: Drive) -> None:
    """The caller's deadline ends it as well."""
    with within(2.5), Server(DRIPS["body"]) as server, pytest.raises(ReplyLost, match="in time"):
        drive.http(endpoint(server.origin), GET, deadline=time.monotonic() + 0.5)


def test_own_bound(drive: Drive) -> None:
    """A caller with more time does not make one request last longer than the service's bound."""
    deadline = time.monotonic() + 60
    with within(2.5), Server(silent) as server, pytest.raises(ReplyLost, match="in time"):
        drive.http(endpoint(server.origin, timeout=0.5), GET, deadline=deadline)


@pytest.mark.parametrize("sip", [2048, 65536])
def test_slow_reader(sip: int, drive: Drive) -> None:
    """A server that reads a large body too slowly is left at the same time, however steadily it reads."""

    def read(connection: socket.socket, server: Server) -> None:
        while not server.stopping.wait(0.01):
            connection.recv(sip)

    with within(4):
        error = drive.fails(read, method("POST", body=bytes(60_000_000)), timeout=0.5)

    assert type(error) is ReplyLost


def test_too_large(drive: Drive) -> None:
    """A body over the bound is refused, with or without an honest length, and its connection closed."""
    whole = reply(200, bytes(1001))
    for said in (whole, whole.replace(b"Content-Length", b"X-Length"), zipped(bytes(1001))):
        error = drive.fails(saying(said), max_response_bytes=1000)
        assert type(error) is ResponseTooLarge
    with Server(answering(reply(200, bytes(1000)))) as server:
        assert drive.http(endpoint(server.origin, max_response_bytes=1000), GET)[0].body == bytes(1000)


def test_endless(drive: Drive) -> None:
    """A body without an end is refused at the bound."""

    def pour(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.stopping.is_set():
            connection.sendall(bytes(65536))

    assert type(drive.fails(pour)) is ResponseTooLarge


def test_two_codings(drive: Drive) -> None:
    """A body that is compressed twice is refused unread."""
    assert type(drive.fails(saying(zipped(b"x", times=2)))) is ResponseTooLarge


def test_cancelled() -> None:
    """Cancelling closes the connection, which the server notices."""

    async def cancel(origin: str, got_request: threading.Event) -> None:
        async with AsyncHttpSender(endpoint(origin)) as sender:
            task = asyncio.ensure_future(arun(one(), {"sentry": AsyncService(sender, AllowAll())}))
            await asyncio.to_thread(got_request.wait, 5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.hung_up.wait, 5)

    with Server(silent) as server:
        asyncio.run(cancel(server.origin, server.got_request))
