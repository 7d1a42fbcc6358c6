"""The worker of a SQLite inbox: each outcome is settled, and nothing is lost when it stops or dies."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from sentry_governed import (
    ConfigError,
    Created,
    Deferred,
    InboxError,
    InboxItem,
    InboxMessage,
    MemoryLedger,
    Outcome,
    Rejected,
    Router,
    Secret,
    SqliteInbox,
    SqliteWorker,
    TaskBuilder,
    Teams,
    Uncertain,
)
from sentry_governed._values import Request, Response
from sentry_governed.adapters._settle import Settlement
from sentry_governed.adapters._watch import Unwatched
from sentry_governed.asana import AsanaClient, AsanaConfig
from sentry_governed.routing import Options
from sentry_governed.testing import Fault, FrozenClock
from tests.adapters.makers import message
from tests.routing.makers import SETTINGS, TEAMS, World

LONGEST = 10.0
OPTIONS = Options(lease=3.0, create_timeout=1.0, clock_skew=0.5, consistency_delay=0.5, retry_after=0.1)


@attrs.define
class Seen(Unwatched):
    """What the worker told."""

    settled_as: list[tuple[Outcome, Settlement]] = attrs.Factory(list)

    def settled(self, outcome: Outcome, settlement: Settlement) -> None:
        self.settled_as.append((outcome, settlement))


@attrs.define
class Hooked:
    """The fake Asana, with something that happens before each request."""

    world: World
    before: Callable[[], None] = lambda: None

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        self.before()
        return self.world.asana.send(request, timeout=timeout)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[SqliteInbox]:
    """An inbox in the real time."""
    with SqliteInbox(tmp_path / "inbox.db", max_attempts=2) as found:
        yield found


@pytest.fixture
def world() -> World:
    """Fakes in the real time."""
    return World.new(clock=Now())


class Now(FrozenClock):
    """The real time."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def router(world: World, before: Callable[[], None] = lambda: None) -> Router:
    """A router to those fakes."""
    return Router(
        teams=Teams.parse(TEAMS),
        tasks=TaskBuilder(SETTINGS),
        asana=AsanaClient(AsanaConfig(token=Secret("x"), sender=Hooked(world, before))),
        ledger=MemoryLedger(),
        options=Options(
            lease=3.0, create_timeout=1.0, clock_skew=0.5, consistency_delay=0.5, retry_after=0.1
        ),
    )


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + LONGEST
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def run(worker: SqliteWorker, holds: Callable[[], bool]) -> None:
    """Run the worker until it holds, then stop it."""
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        until(holds)
    finally:
        worker.stop()
        thread.join(LONGEST)
    assert not thread.is_alive()


def only(inbox: SqliteInbox) -> InboxItem:
    """The one message there is."""
    (item,) = inbox.list()
    return item


def waits(inbox: SqliteInbox) -> Callable[[], bool]:
    """Whether it was tried and given back."""
    return lambda: bool(only(inbox).reason)


def test_all_done(inbox: SqliteInbox, world: World) -> None:
    """Every message makes one task, over several threads, and the inbox is empty then."""
    messages = [message(number) for number in range(12)]
    for each in messages:
        inbox.put(each)
    seen = Seen()
    run(SqliteWorker(inbox, router(world), threads=3, watch=seen), lambda: inbox.stats().waiting == 0)

    assert {type(outcome) for outcome, _ in seen.settled_as} == {Created}
    assert len(world.asana.tasks) == len(messages)
    assert {task.notes.rpartition(" ")[2] for task in world.asana.tasks} == {each.key for each in messages}


def test_deferred(inbox: SqliteInbox, world: World) -> None:
    """What is deferred waits as long as it was told to, and keeps its attempts."""
    inbox.put(message())
    world.asana.faults.add(Fault.status(429, retry_after=1000), times=None)
    before = time.time()
    seen = Seen()
    run(SqliteWorker(inbox, router(world), watch=seen, deadline=2.0), waits(inbox))

    (outcome, _), *_ = seen.settled_as
    assert isinstance(outcome, Deferred)
    assert only(inbox).attempts == 0
    assert only(inbox).reason == outcome.reason
    assert before + outcome.retry_after <= only(inbox).due <= time.time() + outcome.retry_after


def test_deferred_at_last(tmp_path: Path, world: World) -> None:
    """A deferral is no failure, on the last attempt either."""
    world.asana.faults.add(Fault.status(429, retry_after=1000), times=None)
    with SqliteInbox(tmp_path / "inbox.db", max_attempts=1) as inbox:
        inbox.put(message())
        run(SqliteWorker(inbox, router(world), deadline=2.0), waits(inbox))

        assert (only(inbox).state, only(inbox).attempts) == ("waiting", 0)


def test_rejected(inbox: SqliteInbox, world: World) -> None:
    """What can never become a task is a dead letter at once, and says why."""
    inbox.put(attrs.evolve(message(), body=b"{}"))
    seen = Seen()
    run(SqliteWorker(inbox, router(world), watch=seen), lambda: inbox.stats().dead == 1)

    assert isinstance(seen.settled_as[0][0], Rejected)
    assert only(inbox).reason == "event_alert: missing or malformed: action"


