"""Every window in which a reconciler can fail or meet a webhook, with every ledger: count the tasks."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import attrs
import pytest

from sentry_governed.errors import LedgerError
from sentry_governed.routing import Commented, Created, Deferred, Duplicate, Options, ReconcileReport
from sentry_governed.testing import Fault
from sentry_governed.testing._wire import Call
from tests.routing.makers import Killed, Tripwire, World, dies
from tests.routing.ways import WAYS, Way, opened

T = TypeVar("T")

HOUR, LEASE, DELAY = 3600.0, 120.0, 120.0
HELD = "another worker makes the first task of the issue"
BEFORE_POST = ["after put hold", "before put creating", "after put creating", "before POST tasks"]
AFTER_POST = ["after POST tasks", "before put created", "after put created", "before put chain"]
CHAINED = ["after put chain", "before POST external-issues", "before put linked", "after put linked"]


def is_post(call: Call) -> bool:
    """Whether it creates a task."""
    return call.method == "POST" and call.path.endswith("/tasks")


class Meanwhile:
    """A tap at which the worker stands still while something else happens, once."""

    def __init__(self, where: str, work: Callable[[], object]) -> None:
        self._where, self._work = where, work

    def __call__(self, point: str) -> None:
        if point == self._where:
            self._where = ""
            self._work()


def elsewhere(way: Way, work: Callable[[Way], T]) -> T:
    """What another process does, on an event loop of its own."""

    def done() -> T:
        with asyncio.Runner() as runner:
            return work(attrs.evolve(way, runner=runner))

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(done).result()


def settle(way: Way, world: World) -> None:
    """Reconcile until nothing is left to be done."""
    for _ in range(6):
        report = way.reconciler(world)(HOUR)
        if report.covered:
            return
        (outcome,) = report.outcomes
        world.clock.advance(getattr(outcome, "retry_after", 0.0))
    raise AssertionError(f"never settled: {report}")


def assert_one(way: Way, world: World, issue: str) -> None:
    """The issue has one task, which is linked, and nobody holds the issue."""
    (task,) = world.asana.tasks
    assert world.posts() == 1
    assert [link.web_url for link in world.sentry.external_issues(issue)] == [task.permalink_url]
    chain = way.record(f"chain.acme.{issue}")
    assert chain is not None
    assert (chain["root"], chain["latest"], chain["tasks"]) == (task.gid, task.gid, [task.gid])
    assert (chain["held_until"], chain["alone"]) == (0.0, False)


@pytest.mark.parametrize("is_newer", [False, True], ids=["same event", "newer event"])
@pytest.mark.parametrize("where", ["after put reserved", "before put hold", *BEFORE_POST, *AFTER_POST])
def test_killed(any_way: Way, world: World, where: str, is_newer: bool) -> None:
    """The next one takes up what one that died left, though another event is the latest by then."""
    issue = world.event().issue
    with pytest.raises(Killed):
        any_way.reconciler(world, tap=dies(where))(HOUR)
    if is_newer:
        world.clock.advance(1)
        world.event(issue)

    settle(any_way, world)

    (task,) = world.asana.tasks
    chain = any_way.record(f"chain.acme.{issue}")
    assert chain is not None
    assert (chain["root"], world.posts()) == (task.gid, 1)
    assert [link.identifier for link in world.sentry.external_issues(issue)] == [task.gid]


@pytest.mark.parametrize("where", CHAINED)
@pytest.mark.parametrize("is_webhook", [False, True], ids=["reconciler", "webhook"])
def test_killed_after_chaining(any_way: Way, world: World, where: str, is_webhook: bool) -> None:
    """A link that a worker left undone when it died is made, though the issue has its task."""
    alert = world.alert()
    tap = dies(where)
    handle, reconcile = any_way.router(world, tap=tap), any_way.reconciler(world, tap=tap)
    with pytest.raises(Killed):
        _ = handle(alert) if is_webhook else reconcile(HOUR)

    settle(any_way, world)

    assert_one(any_way, world, str(alert.issue_id))
    record = any_way.record(alert.key)
    assert record is not None
    assert record["state"] == "done"


@pytest.mark.parametrize("where", [*BEFORE_POST, *AFTER_POST])
def test_killed_blocks_nobody_for_good(any_way: Way, world: World, where: str) -> None:
    """What one that died holds lapses: until then a webhook waits, and then it makes its task."""
    issue = world.event().issue
    other = world.alert(world.event(issue))
    world.clock.advance(1)
    world.event(issue)
    with pytest.raises(Killed):
        any_way.reconciler(world, tap=dies(where))(HOUR)
    router = any_way.router(world)

    assert router(other) == Deferred(other.key, LEASE, HELD)
    world.clock.advance(LEASE)
    assert isinstance(router(other), Created)


@pytest.mark.parametrize("where", [*BEFORE_POST, *AFTER_POST])
def test_webhook_meanwhile(any_way: Way, world: World, where: str) -> None:
    """A webhook of another event of an issue without a task waits for the reconciler, then is a repeat."""
    issue = world.event().issue
    other = world.alert(world.event(issue))
    world.clock.advance(1)
    world.event(issue)
    found: list[object] = []
    tap = Meanwhile(where, lambda: found.append(elsewhere(any_way, lambda way: way.router(world)(other))))

    report = any_way.reconciler(world, tap=tap)(HOUR)

    assert found == [Deferred(other.key, LEASE, HELD)]
    assert report.counts == {"Created": 1}
    assert_one(any_way, world, issue)
    assert isinstance(any_way.router(world, options=Options(on_repeat="comment"))(other), Commented)


@pytest.mark.parametrize("where", ["after put reserved", *BEFORE_POST, *AFTER_POST])
def test_same_webhook_meanwhile(any_way: Way, world: World, where: str) -> None:
    """A webhook of the very event that is reconciled waits for its key, as for any other worker."""
    alert = world.alert()
    found: list[object] = []
    tap = Meanwhile(where, lambda: found.append(elsewhere(any_way, lambda way: way.router(world)(alert))))

    any_way.reconciler(world, tap=tap)(HOUR)

    assert found == [Deferred(alert.key, LEASE, "another worker is at it")]
    assert_one(any_way, world, str(alert.issue_id))
    assert isinstance(any_way.router(world)(alert), Duplicate)


@pytest.mark.parametrize("where", [*BEFORE_POST, *AFTER_POST])
def test_meanwhile_at_a_webhook(any_way: Way, world: World, where: str) -> None:
    """A reconciler waits for a webhook that is being handled, whichever event it is of."""
    issue = world.event().issue
    alert = world.alert(world.event(issue))
    world.clock.advance(1)
    world.event(issue)
    found: list[ReconcileReport] = []
    tap = Meanwhile(where, lambda: found.append(elsewhere(any_way, lambda way: way.reconciler(world)(HOUR))))

    outcome = any_way.router(world, tap=tap)(alert)

    assert isinstance(outcome, Created)
    assert [report.outcomes for report in found] == [(Deferred(alert.key, LEASE, HELD),)]
    assert_one(any_way, world, issue)
    assert any_way.reconciler(world)(HOUR).covered == 1


@pytest.mark.parametrize("where", ["after GET latest", "before GET latest", "before put reserved"])
def test_webhook_began_meanwhile(any_way: Way, world: World, where: str) -> None:
    """A reconciler that finds a webhook at work where there was none waits for it."""
    issue = world.event().issue
    other = world.alert(world.event(issue))
    world.clock.advance(1)
    latest = world.alert(world.event(issue))

    def begin(way: Way) -> None:
        with pytest.raises(Killed):
            way.router(world, tap=dies("before POST tasks"))(other)

    report = any_way.reconciler(world, tap=Meanwhile(where, lambda: elsewhere(any_way, begin)))(HOUR)

    assert report.outcomes == (Deferred(latest.key, LEASE, HELD),)
    assert world.posts() == 0


@pytest.mark.parametrize("where", ["before put hold", "after GET latest", "before GET latest"])
def test_webhook_was_faster(any_way: Way, world: World, where: str) -> None:
    """A reconciler that finds a task where there was none makes no other."""
    issue = world.event().issue
    other = world.alert(world.event(issue))
    world.clock.advance(1)
    world.event(issue)
    tap = Meanwhile(where, lambda: elsewhere(any_way, lambda way: way.router(world)(other)))

    report = any_way.reconciler(world, tap=tap)(HOUR)

    assert report.counts == {"Skipped": 1}
    assert_one(any_way, world, issue)


@pytest.mark.parametrize("where", [*BEFORE_POST, *AFTER_POST])
def test_two_at_once(any_way: Way, world: World, where: str) -> None:
    """Of two reconcilers one makes the task, and the other waits."""
    issue = world.event().issue
    found: list[ReconcileReport] = []

    def other() -> None:
        world.clock.advance(1)
        world.event(issue)
        found.append(elsewhere(any_way, lambda way: way.reconciler(world)(HOUR)))

    any_way.reconciler(world, tap=Meanwhile(where, other))(HOUR)

    assert [report.counts for report in found] == [{"Deferred": 1}]
    assert_one(any_way, world, issue)


@pytest.mark.parametrize("where", AFTER_POST)
def test_after_a_killed_webhook(any_way: Way, world: World, where: str) -> None:
    """The task of a webhook whose worker died is found before another event is made a task of."""
    issue = world.event().issue
    alert = world.alert(world.event(issue))
    world.clock.advance(1)
    world.event(issue)
    with pytest.raises(Killed):
        any_way.router(world, tap=dies(where))(alert)

    settle(any_way, world)

    assert_one(any_way, world, issue)
    assert isinstance(any_way.router(world)(alert), Duplicate)


@pytest.mark.parametrize("fault", [Fault.reply_lost(), Fault.status(503)])
@pytest.mark.parametrize("name", WAYS)
def test_reply_lost(name: str, fault: Fault) -> None:
    """A POST of unknown fate is settled by the next one, however many events come meanwhile."""
    world = World.new(listing_delay=119.0)
    issue = world.event().issue
    world.asana.faults.add(fault, when=is_post)
    with opened(name, world.clock) as way:
        assert way.reconciler(world)(HOUR).counts == {"Uncertain": 1}
        world.clock.advance(1)
        world.event(issue)

        settle(way, world)

    assert len(world.asana.tasks) == 1


def test_own_hold(any_way: Way, world: World) -> None:
    """What a reconciler could not finish, the event's own webhook may, without waiting for the hold."""
    alert = world.alert()
    world.asana.faults.add(Fault.status(429, retry_after=5), when=is_post)
    assert any_way.reconciler(world)(HOUR).counts == {"Deferred": 1}

    assert isinstance(any_way.router(world)(alert), Created)
    assert len(world.asana.tasks) == 1


