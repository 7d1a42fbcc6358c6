"""A bucket that is unfit, a server that does not answer, replies that are lost: never a wrong answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import nats
import pytest
from nats.aio.client import Client

from sentry_governed.adapters.nats import NatsLedger
from sentry_governed.errors import ConfigError, LedgerError
from tests.adapters.nats.proxy import is_stored, proxied
from tests.adapters.nats.server import NatsServer, free_port, running

LATER = 4_000_000_000.0
DECADES = 100 * 365 * 86_400.0


async def refusal(work: Awaitable[object]) -> str:
    """The one line with which a ledger refuses, which drags along no other exception."""
    with pytest.raises(LedgerError) as caught:
        await work

    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@asynccontextmanager
async def opened(url: str, bucket: str = "ledger", timeout: float = 0.5) -> AsyncIterator[NatsLedger]:
    """A ledger with little patience."""
    async with await NatsLedger.open(url, bucket=bucket, ttl=DECADES, timeout=timeout) as ledger:
        yield ledger


@asynccontextmanager
async def other_tool(server: NatsServer) -> AsyncIterator[Client]:
    """A connection of nats-py."""
    client = await nats.connect(server.url)
    yield client
    await client.close()


@pytest.mark.parametrize("is_first", [True, False])
async def test_reply_lost(fragile: NatsServer, is_first: bool) -> None:
    """A write whose reply is lost is found, and counts as done under its true version."""
    async with proxied(fragile) as proxy, opened(proxy.url) as ledger:
        before = None if is_first else await ledger.put("k", "old", expected=None, expires_at=LATER)
        proxy.lose(is_stored)

        written = await ledger.put("k", "mine", expected=before.version if before else None, expires_at=LATER)

        assert proxy.lost == 1
        assert written is not None
        assert await ledger.get("k") == written
        assert await ledger.put("k", "next", expected=written.version, expires_at=LATER) is not None


async def test_reply_lost_and_overwritten(fragile: NatsServer) -> None:
    """A write whose reply is lost and that another has replaced is neither won nor lost: it is an error."""
    async with proxied(fragile) as proxy, opened(proxy.url) as ledger, opened(fragile.url) as other:
        proxy.lose(is_stored)
        writing = asyncio.ensure_future(ledger.put("k", "mine", expected=None, expires_at=LATER))
        found = await other.get("k")
        while found is None:
            found = await other.get("k")
        assert await other.put("k", "theirs", expected=found.version, expires_at=LATER) is not None

        assert "not known whether k was written" in await refusal(writing)


async def test_read_lost(fragile: NatsServer) -> None:
    """A read whose reply is lost is an error, not an absent key."""
    async with proxied(fragile) as proxy, opened(proxy.url) as ledger:
        await ledger.put("k", "v", expected=None, expires_at=LATER)
        proxy.lose(lambda data: b'"message"' in data)

        assert "no answer within 0.5 s" in await refusal(ledger.get("k"))
        assert await ledger.get("k") is not None


async def test_all_replies_lost(fragile: NatsServer) -> None:
    """A write that cannot even be looked up is an error; it is there all the same."""
    async with proxied(fragile) as proxy, opened(proxy.url) as ledger:
        proxy.lose(is_stored)
        writing = asyncio.ensure_future(ledger.put("k", "mine", expected=None, expires_at=LATER))
        await asyncio.sleep(0.2)
        proxy.lose(lambda data: b'"message"' in data)

        assert "no answer" in await refusal(writing)
        found = await ledger.get("k")
        assert found is not None
        assert found.value == "mine"


async def test_paused(fragile: NatsServer) -> None:
    """A server that stands still is an error within the timeout, and is used again when it goes on."""
    async with opened(fragile.url) as ledger:
        first = await ledger.put("k", "v", expected=None, expires_at=LATER)
        fragile.pause()
        async with asyncio.timeout(5):
            assert "no answer within 0.5 s" in await refusal(ledger.get("k"))
            assert "no answer" in await refusal(ledger.put("n", "v", expected=None, expires_at=LATER))
        fragile.resume()

        assert await ledger.get("k") == first


async def test_restarted(fragile: NatsServer) -> None:
    """What was written outlives a server that is killed; the ledger finds it again by itself."""
    async with opened(fragile.url, timeout=5) as ledger:
        first = await ledger.put("k", "v", expected=None, expires_at=LATER)
        assert first is not None
        fragile.restart()

        for _ in range(50):
            try:
                found = await ledger.get("k")
                break
            except LedgerError:  # JetStream itself may still be starting
                await asyncio.sleep(0.1)
        assert found == first
        second = await ledger.put("k", "w", expected=first.version, expires_at=LATER)
        assert second is not None
        assert second.version > first.version


async def test_closed(server: NatsServer) -> None:
    """A closed ledger refuses, and closing it twice is fine."""
    ledger = await NatsLedger.open(server.url, bucket="closed")
    await ledger.aclose()
    await ledger.aclose()

    assert await refusal(ledger.get("k")) == "bucket closed: connection closed"


async def test_nobody_there() -> None:
    """A server that is not there is an error in bounded time, which names it."""
    from sentry_governed.adapters.nats import NatsConfig

    url = f"nats://127.0.0.1:{free_port()}"
    config = NatsConfig(servers=url, connect_timeout=0.3)

    assert (await refusal(NatsLedger.open(config))).startswith(f"{url}: ")


async def test_no_jetstream(fragile: NatsServer) -> None:
    """A bucket that is not there is not made unless that is wanted."""
    assert "stream not found" in await refusal(NatsLedger.open(fragile.url, create=False))


@pytest.mark.parametrize("operation", ["delete", "purge"])
async def test_deleted_elsewhere(server: NatsServer, operation: str) -> None:
    """A key that another tool deletes is absent, and can be written under a greater version."""
    async with opened(server.url, f"tool_{operation}") as ledger, other_tool(server) as client:
        first = await ledger.put("a.b", "v", expected=None, expires_at=LATER)
        assert first is not None
        bucket = await client.jetstream().key_value(f"tool_{operation}")
        await getattr(bucket, operation)("a.b")

        assert await ledger.get("a.b") is None
        assert await ledger.put("a.b", "v", expected=first.version, expires_at=LATER) is None
        second = await ledger.put("a.b", "w", expected=None, expires_at=LATER)
        assert second is not None
        assert second.version > first.version


@pytest.mark.parametrize(
    "value", [b"x", b"[]", b"{}", b'{"value": "v"}', b'{"value": 1, "expires_at": "x", "nonce": ""}', b"\xff"]
)
async def test_foreign_value(server: NatsServer, value: bytes) -> None:
    """What something else wrote is an error, for reads and writes, and stays as it is."""
    async with opened(server.url, "foreign") as ledger, other_tool(server) as client:
        bucket = await client.jetstream().key_value("foreign")
        await bucket.put("k", value)

        assert "something else writes to it" in await refusal(ledger.get("k"))
        assert "something else" in await refusal(ledger.put("k", "v", expected=None, expires_at=LATER))
        assert (await bucket.get("k")).value == value


async def test_seen_by_other_tools(server: NatsServer) -> None:
    """A key is found under its own name by the usual tools, as JSON."""
    async with opened(server.url, "seen") as ledger, other_tool(server) as client:
        await ledger.put("sentry.1.a", "v", expected=None, expires_at=LATER)
        bucket = await client.jetstream().key_value("seen")

        found = json.loads((await bucket.get("sentry.1.a")).value or b"")

        assert (found["value"], found["expires_at"]) == ("v", LATER)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"storage": "memory"}, "a restart empties it"),
        ({"max_bytes": 10_000, "discard": "old"}, "discards old messages when full"),
        ({"max_msgs": 10}, "it has max_msgs and discards"),
    ],
)
async def test_unfit(server: NatsServer, changes: dict[str, object], problem: str) -> None:
    """A bucket that would lose records is refused at once."""
    bucket = f"unfit_{len(problem)}"
    config = {"name": f"KV_{bucket}", "subjects": [f"$KV.{bucket}.>"], "storage": "file", **changes}
    async with other_tool(server) as client:
        await client.request(f"$JS.API.STREAM.CREATE.KV_{bucket}", json.dumps(config).encode())

    with pytest.raises(ConfigError, match=problem):
        await NatsLedger.open(server.url, bucket=bucket)


async def test_too_late(server: NatsServer) -> None:
    """A record that the bucket would forget before its expiry is refused, whoever made the bucket."""
    async with await NatsLedger.open(server.url, bucket="short", ttl=86_400):
        pass
    async with await NatsLedger.open(server.url, bucket="short") as ledger:
        assert "forgets after 86400 seconds" in await refusal(
            ledger.put("k", "v", expected=None, expires_at=LATER)
        )


async def test_full(server: NatsServer) -> None:
    """A bucket that is full refuses, and keeps what it has."""
    config = {
        "name": "KV_full",
        "subjects": ["$KV.full.>"],
        "storage": "file",
        "max_bytes": 3_000,
        "discard": "new",
        "max_msgs_per_subject": 1,
    }
    async with other_tool(server) as client:
        await client.request("$JS.API.STREAM.CREATE.KV_full", json.dumps(config).encode())
    async with opened(server.url, "full") as ledger:
        first = await ledger.put("a", "x" * 1000, expected=None, expires_at=LATER)

        assert "maximum bytes" in await refusal(ledger.put("b", "x" * 2000, expected=None, expires_at=LATER))
        assert await ledger.get("a") == first


async def test_small_server() -> None:
    """A record that is too large for the server with its headers is refused, and the connection lives on."""
    refused = 0
    with running(config="max_payload: 4000") as server:
        async with opened(server.url) as ledger:
            for size in range(3500, 4000, 20):
                try:
                    await ledger.put(f"k.{size}", "x" * size, expected=None, expires_at=LATER)
                except LedgerError as error:
                    refused += 1
                    assert "more than the 4000 that the server takes" in str(error)  # noqa: PT017 - of some
            assert await ledger.get("k.3500") is not None

    assert 0 < refused < 25


async def test_borrowed(server: NatsServer) -> None:
    """A connection that was brought along is used, and left open."""
    async with other_tool(server) as client:
        ledger = await NatsLedger.open(client, bucket="borrowed")
        await ledger.put("k", "v", expected=None, expires_at=ledger._clock.time() + 5)
        await ledger.aclose()

        assert client.is_connected


@pytest.mark.parametrize("bucket", ["", "a.b", "a b", "a*", ">", "x" * 65, "é"], ids=ascii)
async def test_bad_bucket(bucket: str) -> None:
    """A name that is not one token is refused before anything is asked."""
    with pytest.raises(ConfigError, match="cannot be the name of a bucket"):
        await NatsLedger.open("nats://127.0.0.1:1", bucket=bucket)


@pytest.mark.parametrize(
    ("name", "value"), [("ttl", 1.0), ("ttl", 1e12), ("timeout", 0.0), ("timeout", 61.0)]
)
async def test_bad_number(name: str, value: float) -> None:
    """A number that no one could mean is refused before anything is asked."""
    with pytest.raises(ConfigError, match=f"{value}"):
        await NatsLedger.open("nats://127.0.0.1:1", **{name: value})  # type: ignore[arg-type]  # one of two