def test_uncertain(inbox: SqliteInbox, world: World) -> None:
    """What stays uncertain uses its attempts up, and is a dead letter then."""
    inbox.put(message())
    world.asana.faults.add(Fault.reply_lost(), times=None, when=lambda call: call.method == "POST")
    world.asana.faults.add(Fault.status(403), times=None, when=lambda call: call.method == "GET")
    seen = Seen()
    run(SqliteWorker(inbox, router(world), watch=seen), lambda: inbox.stats().dead == 1)

    assert [type(outcome) for outcome, _ in seen.settled_as] == [Uncertain, Uncertain]
    assert only(inbox).attempts == 2
    assert only(inbox).reason.startswith("given up after the last delivery: ")


def test_unexpected(inbox: SqliteInbox, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of the program loses no message, ends no worker, and is logged with where it is."""

    def fail() -> None:
        raise ZeroDivisionError("secret")

    inbox.put(message())
    seen = Seen()
    run(SqliteWorker(inbox, router(world, fail), watch=seen), waits(inbox))

    assert (only(inbox).attempts, only(inbox).reason) == (1, "an unexpected ZeroDivisionError")
    (record,) = caplog.records
    assert record.getMessage() == "message 1 could not be handled"
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


def test_configured_wrongly(inbox: SqliteInbox, world: World) -> None:
    """Wrong configuration ends the worker loudly; the message waits on as it was."""

    def fail() -> None:
        raise ConfigError("no such project")

    inbox.put(message())
    with pytest.raises(ConfigError, match="no such project"):
        SqliteWorker(inbox, router(world, fail)).run()

    assert (only(inbox).state, only(inbox).attempts, only(inbox).leased) == ("waiting", 0, False)


def test_unusable_inbox(inbox: SqliteInbox, world: World) -> None:
    """An inbox that stays unusable ends the worker, which is somebody's to restart."""
    inbox.close()
    with pytest.raises(InboxError, match="closed"):
        SqliteWorker(inbox, router(world), patience=0.3).run()


def test_broken_watch(inbox: SqliteInbox, world: World) -> None:
    """A watch that raises ends the worker loudly, not a thread at a time; what was done stays."""

    class Broken(Unwatched):
        def settled(self, outcome: Outcome, settlement: Settlement) -> None:
            raise ZeroDivisionError

    inbox.put(message())
    with pytest.raises(ZeroDivisionError):
        SqliteWorker(inbox, router(world), watch=Broken()).run()

    assert inbox.stats().waiting == 0


def test_slow(inbox: SqliteInbox, world: World) -> None:
    """Work that takes longer than the lease keeps its message, and no other worker takes it."""
    inbox.put(message())
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(LONGEST)

    worker = SqliteWorker(inbox, router(world, wait), lease=0.5, threads=1)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    assert begun.wait(LONGEST)
    time.sleep(1.2)
    assert inbox.take(1.0) is None
    go_on.set()
    until(lambda: inbox.stats().waiting == 0)
    worker.stop()
    thread.join(LONGEST)

    assert len(world.asana.tasks) == 1


def test_drain(inbox: SqliteInbox, world: World) -> None:
    """A worker that is told to stop gives back what it cannot finish in time."""
    inbox.put(message())
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(LONGEST)

    worker = SqliteWorker(inbox, router(world, wait), drain=0.2)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    assert begun.wait(LONGEST)
    worker.stop()
    thread.join(LONGEST)

    assert not thread.is_alive()
    assert (only(inbox).reason, only(inbox).attempts, only(inbox).leased) == ("its worker stopped", 0, False)
    go_on.set()


@pytest.mark.parametrize("name", ["threads", "lease", "deadline", "drain", "patience"])
def test_refusals(inbox: SqliteInbox, world: World, name: str) -> None:
    """A worker's numbers are above 0."""
    with pytest.raises(ConfigError, match=name):
        SqliteWorker(inbox, router(world), **{name: 0})  # type: ignore[arg-type]  # wrong on purpose


PUTS = """
import sys
from sentry_governed import SqliteInbox
from tests.adapters.makers import message
inbox = SqliteInbox(sys.argv[1])
for number in range(100_000):
    inbox.put(message(number))
    print(number, flush=True)
"""


def test_killed_while_putting(tmp_path: Path) -> None:
    """Whatever was acknowledged before the process was killed is there."""
    path = tmp_path / "inbox.db"
    process = subprocess.Popen([sys.executable, "-c", PUTS, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(20)]
    process.kill()
    acknowledged += map(int, process.stdout.read().split())
    process.wait(LONGEST)
    process.stdout.close()

    with SqliteInbox(path) as inbox:
        kept = [item.message.key for item in inbox.list(limit=10**6)]
        (whole,) = {inbox.show(item.number) is not None for item in inbox.list(limit=10**6)}
    assert whole
    assert kept[: len(acknowledged)] == [message(number).key for number in acknowledged]
    assert len(kept) - len(acknowledged) in {0, 1}


TAKES = """
import sys, time
from sentry_governed import SqliteInbox
delivery = SqliteInbox(sys.argv[1]).take(0.5)
print(delivery.number, flush=True)
time.sleep(60)
"""


def test_killed_while_working(inbox: SqliteInbox, tmp_path: Path) -> None:
    """What a killed worker held comes back when its lease lapses, with one attempt less."""
    inbox.put(message())
    process = subprocess.Popen(
        [sys.executable, "-c", TAKES, str(tmp_path / "inbox.db")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()) == only(inbox).number
    assert inbox.take(1.0) is None
    process.kill()
    process.wait(LONGEST)
    process.stdout.close()
    until(lambda: not only(inbox).leased)
    delivery = inbox.take(1.0)

    assert delivery is not None
    assert (delivery.attempts, delivery.message) == (2, message())
    assert isinstance(delivery.message, InboxMessage)
