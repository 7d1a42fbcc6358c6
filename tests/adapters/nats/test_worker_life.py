"""The life of a worker: how it starts, stops, gives back what it had, and ends loudly when it must."""

import asyncio
import threading

import pytest
from nats.js.api import ConsumerConfig

from sentry_governed import Secret
from sentry_governed.adapters.nats import JetStreamWorker, NatsConfig
from sentry_governed.errors import ConfigError, InboxError
from tests.adapters.nats.proxy import proxied
from tests.adapters.nats.scene import Saboteur, new_router, new_scene
from tests.adapters.nats.server import NatsServer, running
from tests.routing.makers import World


async def test_wrong_configuration(server: NatsServer) -> None:
    """A router that is configured wrongly stops the worker loudly, and nothing is taken off."""

    async def refuse() -> None:
        raise ConfigError("no such table")

    async with new_scene(server) as scene:
        await scene.put(scene.message(), scene.message())
        worker = scene.worker(new_router(scene.world, Saboteur(refuse)), loops=1)
        async with asyncio.timeout(10):
            with pytest.raises(ConfigError, match="no such table"):
                await worker.run()

        assert await scene.waiting() == 2
        await scene.work_off()
        assert len(scene.world.asana.tasks) == 2


async def test_stop_finishes(server: NatsServer) -> None:
    """Stopping lets a started alert end, takes no further one, and works from another thread."""
    started = asyncio.Event()

    async def dawdle() -> None:
        started.set()
        await asyncio.sleep(1.0)

    async with new_scene(server) as scene:
        await scene.put(scene.message(), scene.message())
        worker = scene.worker(new_router(scene.world, Saboteur(dawdle)), loops=1)
        running_ = asyncio.create_task(worker.run())
        await started.wait()
        threading.Thread(target=worker.stop).start()
        async with asyncio.timeout(10):
            await running_

        assert scene.seen.names == ["Created Ack"]
        assert await scene.waiting() == 1


async def test_stop_gives_back(server: NatsServer) -> None:
    """An alert that does not end within the grace is given back for another worker, soon."""
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.sleep(1000)

    async with new_scene(server, ack_wait=600.0) as scene:
        await scene.put(scene.message())
        worker = scene.worker(new_router(scene.world, Saboteur(hang)), loops=1, grace=0.2)
        running_ = asyncio.create_task(worker.run())
        await started.wait()
        worker.stop()
        async with asyncio.timeout(5):
            await running_
        await scene.work_off()

        assert scene.seen.names == ["Created Ack"]


async def test_stopped_before(server: NatsServer) -> None:
    """A worker that was stopped before it ran takes nothing."""
    async with new_scene(server) as scene:
        await scene.put(scene.message())
        worker = scene.worker()
        worker.stop()
        async with asyncio.timeout(10):
            await worker.run()

        assert await scene.waiting() == 1


async def test_cancelled(server: NatsServer) -> None:
    """A worker that is cancelled gives back what it had."""
    started = asyncio.Event()

    async def hang() -> None:
        started.set()
        await asyncio.sleep(1000)

    async with new_scene(server, ack_wait=600.0) as scene:
        await scene.put(scene.message())
        running_ = asyncio.create_task(scene.worker(new_router(scene.world, Saboteur(hang))).run())
        await started.wait()
        running_.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running_
        await scene.work_off()

        assert scene.seen.names == ["Created Ack"]


async def test_ack_lost(fragile: NatsServer) -> None:
    """A message whose acknowledgement's answer is lost is settled all the same, and the worker goes on."""
    async with proxied(fragile) as proxy, new_scene(fragile, proxy.url) as scene:
        await scene.put(scene.message(), scene.message())
        proxy.lose(lambda data: data.startswith(b"MSG _INBOX.") and data.endswith(b" 0\r\n\r\n"))
        async with scene.at_work(scene.worker(loops=1)):
            await scene.until(scene.is_empty)

        assert proxy.lost == 1
        assert scene.seen.names == ["Created Ack", "Created Ack"]


async def test_restarted(fragile: NatsServer) -> None:
    """A server that is killed and comes back is worked on again; nothing is lost or done twice."""
    async with new_scene(fragile, ack_wait=2.0) as scene:
        await scene.put(*(scene.message() for _ in range(30)))
        async with scene.at_work(scene.worker(loops=4)):
            for _ in range(2):
                await asyncio.sleep(0.3)
                fragile.restart()
            await scene.put(scene.message())

            async def is_done() -> bool:
                return len(scene.world.asana.tasks) == 31

            await scene.until(is_done)
            await scene.until(scene.is_empty)

        assert len(scene.world.asana.tasks) == 31
        assert await scene.dead() == []


