"""What an operator sees of a queue on a real server, and does with what was put aside."""

import time

import attrs
import pytest

from sentry_governed.adapters.nats import JetStreamInbox
from sentry_governed.errors import InboxError
from tests.adapters.nats.scene import new_scene
from tests.adapters.nats.server import NatsServer


async def test_stats(server: NatsServer) -> None:
    """What waits, what a worker holds, what was put aside, and how old the oldest is."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        empty = await inbox.stats()
        assert (empty.waiting, empty.leased, empty.dead, empty.quarantined, empty.oldest_age) == (
            0,
            0,
            0,
            0,
            None,
        )
        await scene.js.publish(scene.queue.alerts("sentry"), b"\xff")
        await scene.work_off()
        await scene.put(scene.message(), scene.message(), scene.message(problem="no JSON", key=None))
        pulling = await scene.js.pull_subscribe_bind(scene.queue.durable, scene.queue.stream)
        await pulling.fetch(1, timeout=5)

        stats = await inbox.stats()

        assert (stats.waiting, stats.leased, stats.dead, stats.quarantined) == (2, 1, 1, 1)
        assert stats.oldest_age is not None
        assert 0 <= stats.oldest_age < 60
        assert stats.waiting_bytes > 0


async def test_list(server: NatsServer) -> None:
    """Everything that was put aside, or one kind, in pages, without the bodies."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        for number in range(3):
            await scene.js.publish(scene.queue.alerts("sentry"), b"\xff" * (number + 1))
        await scene.work_off(loops=1)
        broken = scene.message(problem="no JSON", key=None)
        await inbox.put(broken)

        everything = await inbox.list()

        assert [item.state for item in everything] == ["dead", "dead", "dead", "quarantined"]
        assert [item.size for item in everything] == [1, 2, 3, len(broken.body)]
        assert {item.message.body for item in everything} == {b""}
        assert everything[3].message == attrs.evolve(broken, body=b"")
        assert everything[3].reason == "no JSON"
        assert await inbox.list("quarantined") == everything[3:]
        assert await inbox.list("dead", limit=2) == everything[:2]
        assert await inbox.list("dead", limit=2, after=everything[1].number) == everything[2:3]
        assert await inbox.list("waiting") == ()


async def test_show(server: NatsServer) -> None:
    """A dead letter says when it came, how often it was tried and why it was given up."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        await scene.js.publish(
            scene.queue.alerts("datadog"), b"\xff", headers={"Sentry-Hook-Resource": "event_alert"}
        )
        await scene.work_off()

        item = await inbox.show(1)

        assert item is not None
        assert (item.state, item.attempts, item.leased, item.message.body) == ("dead", 1, False, b"\xff")
        assert (item.message.source, item.message.resource) == ("datadog", "event_alert")
        assert abs(item.message.received_at - time.time()) < 60
        assert item.reason
        for number in (2, 0, -1):
            assert await inbox.show(number) is None


async def test_retry(server: NatsServer) -> None:
    """A dead letter that is retried at once is handled again, as what it was, and is put aside no more."""
    async with new_scene(server, max_deliver=1) as scene:
        message = scene.message()
        await scene.put(message)
        async with await JetStreamInbox.open(scene.url, scene.queue) as inbox:
            await scene.js.add_consumer(
                scene.queue.stream,
                durable_name=scene.queue.durable,
                ack_policy="explicit",
                ack_wait=scene.queue.ack_wait,
                max_deliver=-1,
                max_ack_pending=1000,
            )
            pulling = await scene.js.pull_subscribe_bind(scene.queue.durable, scene.queue.stream)
            (taken,) = await pulling.fetch(1, timeout=5)
            await taken.nak()
            await scene.work_off()
            assert scene.seen.names == ["Rejected DeadLetter"]
            (item,) = await inbox.list("dead")
            assert item.message == attrs.evolve(message, body=b"")

            assert await inbox.retry(item.number)

            assert await inbox.list() == ()
            assert not await inbox.retry(item.number)
            await scene.work_off()
            assert scene.seen.names[1:] == ["Created Ack"]


async def test_retry_quarantined(server: NatsServer) -> None:
    """What could not be read is read anew: here it can be."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        await inbox.put(scene.message(problem="an older release could not read it", key=None))

        assert await inbox.retry(1)

        await scene.work_off()
        assert scene.seen.names == ["Created Ack"]


async def test_retry_bare(server: NatsServer) -> None:
    """A payload of another producer goes back as it was, with its own headers, under its own subject."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        await scene.js.publish(scene.queue.alerts("datadog"), b"\xff", headers={"Customer": "acme"})
        await scene.work_off()
        await inbox.retry(1)

        raw = await scene.js.get_msg(scene.queue.stream, 2)

        assert (raw.subject, raw.data) == (scene.queue.alerts("datadog"), b"\xff")
        headers = raw.headers or {}
        assert headers["Customer"] == "acme"
        assert [name for name in headers if name.startswith("Sentry-Governed")] == []


async def test_retry_refused(server: NatsServer) -> None:
    """What the queue does not take stays aside."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        await inbox.put(scene.message(problem="x", key=None))
        await scene.js.delete_stream(scene.queue.stream)

        with pytest.raises(InboxError):
            await inbox.retry(1)
        assert len(await inbox.list()) == 1


async def test_discard(server: NatsServer) -> None:
    """What is discarded is gone, once."""
    async with new_scene(server) as scene, await JetStreamInbox.open(scene.url, scene.queue) as inbox:
        await inbox.put(scene.message(problem="x", key=None))

        assert await inbox.discard(1)
        assert not await inbox.discard(1)
        assert not await inbox.discard(7)
        assert await inbox.list() == ()
