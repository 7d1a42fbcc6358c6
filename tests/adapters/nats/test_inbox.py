"""The inbox on a real server: what it has taken is there, and what it has not taken it says."""

import asyncio
import hashlib

import attrs
import pytest

from sentry_governed._values import InboxMessage
from sentry_governed.adapters._envelope import unpacked
from sentry_governed.adapters.nats import JetStreamInbox, JetStreamQueue, NatsConfig
from sentry_governed.errors import ConfigError, InboxError
from tests.adapters.nats.proxy import is_stored, proxied
from tests.adapters.nats.scene import Scene, new_scene
from tests.adapters.nats.server import NatsServer, free_port


async def stored(scene: Scene) -> list[InboxMessage]:
    """What the queue holds."""
    state = (await scene.js.stream_info(scene.queue.stream)).state
    return [
        unpacked((await scene.js.get_msg(scene.queue.stream, number)).data or b"")
        for number in range(state.first_seq, state.last_seq + 1)
    ]


async def test_put(server: NatsServer) -> None:
    """A message is in the stream as it was put, under its source's subject and its key."""
    async with new_scene(server) as scene:
        message = scene.message()
        await scene.put(message)

        assert await stored(scene) == [message]
        raw = await scene.js.get_msg(scene.queue.stream, 1)
        assert raw.subject == f"{scene.queue.stream}.alerts.sentry"
        assert (raw.headers or {})["Nats-Msg-Id"] == message.key


async def test_twice(server: NatsServer) -> None:
    """What is put again is kept once; what has another key is kept too."""
    async with new_scene(server) as scene:
        first, second = scene.message(), scene.message()
        await scene.put(first, first, second, attrs.evolve(first, body=b"{}"))

        assert await stored(scene) == [first, second]


async def test_quarantine(server: NatsServer) -> None:
    """What cannot be read is kept aside, once, without a worker ever seeing it."""
    async with new_scene(server) as scene:
        digest = hashlib.sha256(b"\xff").hexdigest()
        broken = scene.message(key=None, body=b"\xff", sha256=digest, problem="no JSON")
        await scene.put(broken, broken, attrs.evolve(broken, body=b"x", sha256="0" * 64))

        assert await scene.waiting() == 0
        one, _two = await scene.dead()
        assert one.subject == f"{scene.queue.stream}.quarantine"
        assert unpacked(one.data or b"") == broken


async def test_too_large(server: NatsServer) -> None:
    """What is too large even when it is trimmed is refused, and the connection is not lost for it."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        with pytest.raises(InboxError, match="larger than the"):
            await inbox.put(scene.message(body=b"x" * 3_000_000))
        await inbox.put(scene.message(body=b'"' + b"x" * 1_000_000 + b'"'))
        await inbox.put(scene.message())

        assert await scene.waiting() == 2


async def test_trimmed(server: NatsServer) -> None:
    """A webhook above the server's limit is trimmed to what routing needs."""
    async with new_scene(server) as scene:
        alert = scene.world.alert()
        message = scene.message(alert)
        padded = message.body[:-1] + b', "padding": "' + b"x" * 2_000_000 + b'"}'
        await scene.put(attrs.evolve(message, body=padded))

        (kept,) = await stored(scene)
        assert (kept.trimmed, kept.key, kept.sha256) == (True, message.key, message.sha256)


async def test_reply_lost(fragile: NatsServer) -> None:
    """A reply that is lost is an error in well under a second; putting it again keeps it once."""
    async with proxied(fragile) as proxy, new_scene(fragile) as scene:
        async with await JetStreamInbox.open(proxy.url, scene.queue) as inbox:
            message = scene.message()
            proxy.lose(is_stored)
            async with asyncio.timeout(0.95):
                with pytest.raises(InboxError, match=r"no answer within 0\.7 s"):
                    await inbox.put(message)
            await inbox.put(message)

        assert await scene.waiting() == 1


async def test_paused(fragile: NatsServer) -> None:
    """A server that stands still is an error in well under a second."""
    async with new_scene(fragile) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        fragile.pause()
        async with asyncio.timeout(0.95):
            with pytest.raises(InboxError, match="no answer") as caught:
                await inbox.put(scene.message())
        fragile.resume()

        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        await inbox.put(scene.message())


async def test_restarted(fragile: NatsServer) -> None:
    """What was put outlives a server that is killed; the inbox finds it again by itself."""
    async with new_scene(fragile) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        kept = [scene.message() for _ in range(3)]
        for message in kept:
            await inbox.put(message)
        fragile.kill()
        with pytest.raises(InboxError):
            await inbox.put(scene.message())
        fragile.start()

        async def accepts() -> bool:
            try:
                await inbox.put(scene.message())
            except InboxError:
                return False
            return True

        await scene.until(accepts)
        assert [message for message in await stored(scene) if message in kept] == kept


