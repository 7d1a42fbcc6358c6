"""Every window in which a delivery can fail, with every ledger: redeliver, and count the tasks."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from sentry_governed.alerts import Alert
from sentry_governed.errors import LedgerError
from sentry_governed.routing import Created, Deferred, Duplicate, Options, Outcome, Uncertain
from sentry_governed.testing import Fault, sentry_event_alert, sign_webhook
from sentry_governed.testing._wire import Call
from tests.routing.makers import UUID, Killed, Tripwire, World, decoded, dies
from tests.routing.ways import OpenWay, Way, assert_one, redeliver

LEASE, DELAY, SKEW = 120.0, 120.0, 10.0


def is_post(call: Call) -> bool:
    """Whether it creates a task."""
    return call.method == "POST" and call.path.endswith("/tasks")


@pytest.mark.parametrize(
    "where",
    ["after put reserved", "before put hold", "after put hold", "before put creating", "after put creating"],
)
def test_after_reserve_before_post(any_way: Way, world: World, where: str) -> None:
    """A worker that dies before its POST holds the key until its lease lapses; then one task is made."""
    alert = world.alert()
    with pytest.raises(Killed):
        any_way.router(world, tap=dies(where))(alert)
    router = any_way.router(world)

    assert router(alert) == Deferred(alert.key, LEASE, "another worker is at it")
    assert isinstance(redeliver(router, world, alert), Created)

    assert_one(any_way, world, alert)
    assert world.posts() == 1


@pytest.mark.parametrize("fault", [Fault.reply_lost(), Fault.cut(), Fault.slow(46)])
def test_reply_lost(any_way: Way, world: World, fault: Fault) -> None:
    """A POST whose reply is lost is looked up at once, and found where the task is listed already."""
    alert = world.alert()
    world.asana.faults.add(fault, when=is_post)

    assert isinstance(any_way.router(world)(alert), Created)

    assert_one(any_way, world, alert)
    assert world.posts() == 1


@pytest.mark.parametrize("listing_delay", [30.0, 119.0])
def test_reply_lost_and_listed_late(open_way: OpenWay, listing_delay: float) -> None:
    """A task that is not listed yet is not made again: the next delivery finds it."""
    world = World.new(listing_delay=listing_delay)
    alert = world.alert()
    world.asana.faults.add(Fault.reply_lost(), when=is_post)
    with open_way(world.clock) as way:
        router = way.router(world)

        outcome = router(alert)
        assert isinstance(outcome, Uncertain)
        assert (outcome.retry_after, outcome.attempts) == (DELAY + SKEW, 1)
        assert isinstance(redeliver(router, world, alert), Created)

        assert_one(way, world, alert)
    assert world.posts() == 1


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.status(503), Fault.status(504)])
def test_reply_lost_and_not_applied(any_way: Way, world: World, fault: Fault) -> None:
    """A POST that was not applied is repeated once the delay says that it would be listed by now."""
    alert = world.alert()
    world.asana.faults.add(fault, when=is_post)
    router = any_way.router(world)

    assert isinstance(router(alert), Uncertain)
    world.clock.advance(DELAY + SKEW - 1)
    assert isinstance(router(alert), Uncertain)
    assert world.posts() == 1
    world.clock.advance(1)
    assert isinstance(router(alert), Created)

    assert_one(any_way, world, alert)


def test_slow_post_counts_from_its_end(any_way: Way, world: World) -> None:
    """The delay starts when the POST has ended, not when it was announced."""
    alert = world.alert()
    world.asana.faults.add(Fault(code=503, delay=44), when=is_post)
    router = any_way.router(world)

    outcome = router(alert)

    assert isinstance(outcome, Uncertain)
    assert outcome.retry_after == DELAY + SKEW


@pytest.mark.parametrize("listing_delay", [0.0, 119.0])
@pytest.mark.parametrize("where", ["before POST tasks", "after POST tasks", "before put created"])
def test_reply_got_before_record(open_way: OpenWay, where: str, listing_delay: float) -> None:
    """A worker that dies between its POST and writing it down leaves the fate unknown; it is settled."""
    world = World.new(listing_delay=listing_delay)
    alert = world.alert()
    with open_way(world.clock) as way:
        with pytest.raises(Killed):
            way.router(world, tap=dies(where))(alert)
        router = way.router(world)

        assert isinstance(router(alert), Deferred)
        assert isinstance(redeliver(router, world, alert), Created)

        assert_one(way, world, alert)
    assert world.posts() == 1


@pytest.mark.parametrize(
    "where",
    [
        "after put created",
        "before put chain",
        "after put chain",
        "before POST external-issues",
        "after POST external-issues",
        "before put linked",
    ],
)
def test_recorded_before_link(any_way: Way, world: World, where: str) -> None:
    """A worker that dies before the link is written down leaves the link to the next one."""
    alert = world.alert()
    with pytest.raises(Killed):
        any_way.router(world, tap=dies(where))(alert)

    assert isinstance(redeliver(any_way.router(world), world, alert), Duplicate)

    assert_one(any_way, world, alert)
    assert world.posts() == 1


@pytest.mark.parametrize("where", ["after put linked", "before put done", "after put done"])
def test_linked_before_ack(any_way: Way, world: World, where: str) -> None:
    """A worker that dies before the delivery is acknowledged has nothing left to be done again."""
    alert = world.alert()
    with pytest.raises(Killed):
        any_way.router(world, tap=dies(where))(alert)
    calls = len(world.sentry.calls)

    assert isinstance(redeliver(any_way.router(world), world, alert), Duplicate)

    assert_one(any_way, world, alert)
    assert (world.posts(), len(world.sentry.calls)) == (1, calls)


class Pause:
    """A tap at which the worker stands still while something else happens, once."""

    def __init__(self, where: str, world: World, seconds: float) -> None:
        self.where, self._world, self._seconds = where, world, seconds
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, point: str) -> None:
        if point == self.where:
            self.where = ""
            self._world.clock.advance(self._seconds)
            self.meanwhile()


@pytest.mark.parametrize("where", ["after put reserved", "before GET items", "before put creating"])
def test_slow_worker_outlives_lease(any_way: Way, world: World, where: str) -> None:
    """A worker that was overtaken before it announced its POST gives up; there is one task."""
    alert = world.alert()
    pause = Pause(where, world, LEASE)
    slow = any_way.router(world, tap=pause)
    others: list[Outcome] = []
    pause.meanwhile = lambda: others.append(elsewhere(any_way, world, alert))

    outcome = slow(alert)

    assert isinstance(others[0], Created)
    assert outcome == Deferred(alert.key, 1.0, "another worker was faster")
    assert_one(any_way, world, alert)
    assert world.posts() == 1


def elsewhere(way: Way, world: World, alert: Alert) -> Outcome:
    """Another process handles it, on an event loop of its own."""

    def handled() -> Outcome:
        with asyncio.Runner() as runner:
            return attrs.evolve(way, runner=runner).router(world)(alert)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(handled).result()


def test_slow_between_announcement_and_post(any_way: Way, world: World) -> None:
    """A worker that stood still after it announced its POST looks at its lease, and does not send it."""
    alert = world.alert()
    slow = any_way.router(world, tap=Pause("after put creating", world, LEASE - 55))

    outcome = slow(alert)

    assert outcome == Deferred(alert.key, 1.0, "too little of the lease was left")
    assert world.posts() == 0
    assert isinstance(any_way.router(world)(alert), Created)


def test_slow_but_in_time(any_way: Way, world: World) -> None:
    """A worker whose lease still outlasts the POST and the clocks' difference goes on."""
    alert = world.alert()

    outcome = any_way.router(world, tap=Pause("after put creating", world, LEASE - 56))(alert)

    assert isinstance(outcome, Created)


