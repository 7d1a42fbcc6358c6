"""A body's decoded size is bounded at every moment, whatever the length header says."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import ReplyLost, ResponseTooLarge
from sentry_governed._http.body import Body
from tests.http.makers import GET

ROOT = Path(__file__).parents[2]
LIMIT = 100_000
GZIP = [(b"Content-Encoding", b"gzip")]


def read(pieces: list[bytes], headers: list[tuple[bytes, bytes]], limit: int = LIMIT) -> bytes:
    """The body that arrives in these pieces."""
    body = Body(GET, headers, limit)
    for piece in pieces:
        body.feed(piece)
    return body.finish()


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data in pieces of these sizes, the rest in one."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


@given(data=st.binary(max_size=3000), sizes=st.lists(st.integers(0, 400), max_size=12))
def test_pieces(data: bytes, sizes: list[int]) -> None:
    """However the bytes are cut, the body is the same, compressed or not."""
    assert read(cut(data, sizes), []) == data
    assert read(cut(gzip.compress(data), sizes), GZIP) == data


@given(data=st.binary(max_size=200), junk=st.binary(min_size=1, max_size=200))
def test_junk(data: bytes, junk: bytes) -> None:
    """Bytes that are not one whole gzip stream are never taken for a body."""
    whole = gzip.compress(data)
    with pytest.raises(ReplyLost):
        read([whole + junk], GZIP)
    with pytest.raises(ReplyLost):
        read([whole, junk], GZIP)
    with pytest.raises(ReplyLost):
        read([whole[: -1 - len(junk) % (len(whole) - 1)]], GZIP)
    if not junk.startswith(b"\x1f"):
        with pytest.raises(ReplyLost):
            read([junk], GZIP)


def test_empty() -> None:
    """A reply without a body may still name a coding."""
    assert read([], GZIP) == b""
    assert read([b""], GZIP) == b""


@pytest.mark.parametrize("headers", [[], GZIP], ids=["plain", "gzip"])
def test_limit(headers: list[tuple[bytes, bytes]]) -> None:
    """Exactly the limit passes, one byte more does not."""
    pack = gzip.compress if headers else bytes

    assert len(read([pack(bytes(LIMIT))], headers)) == LIMIT
    with pytest.raises(ResponseTooLarge, match="100000"):
        read([pack(bytes(LIMIT + 1))], headers)


def test_stops_early() -> None:
    """Nothing is inflated once the limit is passed."""
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = bomb.compress(bytes(50_000_000)) + bomb.flush()
    body = Body(GET, GZIP, LIMIT)
    with pytest.raises(ResponseTooLarge):
        body.feed(data)


def test_memory() -> None:
    """A body that comes in tiny pieces takes little more than its size."""
    tracemalloc.start()
    body = Body(GET, [], 2**20)
    for _ in range(2**19):
        body.feed(bytes(2))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(body.finish()) == 2**20
    assert most < 3 * 2**20


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ([(b"content-encoding", b"gzip, gzip")], "'gzip, gzip'"),
        ([(b"CONTENT-ENCODING", b"gzip"), (b"Content-Encoding", b"gzip")], "'gzip, gzip'"),
        ([(b"content-encoding", b"br")], "'br'"),
        ([(b"content-encoding", b"deflate")], "'deflate'"),
        ([(b"content-encoding", b"gzip;q=1")], "'gzip;q=1'"),
        ([(b"content-encoding", b"\xff")], r"'\xff'"),
        ([(b"content-encoding", b"z" * 9000)], f"'{'z' * 40}'"),
    ],
)
def test_codings(headers: list[tuple[bytes, bytes]], named: str) -> None:
    """Several codings, or one that was not asked for, hide the size: they are named and refused unread."""
    with pytest.raises(ResponseTooLarge, match=re.escape(f"the reply's coding {named} hides its size")):
        Body(GET, headers, LIMIT)


@pytest.mark.parametrize("name", [b"", b"identity", b"Identity, ", b" x-GZIP , identity"])
def test_harmless_codings(name: bytes) -> None:
    """No coding, by whatever spelling, and gzip's old name are fine."""
    packed = gzip.compress(b"body") if b"GZIP" in name else b"body"

    assert read([packed], [(b"content-encoding", name)]) == b"body"


BOMB = """
import asyncio, gzip, resource, zlib
from sentry_governed import ResponseTooLarge
from sentry_governed._http import AsyncHttpSender, HttpSender
from tests.http.makers import GET, endpoint
from tests.http.servers import Server, reply, answering

press = zlib.compressobj(9, zlib.DEFLATED, 31)
layer = b"".join([press.compress(bytes(2**20)) for _ in range(200)]) + press.flush()
once = reply(200, layer, "Content-Encoding: gzip")
twice = reply(200, gzip.compress(layer, mtime=0), "Content-Encoding: gzip, gzip")
assert len(twice) < 1200, len(twice)

def peak():  # of this program alone; the kernel's other number is inherited
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

def attempt(origin):
    try:
        with HttpSender(endpoint(origin)) as sender:
            sender.send(GET)
    except ResponseTooLarge:
        return
    raise SystemExit("the bomb was taken for a body")

async def attempt_async(origin):
    try:
        async with AsyncHttpSender(endpoint(origin)) as sender:
            await sender.send(GET)
    except ResponseTooLarge:
        return
    raise SystemExit("the bomb was taken for a body")

with Server(answering(reply())) as server:
    with HttpSender(endpoint(server.origin)) as sender:
        sender.send(GET)
with Server(answering(twice, once)) as server:
    del layer
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 150 * 2**20,) * 2)
    before = peak()
    for _ in range(2):
        attempt(server.origin)
        asyncio.run(attempt_async(server.origin))
print((peak() - before) // 1024)
"""


def test_bombs() -> None:
    """A small bomb, once or twice compressed, makes the process grow by less than 64 MB."""
    done = subprocess.run(
        [sys.executable, "-c", BOMB], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 64
