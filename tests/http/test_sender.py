"""The real senders against a server that keeps the rules."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import NotSent, Request, RequestRefused
from sentry_governed._http import AsyncHttpSender, HttpSender
from tests.http.conftest import Drive
from tests.http.makers import CANARY, GET, endpoint, method
from tests.http.servers import Server, answering, reply, zipped

POST = method("POST", body=b'{"a": 1}')


def test_request(drive: Drive) -> None:
    """A server receives the method, path, query, body and headers, and nothing else."""
    asked = Request("PUT", "/issues/{id}/", (("id", "a b"),), (("q", "is:x y"), ("q", "&")), b'{"a": 1}')
    with Server(answering(reply())) as server:
        drive.http(endpoint(f"{server.origin}/api/0"), asked)

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == "PUT /api/0/issues/a%20b/?q=is%3Ax%20y&q=%26 HTTP/1.1"
    assert body == b'{"a": 1}'
    assert sorted(headers) == [
        "Accept-Encoding: gzip",
        "Accept: application/json",
        f"Authorization: Bearer {CANARY}",
        "Content-Length: 8",
        "Content-Type: application/json",
        f"Host: 127.0.0.1:{server.port}",
        "User-Agent: sentry-governed",
        "X-Plain: plain",
    ]


@pytest.mark.parametrize("name", ["POST", "PUT", "DELETE", "PATCH"])
def test_no_body(name: str, drive: Drive) -> None:
    """A write without a body says so, a read does not mention one."""
    with Server(answering(reply())) as server:
        drive.http(endpoint(server.origin), method(name, body=None), GET)

    written, read = server.requests
    assert b"Content-Length: 0\r\n" in written
    assert b"Content-Type" not in written
    assert b"Content-Length" not in read


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"body": "hi"}, "the body is not bytes"),
        ({"body": bytearray(b"hi")}, "the body is not bytes"),
        ({"body": 5}, "the body is not bytes"),
        ({"params": (("issue_id", 5),)}, "'issue_id' is not a string"),
        ({"query": (("q",),)}, "it cannot be built: ValueError"),
        ({"query": 5}, "it cannot be built: TypeError"),
    ],
)
def test_wrong_types(wrong: dict[str, object], reason: str, drive: Drive) -> None:
    """A mistake of the program is refused before anything goes out, so that nothing is in doubt."""
    request = attrs.evolve(POST)
    for name, value in wrong.items():
        object.__setattr__(request, name, value)
    with Server(answering(reply())) as server:
        with pytest.raises(RequestRefused, match=reason):
            drive.http(endpoint(server.origin), request)

        assert server.connections == 0


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 404, 429, 500, 503])
def test_response(status: int, drive: Drive) -> None:
    """Any status is an answer: headers in lower case and in order, the body decoded."""
    body = b"" if status in (204, 304) else b'{"b": 2}'
    with Server(answering(reply(status, body, "X-B: 1", "x-a: \xe9", "X-b: 2"))) as server:
        (answer,) = drive.http(endpoint(server.origin), GET)

    assert (answer.status, answer.body) == (status, body)
    assert answer.headers == (("content-length", str(len(body))), ("x-b", "1"), ("x-a", "Ã©"), ("x-b", "2"))


def test_gzip(drive: Drive) -> None:
    """A compressed body is decoded."""
    with Server(answering(zipped(b"x" * 100_000))) as server:
        (answer,) = drive.http(endpoint(server.origin), GET)

    assert answer.body == b"x" * 100_000


@given(body=st.binary(max_size=2000), sizes=st.lists(st.integers(1, 300), max_size=8))
def test_chunked(drive: Drive, body: bytes, sizes: list[int]) -> None:
    """A body in chunks is put together, however it is cut."""
    said, left = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body
    for size in [*sizes, len(body)]:
        piece, left = left[:size], left[size:]
        said += b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""
    with Server(answering(said + b"0\r\n\r\n")) as server:
        (answer,) = drive.http(endpoint(server.origin), GET)

    assert answer.body == body


def test_keeps_connection(drive: Drive) -> None:
    """Requests of one sender share a connection."""
    with Server(answering(reply())) as server:
        drive.http(endpoint(server.origin), GET, POST, GET)

    assert (len(server.requests), server.connections) == (3, 1)


def test_no_cookies(drive: Drive) -> None:
    """A cookie that a server sets is never sent back."""
    with Server(answering(reply(200, b"{}", "Set-Cookie: session=1; Path=/"))) as server:
        drive.http(endpoint(server.origin), GET, GET)

    assert len(server.requests) == 2
    assert b"cookie" not in b"".join(server.requests).lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", ["GET", "POST", "PUT", "DELETE"])
def test_redirect(status: int, name: str, drive: Drive) -> None:
    """A redirect is an answer like any other; its target sees nothing, on whatever host."""
    with Server(answering(reply())) as elsewhere:
        moved = reply(status, b"", f"Location: {elsewhere.origin}/stolen")
        with Server(answering(moved)) as server:
            (answer,) = drive.http(endpoint(server.origin), method(name))
            assert len(server.requests) == 1

        assert (answer.status, answer.header("location")) == (status, f"{elsewhere.origin}/stolen")
        assert (elsewhere.connections, elsewhere.requests) == (0, [])


def test_no_time(drive: Drive) -> None:
    """Without time left nothing is sent."""
    with Server(answering(reply())) as server:
        with pytest.raises(NotSent, match="time"), HttpSender(endpoint(server.origin)) as sender:
            sender.send(GET, timeout=0)
        with pytest.raises(NotSent, match="deadline"):
            drive.http(endpoint(server.origin), GET, deadline=time.monotonic() - 1)

        assert server.connections == 0


def test_refused_query(drive: Drive) -> None:
    """A query that has no encoding is refused."""
    with Server(answering(reply())) as server, pytest.raises(RequestRefused, match="surrogate"):
        drive.http(endpoint(server.origin), Request("GET", "/x/", query=(("q", "\ud800"),)))


def test_refused_method(drive: Drive) -> None:
    """A method that no service documents is refused."""
    with Server(answering(reply())) as server:
        with pytest.raises(RequestRefused, match="method"):
            drive.http(endpoint(server.origin), Request("CONNECT", "/x/"))

        assert server.connections == 0


def test_closed() -> None:
    """A closed sender refuses, so that no connection is left open behind its back."""
    with Server(answering(reply())) as server:
        with HttpSender(endpoint(server.origin)) as sender:
            sender.send(GET)
        with pytest.raises(RequestRefused, match="closed"):
            sender.send(GET)

        async def use_closed() -> None:
            async with AsyncHttpSender(endpoint(server.origin)) as late:
                await late.send(GET)
            await late.send(GET)

        with pytest.raises(RequestRefused, match="closed"):
            asyncio.run(use_closed())


def test_many_threads() -> None:
    """One sender serves many threads, each with its own answer."""

    def echo(connection: socket.socket, server: Server) -> None:
        while seen := server.read_request(connection):
            connection.sendall(reply(200, seen.split(b" ")[1]))

    def ask(name: str) -> None:
        for _ in range(20):
            answer = sender.send(Request("GET", "/x/{name}", (("name", name),)))
            wrong.extend([] if answer.body == f"/x/{name}".encode() else [name])

    wrong: list[str] = []
    with Server(echo) as server, HttpSender(endpoint(server.origin)) as sender:
        threads = [threading.Thread(target=ask, args=(f"n{number}",)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert wrong == []
    assert len(server.requests) == 160