def test_slow_lookup(any_way: Way, world: World) -> None:
    """The announcement renews the lease and the hold, so that slow lookups before it do no harm."""
    slow = any_way.router(world, tap=Pause("before GET items", world, LEASE - 30))

    assert isinstance(slow(world.alert()), Created)


def test_overtaken_while_announced(any_way: Way, world: World) -> None:
    """Whoever takes over an announced POST waits for the lease and the delay, and counts as one attempt."""
    alert = world.alert()
    with pytest.raises(Killed):
        any_way.router(world, tap=dies("before POST tasks"))(alert)
    router = any_way.router(world)
    world.clock.advance(LEASE)

    outcome = router(alert)

    assert isinstance(outcome, Uncertain)
    assert (outcome.retry_after, outcome.attempts) == (DELAY, 1)


def test_late_ack_of_an_older_delivery(any_way: Way, world: World) -> None:
    """The record, not the acknowledgement, is the truth: work that a late ack would lose goes on unharmed."""
    alert = world.alert()
    with pytest.raises(Killed):
        any_way.router(world, tap=dies("after put reserved"))(alert)
    world.clock.advance(LEASE)
    pause = Pause("before POST tasks", world, 1)
    acked: list[Outcome] = []
    pause.meanwhile = lambda: acked.append(elsewhere(any_way, world, alert))

    outcome = any_way.router(world, tap=pause)(alert)

    assert isinstance(acked[0], Deferred)
    assert isinstance(outcome, Created)
    assert_one(any_way, world, alert)


