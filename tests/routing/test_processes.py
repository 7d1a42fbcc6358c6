"""Real processes, real connections, one SQLite file: racing, killed at each step, and without their store."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import attrs
import pytest

from sentry_governed.alerts import Alert
from sentry_governed.routing import Created, Duplicate, SqliteLedger
from sentry_governed.testing import FakeEvent, Fault, FrozenClock
from sentry_governed.testing._wire import Call
from tests.routing.makers import DEFAULT, TEAMS, UUID, World
from tests.routing.ways import Way, assert_one, redeliver

WORKERS = 8
ROUNDS = 5
AT_ONCE = 0.0
PROGRAM = str(Path(__file__).with_name("worker.py"))


class RunningClock(FrozenClock):
    """The real time, and whatever it was advanced by."""

    def time(self) -> float:
        return time.time() + self._elapsed


@attrs.frozen
class Site:
    """The services on loopback ports."""

    world: World
    asana: str
    sentry: str

    def worker(self, ledger: Path, **fate: object) -> "subprocess.Popen[str]":
        """A worker process that uses that ledger."""
        told = {
            "asana": self.asana,
            "sentry": self.sentry,
            "ledger": str(ledger),
            "uuid": UUID,
            "integration_token": "integration-token",
            "teams": TEAMS,
            "default_project": DEFAULT,
            **fate,
        }
        return subprocess.Popen(
            [sys.executable, PROGRAM, json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def body(self, event: FakeEvent) -> str:
        """The webhook about an event."""
        return json.dumps(self.world.sentry.event_alert(event.id))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Fakes that the workers reach over HTTP, in the real time."""
    world = World.new(clock=RunningClock())
    with world.asana.serve() as asana, world.sentry.serve() as sentry:
        yield Site(world, asana, sentry)


def tell(worker: "subprocess.Popen[str]", body: str, start: float = AT_ONCE) -> None:
    """Have the worker handle an alert, at that time."""
    assert worker.stdin is not None
    worker.stdin.write(f"{start} {body}\n")
    worker.stdin.flush()


def answer(worker: "subprocess.Popen[str]") -> str:
    """The worker's next line; empty when it is dead."""
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def stop(worker: "subprocess.Popen[str]") -> None:
    """Let the worker end, or bury it."""
    worker.communicate(timeout=60)


@attrs.frozen
class Crew:
    """Processes that share a ledger."""

    workers: list["subprocess.Popen[str]"]
    ledger: Path

    def handle(self, bodies: Sequence[str]) -> list[str]:
        """What each answers to its body when all start at the same instant."""
        start = time.time() + 0.05
        for worker, body in zip(self.workers, bodies, strict=True):
            tell(worker, body, start)
        return [answer(worker).partition(" ")[0] for worker in self.workers]


@pytest.fixture(scope="module")
def crew(site: Site) -> Iterator[Crew]:
    """Eight processes that are ready."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        path = Path(directory) / "ledger.db"
        workers = [stack.enter_context(site.worker(path)) for _ in range(WORKERS)]
        assert [answer(worker) for worker in workers] == ["ready"] * WORKERS
        yield Crew(workers, path)
        for worker in workers:
            stop(worker)


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_race(site: Site, crew: Crew, attempt: int) -> None:
    """Eight processes that handle one alert at the same instant make one task, and link it."""
    event = site.world.event()

    kinds = crew.handle([site.body(event)] * WORKERS)

    alert = site.world.alert(event)
    (task,) = site.world.tasks(alert)
    assert kinds.count("Created") == 1
    assert set(kinds) <= {"Created", "Duplicate", "Deferred"}
    assert site.world.links(alert) == [task.permalink_url]
    assert crew.handle([site.body(event)] * WORKERS) == ["Duplicate"] * WORKERS


def test_race_of_events(site: Site, crew: Crew) -> None:
    """Eight processes that handle eight events of one issue make eight tasks with one root."""
    world, issue = site.world, site.world.issue()

    kinds = crew.handle([site.body(world.event(issue)) for _ in range(WORKERS)])

    assert kinds == ["Created"] * WORKERS
    with SqliteLedger(crew.ledger) as ledger:
        chain = ledger.get(f"chain.acme.{issue}")
    assert chain is not None
    assert len(json.loads(chain.value)["tasks"]) == WORKERS
    (link,) = world.sentry.external_issues(issue)
    assert link.identifier == json.loads(chain.value)["root"]
    assert len(world.sentry.notes(issue)) == WORKERS - 1


STATES = ("reserved", "creating", "created", "chain", "linked", "done")
WRITES = [f"{when} {state}" for state in STATES for when in ("before", "after")]
REQUESTS: dict[str, tuple[str, str, bool]] = {
    "amid the lookup of a portfolio": ("GET", "/items", True),
    "amid a POST that is not applied": ("POST", "/tasks", False),
    "amid a POST that is applied": ("POST", "/tasks", True),
    "amid a link that is not applied": ("POST", "/external-issues/", False),
    "amid a link that is applied": ("POST", "/external-issues/", True),
}


@attrs.frozen
class Victim:
    """A process that was killed while it handled an alert, and the ledger that it left."""

    alert: Alert
    ledger: Path
    exit_code: int


@pytest.fixture(scope="module")
def victims(site: Site) -> Iterator[dict[str, Victim]]:
    """A process for each step, all killed at theirs."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        workers: dict[str, tuple[FakeEvent, Path, subprocess.Popen[str]]] = {}
        for number, point in enumerate([*WRITES, *REQUESTS]):
            path = Path(directory) / f"{number}.db"
            worker = stack.enter_context(site.worker(path, kill=point))
            workers[point] = site.world.event(), path, worker
        found: dict[str, Victim] = {}
        for point, (event, path, worker) in workers.items():
            assert answer(worker) == "ready"
            if point in REQUESTS:
                kill_at(site.world, worker, *REQUESTS[point])
            tell(worker, site.body(event))
            assert answer(worker) == ""
            stop(worker)
            found[point] = Victim(site.world.alert(event), path, worker.returncode)
        yield found


