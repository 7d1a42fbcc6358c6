"""Workers that die or are cancelled anywhere: whoever comes next takes up what they left."""

import asyncio

import pytest

from sentry_governed import Request, Response, Secret
from sentry_governed.alerts import Alert
from sentry_governed.asana import AsanaConfig, AsyncAsanaClient, TaskBuilder
from sentry_governed.routing import AsyncRouter, Created
from sentry_governed.teams import Teams
from sentry_governed.testing import FakeAsana, Fault
from tests.routing.makers import SETTINGS, TEAMS, Killed, Tripwire, World, dies
from tests.routing.ways import OpenWay, Way, assert_one, opened, redeliver


def test_cancelled_amid_the_post() -> None:
    """A cancelled handling leaves what a dead process leaves: the next delivery settles it."""
    world = World.new()
    alert = world.alert()
    with opened("async, memory", world.clock) as way:
        way.runner.run(cancelled(way, world, alert))

        assert isinstance(redeliver(way.router(world), world, alert), Created)
        assert_one(way, world, alert)
    assert world.posts() == 1


async def cancelled(way: Way, world: World, alert: Alert) -> None:
    """Cancel a handling once its POST was applied and before its reply is there."""
    hanging = _Hanging(world.asana)
    router = AsyncRouter(
        teams=Teams.parse(TEAMS),
        tasks=TaskBuilder(SETTINGS),
        asana=AsyncAsanaClient(AsanaConfig(token=Secret("x"), sender=hanging)),
        ledger=way.ledger,
        clock=world.clock,
    )
    handling = asyncio.ensure_future(router.handle(alert))
    await hanging.applied.wait()
    handling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await handling
    record = await way.ledger.get(alert.key)  # type: ignore[misc]  # it is asynchronous here
    assert '"creating"' in str(record and record.value)


class _Hanging:
    """A sender whose replies to writes never come."""

    def __init__(self, asana: FakeAsana) -> None:
        self._sender = asana.aio
        self.applied = asyncio.Event()

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        response = await self._sender.send(request, timeout=timeout)
        if request.method == "POST":
            self.applied.set()
            await asyncio.Event().wait()
        return response


def points_passed() -> list[str]:
    """Everything that happens to an alert that is handled without trouble."""
    points: list[str] = []
    world = World.new()
    with opened("sync, memory", world.clock) as way:
        way.router(world, tap=points.append)(world.alert())
    return points


def test_killed_anywhere(open_way: OpenWay) -> None:
    """Wherever a worker dies, with whatever it had just done, there is one task in the end, linked."""
    points = points_passed()
    assert len(points) > 20
    for number, point in enumerate(points):
        world = World.new()
        alert = world.alert()
        tap = Tripwire(point, Killed(), time=points[: number + 1].count(point))
        with open_way(world.clock) as way:
            with pytest.raises(Killed):
                way.router(world, tap=tap)(alert)
            redeliver(way.router(world), world, alert)
            assert_one(way, world, alert)
        assert world.posts() == 1


def test_killed_while_looking(any_way: Way, world: World) -> None:
    """A worker that dies while it looks for its task has written down that its fate is unknown."""
    alert = world.alert()
    world.asana.faults.add(Fault.reply_lost(), when=lambda call: call.method == "POST")
    with pytest.raises(Killed):
        any_way.router(world, tap=dies("before GET tasks"))(alert)

    record = any_way.record(alert.key)

    assert record is not None
    assert (record["state"], record["posted_by"]) == ("unknown", world.clock.time() + 10)
    redeliver(any_way.router(world), world, alert)
    assert_one(any_way, world, alert)
    assert world.posts() == 1


def test_fencing_number(any_way: Way, world: World) -> None:
    """The fencing number grows with each change of hands, and the owner is another one."""
    alert = world.alert()
    owners = set()
    for number in range(1, 4):
        with pytest.raises(Killed):
            any_way.router(world, tap=dies("after put reserved"))(alert)
        record = any_way.record(alert.key)
        assert record is not None
        assert record["fence"] == number
        owners.add(record["owner"])
        world.clock.advance(120)

    assert len(owners) == 3
