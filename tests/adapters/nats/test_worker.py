"""Workers on a real server: what becomes of a message is what its outcome says, whoever dies meanwhile."""

import asyncio
import json
import time

from sentry_governed.adapters._envelope import unpacked
from sentry_governed.errors import LedgerError
from sentry_governed.testing import Fault, sentry_event_alert
from tests.adapters.nats.scene import Saboteur, Scene, new_router, new_scene
from tests.adapters.nats.server import NatsServer
from tests.routing.makers import UUID


async def publish(scene: Scene, data: bytes, **headers: str) -> None:
    """Publish something that did not come through the inbox."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    await scene.js.publish(scene.queue.alerts("sentry"), data, headers=names or None)


async def test_created(server: NatsServer) -> None:
    """Each alert becomes a task, and nothing is left in the queue."""
    async with new_scene(server) as scene:
        await scene.put(*(scene.message() for _ in range(10)))
        await scene.work_off()

        assert len(scene.world.asana.tasks) == 10
        assert scene.seen.names == ["Created Ack"] * 10
        assert await scene.dead() == []


async def test_duplicate(server: NatsServer) -> None:
    """The same alert under another id is acknowledged, and makes no second task."""
    async with new_scene(server) as scene:
        message = scene.message()
        await scene.put(message)
        await scene.work_off()
        await publish(scene, json.dumps(scene.world.alert().raw).encode(), Sentry_Hook_Resource="event_alert")
        state = (await scene.js.stream_info(scene.queue.stream)).state
        assert state.messages == 1
        await scene.put(message)
        await scene.work_off()

        assert len(scene.world.asana.tasks) == 2


async def test_bare_webhook(server: NatsServer) -> None:
    """A producer of its own may publish the webhook as it is, with its headers."""
    async with new_scene(server) as scene:
        await scene.work_off()
        body = json.dumps(sentry_event_alert(tags={"service": "checkout"}, installation=UUID)).encode()
        await publish(scene, body, Sentry_Hook_Resource="event_alert")
        await scene.work_off()

        assert scene.seen.names == ["Created Ack"]


async def test_deferred(server: NatsServer) -> None:
    """What is deferred comes again when it asked to, and is done in the end."""
    async with new_scene(server) as scene:
        scene.world.asana.faults.add(Fault.status(429, headers=(("Retry-After", "1"),)), times=4)
        await scene.put(scene.message())
        started = time.monotonic()
        await scene.work_off()

        assert time.monotonic() - started >= 0.9
        assert scene.seen.names[0] == "Deferred Retry"
        assert scene.seen.names[-1] == "Created Ack"
        assert len(scene.world.asana.tasks) == 1


async def test_deferring_uses_nothing_up(server: NatsServer) -> None:
    """However often a message is deferred, it is not given up, and is still itself."""
    left = 7

    async def fail() -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise LedgerError("down")

    async with new_scene(server, max_deliver=2) as scene:
        message = scene.message()
        await scene.put(message)
        await scene.work_off(router=new_router(scene.world, Saboteur(fail)))

        assert scene.seen.names == ["Deferred Retry"] * 7 + ["Created Ack"]
        assert await scene.dead() == []
        assert len(scene.world.tasks(scene.world.alert())) == 0
        assert len(scene.world.asana.tasks) == 1


async def test_out_of_patience(server: NatsServer) -> None:
    """A message that is deferred for longer than the patience is put aside, counted from its first day."""

    async def fail() -> None:
        raise LedgerError("down")

    async with new_scene(server, max_deliver=2, patience=1.0) as scene:
        message = scene.message()
        await scene.put(message)
        await scene.work_off(router=new_router(scene.world, Saboteur(fail)))

        assert len(scene.seen.names) > 4
        assert set(scene.seen.names[:-1]) == {"Deferred Retry"}
        assert scene.seen.names[-1] == "Deferred DeadLetter"
        (letter,) = await scene.dead()
        assert unpacked(letter.data or b"") == message
        assert (letter.headers or {})["Sentry-Governed-Reason"] == "given up after the last delivery: down"
        since = float((letter.headers or {})["Sentry-Governed-Since"])
        assert time.time() - since < 10


async def test_uncertain(server: NatsServer) -> None:
    """What stays uncertain is put aside once it was so often enough."""
    async with new_scene(server, max_deliver=2) as scene:
        scene.world.asana.faults.add(
            Fault.status(500), when=lambda call: call.path.endswith("/tasks"), times=None
        )
        await scene.put(scene.message())
        await scene.work_off()

        assert scene.seen.names[-1] == "Uncertain DeadLetter"
        assert scene.seen.names.count("Uncertain Retry") == 1
        (letter,) = await scene.dead()
        assert "given up after the last delivery" in (letter.headers or {})["Sentry-Governed-Reason"]


async def test_rejected(server: NatsServer) -> None:
    """What cannot be read is put aside with the reason and its own headers, but for those that command."""
    async with new_scene(server) as scene:
        await scene.work_off()
        await publish(scene, b"\xff\xfe", Customer="acme", Nats_Msg_Id="mine")
        await publish(scene, b"\xff", Nats_Expected_Last_Msg_Id="mine")
        await scene.work_off()

        one, two = await scene.dead()
        assert {one.data, two.data} == {b"\xff\xfe", b"\xff"}
        headers = next(letter.headers for letter in (one, two) if letter.data == b"\xff\xfe") or {}
        assert headers["Customer"] == "acme"
        assert headers["Sentry-Governed-Subject"] == scene.queue.alerts("sentry")
        assert headers["Sentry-Governed-Deliveries"] == "1"
        assert headers["Sentry-Governed-Reason"]
        assert headers["Nats-Msg-Id"] != "mine"


async def test_rejected_to_the_brim(server: NatsServer) -> None:
    """A message that fills what the server takes is put aside all the same, and nobody is cut off."""
    async with new_scene(server) as scene:
        await scene.work_off()
        body = b"\xff" * (1024 * 1024 - 3000)
        await publish(scene, body, Customer="x" * 2800)
        await scene.work_off()

        (letter,) = await scene.dead()
        assert letter.data == body
        assert "Customer" not in (letter.headers or {})


async def test_never_ends(server: NatsServer) -> None:
    """A message whose workers always die is put aside before it is tried again."""
    async with new_scene(server, max_deliver=3, ack_wait=1.0) as scene:
        await scene.work_off()
        await scene.put(scene.message())
        pulling = await scene.js.pull_subscribe_bind(scene.queue.durable, scene.queue.stream)
        for _ in range(3):
            await pulling.fetch(1, timeout=5)
        await scene.work_off()

        assert len(scene.world.asana.tasks) == 0
        assert scene.seen.names == ["Rejected DeadLetter"]
        (letter,) = await scene.dead()
        assert (letter.headers or {})["Sentry-Governed-Reason"] == (
            "it was delivered 3 times, and no worker came to an end"
        )


async def test_worker_died(server: NatsServer) -> None:
    """The message of a worker that died is delivered again after the wait."""
    async with new_scene(server, ack_wait=1.0) as scene:
        await scene.work_off()
        await scene.put(scene.message())
        pulling = await scene.js.pull_subscribe_bind(scene.queue.durable, scene.queue.stream)
        await pulling.fetch(1, timeout=5)
        await scene.work_off()

        assert scene.seen.names == ["Created Ack"]


async def test_slow(server: NatsServer) -> None:
    """A message that takes longer than the wait is renewed meanwhile, and no other worker gets it."""
    waiting: list[int] = []

    async def dawdle() -> None:
        await asyncio.sleep(0 if waiting else 2.5)
        waiting.append(await scene.waiting())

    async with new_scene(server, ack_wait=1.0) as scene:
        await scene.put(scene.message())
        await scene.work_off(router=new_router(scene.world, Saboteur(dawdle)))

        assert waiting[0] == 1
        assert scene.seen.names == ["Created Ack"]


async def test_unexpected(server: NatsServer) -> None:
    """A message on which something breaks does not end the worker; it is put aside when it always does."""

    async def breaks() -> None:
        raise RuntimeError("secret-canary")

    async with new_scene(server, max_deliver=1) as scene:
        await scene.put(scene.message())
        await scene.work_off(router=new_router(scene.world, Saboteur(breaks)))

        (letter,) = await scene.dead()
        assert (letter.headers or {})["Sentry-Governed-Reason"] == "an unexpected RuntimeError"