async def test_outage(fragile: NatsServer) -> None:
    """However long the server was away, each loop takes one message when it is back, and no more."""
    began = asyncio.Event()

    async def dawdle() -> None:
        if not began.is_set():
            began.set()
            await asyncio.sleep(0.5)

    async with new_scene(fragile) as scene:
        worker = scene.worker(new_router(scene.world, Saboteur(dawdle)), loops=1)
        async with scene.at_work(worker):
            await scene.until(scene.is_empty)
            fragile.kill()
            await asyncio.sleep(3)
            fragile.start()
            await scene.put(*(scene.message() for _ in range(4)))
            await began.wait()
            info = await scene.js.consumer_info(scene.queue.stream, scene.queue.durable)
            assert info.num_ack_pending == 1
            await scene.until(scene.is_empty)


async def test_durable_deleted(server: NatsServer) -> None:
    """A durable that is deleted under a worker ends it; it does not wait for ever."""
    async with new_scene(server) as scene:
        await scene.put(scene.message())
        worker = scene.worker()
        running_ = asyncio.create_task(worker.run())
        await scene.until(scene.is_empty)
        await scene.js.delete_consumer(scene.queue.stream, scene.queue.durable)
        async with asyncio.timeout(15):
            with pytest.raises(InboxError, match=f"durable .* of stream {scene.queue.stream} is gone"):
                await running_


async def test_closed_for_good() -> None:
    """A connection that the server ends for good ends the worker."""
    users = 'authorization {{users: [{{user: "me", password: "{}"}}]}}'
    with running(config=users.format("one")) as server:
        config = NatsConfig(servers=(server.url,), user="me", password=Secret("one"))
        working = asyncio.create_task(JetStreamWorker(config, new_router(World.new())).run())
        await asyncio.sleep(0.5)
        server.config.write_text(users.format("two"))
        server.reload()
        async with asyncio.timeout(15):
            with pytest.raises(InboxError, match="closed for good"):
                await working


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ack_wait": 7.0}, "ack_wait is 7 s, not 60 s"),
        ({"max_deliver": 5}, "max_deliver is 5, not -1"),
        ({"max_ack_pending": 3}, "max_ack_pending is 3, not 1000"),
        ({"filter_subject": "{}.alerts.sentry"}, "filter_subject is {}.alerts.sentry, not None"),
        ({"headers_only": True}, "headers_only is True, not False"),
        ({"inactive_threshold": 30.0}, "inactive_threshold is 30 s, not 0 s"),
        ({"backoff": [1.0, 2.0], "max_deliver": 5}, "backoff is .*; max_deliver is 5, not -1"),
    ],
)
async def test_drifted(server: NatsServer, changes: dict[str, object], problem: str) -> None:
    """A durable that delivers otherwise is refused, and each difference is named."""
    async with new_scene(server) as scene:
        await scene.put(scene.message())
        stream = scene.queue.stream
        fields = {
            name: value.format(stream) if isinstance(value, str) else value
            for name, value in {
                "ack_wait": 60.0,
                "max_deliver": -1,
                "max_ack_pending": 1000,
                **changes,
            }.items()
        }
        config = ConsumerConfig(durable_name=scene.queue.durable, ack_policy="explicit", **fields)  # type: ignore[arg-type]  # fields
        await scene.js.add_consumer(stream, config)

        with pytest.raises(ConfigError, match=problem.format(stream)):
            await scene.worker().run()
        assert await scene.waiting() == 1


async def test_filtered(server: NatsServer) -> None:
    """Workers of a filter get its messages and leave the others."""
    async with new_scene(server, filter_subject="F.alerts.sentry", prefix="F") as scene:
        await scene.put(scene.message(), scene.message(source="datadog"))
        async with scene.at_work(scene.worker()):

            async def one_is_left() -> bool:
                return await scene.waiting() == 1

            await scene.until(one_is_left)

        assert scene.seen.names == ["Created Ack"]


async def test_not_made(server: NatsServer) -> None:
    """Neither streams nor the durable are made when that is not wanted."""
    async with new_scene(server) as scene:
        with pytest.raises(InboxError, match="stream not found"):
            await scene.worker(create=False).run()
        await scene.put(scene.message())
        with pytest.raises(InboxError, match="consumer not found"):
            await scene.worker(create=False).run()


def test_no_loops() -> None:
    """A worker that would do nothing is refused."""
    with pytest.raises(ConfigError, match="with 0 loops does nothing"):
        JetStreamWorker("nats://127.0.0.1:1", new_router(World.new()), loops=0)