async def test_stream_deleted(server: NatsServer) -> None:
    """A stream that is deleted meanwhile is an error: nothing is taken that nobody keeps."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        await scene.js.delete_stream(scene.queue.stream)

        with pytest.raises(InboxError, match="no stream listens there"):
            await inbox.put(scene.message())


async def test_stream_late(server: NatsServer) -> None:
    """A stream that is there a moment later, as after a restart, is waited for."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        await scene.js.delete_stream(scene.queue.stream)
        putting = asyncio.create_task(inbox.put(scene.message()))
        await asyncio.sleep(0.2)
        async with await JetStreamInbox.open(scene.url, scene.queue):
            await putting

        assert await scene.waiting() == 1


async def test_foreign_stream(server: NatsServer) -> None:
    """A subject that another stream takes is an error: the message would be where no worker looks."""
    async with new_scene(server) as scene:
        await scene.js.add_stream(name=scene.queue.stream, subjects=["elsewhere"], storage="file")
        await scene.js.add_stream(name=f"{scene.queue.stream}x", subjects=[scene.queue.alerts("*")])

        with pytest.raises(InboxError, match="expected stream does not match"):
            await scene.put(scene.message())


async def test_full(server: NatsServer) -> None:
    """A stream that is full is an error, and keeps what it has."""
    async with new_scene(server) as scene:
        config = {**scene.queue.stream_config(), "max_msgs": 1}
        config.pop("duplicate_window"), config.pop("num_replicas")
        await scene.js.add_stream(**config)  # type: ignore[arg-type]  # fields
        first = scene.message()
        await scene.put(first)

        with pytest.raises(InboxError, match="maximum messages exceeded"):
            await scene.put(scene.message())
        assert await stored(scene) == [first]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"storage": "memory"}, "its storage is not a file"),
        ({"retention": "interest"}, "its retention is interest"),
        ({"max_bytes": 9, "discard": "old"}, "max_bytes and discards old messages"),
        ({"max_msgs": 9, "discard": "old"}, "max_msgs and discards old messages"),
    ],
)
@pytest.mark.parametrize("which", ["stream_config", "dead_stream_config"])
async def test_leaky(server: NatsServer, which: str, changes: dict[str, object], problem: str) -> None:
    """A stream that would lose messages is refused at once, whoever made it."""
    async with new_scene(server) as scene:
        config = {**getattr(scene.queue, which)(), **changes}
        config.pop("duplicate_window")
        await scene.js.add_stream(**config)

        with pytest.raises(ConfigError, match=problem):
            await JetStreamInbox.open(scene.url, scene.queue)


async def test_not_made(server: NatsServer) -> None:
    """Streams that are not there are not made unless that is wanted."""
    async with new_scene(server) as scene:
        with pytest.raises(InboxError, match="stream not found"):
            await JetStreamInbox.open(scene.url, scene.queue, create=False)


async def test_nobody_there() -> None:
    """A server that is not there is an error in bounded time."""
    config = NatsConfig(servers=(f"nats://127.0.0.1:{free_port()}",), connect_timeout=0.3)

    with pytest.raises(InboxError, match="127"):
        await JetStreamInbox.open(config)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"stream": "a.b"}, "cannot be the name of a stream"),
        ({"durable": "a b"}, "cannot be the name of a durable"),
        ({"prefix": "a..b"}, "cannot be a subject"),
        ({"prefix": "a.*"}, "cannot be a subject"),
        ({"prefix": "a.>"}, "cannot be a subject"),
        ({"prefix": ".a"}, "cannot be a subject"),
        ({"filter_subject": "a.x*.b"}, "cannot be a subject"),
        ({"filter_subject": "a.>.b"}, "cannot be a subject"),
        ({"ack_wait": 0.5}, "ack_wait is 0.5"),
        ({"ack_wait": 3601}, "ack_wait is 3601"),
        ({"max_ack_pending": 0}, "max_ack_pending is 0"),
        ({"max_deliver": 0}, "max_deliver is 0"),
        ({"replicas": 0}, "replicas is 0"),
        ({"patience": 0}, "patience is 0"),
        ({"patience": float("nan")}, "patience is nan"),
    ],
)
def test_bad_queue(fields: dict[str, object], problem: str) -> None:
    """Names that are not one token, and numbers that no one could mean, are refused."""
    with pytest.raises(ConfigError, match=problem):
        JetStreamQueue(**fields)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("subject", ["a", "a.b", "a.*.c", "a.>", "*.b"])
def test_filter(subject: str) -> None:
    """A filter may have wildcards where NATS allows them."""
    assert JetStreamQueue(filter_subject=subject).filter_subject == subject


@pytest.mark.parametrize("timeout", [0.0, -1.0, 61.0, float("nan")])
async def test_bad_timeout(timeout: float) -> None:
    """A timeout that no one could mean is refused before anything is asked."""
    with pytest.raises(ConfigError, match="cannot wait for"):
        await JetStreamInbox.open("nats://127.0.0.1:1", timeout=timeout)