@pytest.mark.parametrize(("seconds", "holds"), [(9, 0), (11, 1)])
def test_webhooks_together(any_way: Way, world: World, seconds: float, holds: int) -> None:
    """Webhooks hold an issue together, without writing that down again while it lasts, and none waits."""
    issue = world.event().issue
    first, second = world.alert(world.event(issue)), world.alert(world.event(issue))
    points: list[str] = []
    found: list[object] = []

    def other() -> None:
        world.clock.advance(seconds)
        found.append(elsewhere(any_way, lambda way: way.router(world, tap=points.append)(second)))

    outcome = any_way.router(world, tap=Meanwhile("before put creating", other))(first)

    assert isinstance(outcome, Created)
    assert [type(each) for each in found] == [Created]
    assert points.count("after put hold") == holds


@pytest.mark.parametrize("is_joined", [False, True], ids=["own hold", "another's hold"])
def test_slow_at_a_hold(any_way: Way, world: World, is_joined: bool) -> None:
    """A worker whose lease would last, but whose hold would not, does not send its POST."""
    issue = world.event().issue
    alert = world.alert(world.event(issue))
    if is_joined:
        with pytest.raises(Killed):
            any_way.router(world, tap=dies("before put creating"))(world.alert(world.event(issue)))
    slow = Meanwhile("before GET items", lambda: world.clock.advance(60))
    still = Meanwhile("after put creating", lambda: world.clock.advance(10))

    def tap(point: str) -> None:
        slow(point)
        still(point)

    outcome = any_way.router(world, tap=tap)(alert)

    assert outcome == Deferred(alert.key, 1.0, "too little of the lease was left")
    assert world.posts() == 0
    assert isinstance(any_way.router(world)(alert), Created)


PUTS = ["put reserved", "put hold", "put creating", "put created", "put chain"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", PUTS)
def test_store_down(any_way: Way, world: World, point: str, when: str) -> None:
    """A store that fails is told; there is one task in the end."""
    issue = world.event().issue
    tap = Tripwire(f"{when} {point}", LedgerError("the disk is full"))

    report = any_way.reconciler(world, tap=tap)(HOUR)

    assert [getattr(outcome, "reason", "") for outcome in report.outcomes] == ["the disk is full"]
    settle(any_way, world)
    chain = any_way.record(f"chain.acme.{issue}")
    assert chain is not None
    assert [task.gid for task in world.asana.tasks] == chain["tasks"]
    assert world.posts() == 1


def test_store_unreadable(any_way: Way, world: World) -> None:
    """An issue whose chain cannot be read is a problem of its own."""
    first = world.event()
    world.clock.advance(1)
    world.event()

    report = any_way.reconciler(world, tap=Tripwire("before get", LedgerError("locked")))(HOUR)

    assert report.problems == (f"issue {first.issue}: locked",)
    assert report.counts == {"Created": 1}