@pytest.mark.parametrize("days", [0, 1, 14, 89])
def test_dead_letter_redrive(any_way: Way, world: World, days: int) -> None:
    """A redriven message has new ids, and new headers; the key is from what was signed, and remembered."""
    body = sentry_event_alert(tags={"service": "checkout"}, installation=UUID)
    router = any_way.router(world)
    outcomes = []
    for _ in range(2):
        outcomes.append(router(decoded(body)))
        world.clock.advance(days * 86_400)

    assert [type(outcome) for outcome in outcomes] == [Created, Duplicate]
    assert sign_webhook(body, "s")[1]["Request-ID"] != sign_webhook(body, "s")[1]["Request-ID"]
    assert len(world.asana.tasks) == 1


def test_issue_merged(any_way: Way, world: World) -> None:
    """An event belongs to the same task whichever issue it was merged into meanwhile."""
    event = world.event()
    before = world.alert(event)
    router = any_way.router(world)
    router(before)
    other = world.issue()
    world.sentry.merge(other, event.issue)
    after = world.alert(attrs.evolve(event, issue=other))

    assert before.issue_id != after.issue_id
    assert isinstance(router(after), Duplicate)
    assert len(world.asana.tasks) == 1


def test_short_id(any_way: Way, world: World) -> None:
    """However an issue's short id is spelt, it is no part of the key."""
    router = any_way.router(world)
    outcomes = [
        router(decoded(sentry_event_alert(extra={"shortId": spelt}, installation=UUID)))
        for spelt in ("WEB-1A", "web-1a")
    ]

    assert [type(outcome) for outcome in outcomes] == [Created, Duplicate]


def test_two_rules(any_way: Way, world: World) -> None:
    """Two alert rules that fire for one event make one task."""
    router = any_way.router(world)
    event = world.event()
    outcomes = [
        router(decoded(world.sentry.event_alert(event.id, rule=rule))) for rule in ("all errors", "checkout")
    ]

    assert [type(outcome) for outcome in outcomes] == [Created, Duplicate]


PUTS = ["put reserved", "put hold", "put creating", "put created", "put chain", "put linked", "put done"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", PUTS)
def test_store_down(any_way: Way, world: World, point: str, when: str) -> None:
    """A store that fails defers the alert, whether or not it had written; there is one task in the end."""
    alert = world.alert()
    tap = Tripwire(f"{when} {point}", LedgerError("the disk is full"))

    outcome = any_way.router(world, tap=tap)(alert)

    assert outcome == Deferred(alert.key, 30, "the disk is full")
    assert world.posts() == (0 if point in PUTS[:3] else 1)
    redeliver(any_way.router(world), world, alert)
    assert_one(any_way, world, alert)
    assert world.posts() == 1


@pytest.mark.parametrize("time", [1, 2, 3])
@pytest.mark.parametrize("when", ["before", "after"])
def test_store_unreadable(any_way: Way, world: World, when: str, time: int) -> None:
    """A store that cannot be read makes nothing, or leaves the rest for later."""
    alert = world.alert()
    tap = Tripwire(f"{when} get", LedgerError("locked"), time=time)

    assert any_way.router(world, tap=tap)(alert) == Deferred(alert.key, 30, "locked")

    redeliver(any_way.router(world), world, alert)
    assert_one(any_way, world, alert)


def test_short_lease(any_way: Way, world: World) -> None:
    """Whatever the times that are chosen, they are what is waited for."""
    options = Options(lease=3, create_timeout=1, clock_skew=1, consistency_delay=5, retry_after=2)
    alert = world.alert()
    with pytest.raises(Killed):
        any_way.router(world, options=options, tap=dies("before POST tasks"))(alert)
    router = any_way.router(world, options=options)

    assert router(alert) == Deferred(alert.key, 3, "another worker is at it")
    world.clock.advance(3)
    outcome = router(alert)
    assert isinstance(outcome, Uncertain)
    assert outcome.retry_after == 5