def kill_at(world: World, worker: "subprocess.Popen[str]", method: str, path: str, is_applied: bool) -> None:
    """Kill the process when its request has arrived, which is then applied or not."""

    def arrives(call: Call) -> bool:
        if call.method != method or not call.path.endswith(path) or worker.poll() is not None:
            return False
        worker.send_signal(signal.SIGKILL)
        return True

    fault = Fault() if is_applied else Fault.not_sent()
    for fake in (world.asana, world.sentry):
        fake.faults.add(fault, when=arrives)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("point", [*WRITES, *REQUESTS])
def test_killed(site: Site, victims: dict[str, Victim], point: str, is_async: bool) -> None:
    """A process is killed at a step; the next deliveries, elsewhere, end with one task that is linked."""
    victim, world = victims[point], site.world
    assert victim.exit_code == -signal.SIGKILL
    with SqliteLedger(victim.ledger, clock=world.clock) as ledger, asyncio.Runner() as runner:
        way = Way(is_async, ledger, runner)

        assert isinstance(redeliver(way.router(world), world, victim.alert), Created | Duplicate)

        assert_one(way, world, victim.alert)


def refused(site: Site, path: Path, **fate: object) -> str:
    """Why a process that cannot use its ledger defers an alert, of which no service hears."""
    event = site.world.event()
    calls = len(site.world.asana.calls), len(site.world.sentry.calls)
    with site.worker(path, **fate) as worker:
        assert answer(worker) == "ready"
        tell(worker, site.body(event))
        kind, _, reason = answer(worker).partition(" ")
        stop(worker)
    assert kind == "Deferred"
    assert (len(site.world.asana.calls), len(site.world.sentry.calls)) == calls
    assert site.world.tasks(site.world.alert(event)) == []
    return reason


@pytest.fixture
def path() -> Iterator[Path]:
    """A ledger's file that holds something, in a directory that every user may enter."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o777)
        path = Path(directory) / "ledger.db"
        with SqliteLedger(path) as ledger:
            ledger.put("k", "v", expected=None, expires_at=9e9)
        yield path


def test_read_only(site: Site, path: Path) -> None:
    """With a file that may only be read, nothing is created."""
    path.chmod(0o444)

    assert "it cannot be written" in refused(site, path, is_nobody=True)


def test_full(site: Site, path: Path) -> None:
    """With a full disk, nothing is created."""
    assert "disk I/O error" in refused(site, path, most_bytes=100)


def test_locked(site: Site, path: Path) -> None:
    """While somebody else holds the file, nothing is created."""
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    assert "another process keeps it locked" in refused(site, path, timeout=0.1)

    holder.execute("ROLLBACK")
    holder.close()


def test_gone(site: Site, path: Path) -> None:
    """Without the directory, nothing is created."""
    assert str(path.parent) in refused(site, path.parent / "nowhere" / "ledger.db")


def test_removed(site: Site, path: Path) -> None:
    """When the file is removed while it is in use, nothing is created any more."""
    with site.worker(path) as worker:
        assert answer(worker) == "ready"
        tell(worker, site.body(site.world.event()))
        assert answer(worker).partition(" ")[0] == "Created"
        path.unlink()
        event = site.world.event()
        tell(worker, site.body(event))

        assert "it was removed or replaced while in use" in answer(worker)

        stop(worker)
    assert site.world.tasks(site.world.alert(event)) == []
