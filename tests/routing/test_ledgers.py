"""The ledgers that come with the core: each passes the conformance suite, and SQLite's keeps its promises."""

import itertools
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from sentry_governed.errors import ConfigError, LedgerError
from sentry_governed.routing.ledgers import AsyncMemoryLedger, MemoryLedger, SqliteLedger
from sentry_governed.testing import FrozenClock
from sentry_governed.typing import Clock
from tests.routing.ledger_conformance import (
    DAY,
    Blocking,
    LedgerConformance,
    NewStore,
    Store,
    at_once,
    running_loop,
)

LATER = 4_000_000_000.0


class TestMemoryLedger(LedgerConformance):
    """In memory, the object is the store."""

    @pytest.fixture
    def new_store(self) -> NewStore:
        @contextmanager
        def new(clock: Clock) -> Generator[Store, None, None]:
            ledger = MemoryLedger(clock=clock)
            yield lambda: ledger

        return new


class TestAsyncMemoryLedger(LedgerConformance):
    """The same, awaited on a loop in another thread."""

    @pytest.fixture
    def new_store(self) -> Iterator[NewStore]:
        @contextmanager
        def new(clock: Clock) -> Generator[Store, None, None]:
            ledger = Blocking(AsyncMemoryLedger(clock=clock), loop)
            yield lambda: ledger

        with running_loop() as loop:
            yield new


class TestSqliteLedger(LedgerConformance):
    """The file is the store; each handle has its own connection."""

    @pytest.fixture
    def new_store(self, tmp_path: Path) -> NewStore:
        numbers = itertools.count()

        @contextmanager
        def new(clock: Clock) -> Generator[Store, None, None]:
            path = tmp_path / f"{next(numbers)}.db"
            with ExitStack() as opened:
                yield lambda: opened.enter_context(SqliteLedger(path, timeout=30, clock=clock))

        return new


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger may be made."""
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    """A ledger that has one record."""
    with SqliteLedger(path, timeout=0.05) as ledger:
        ledger.put("k", "v", expected=None, expires_at=LATER)
        yield ledger


def refusal(work: Callable[[], object]) -> str:
    """The one line with which a ledger refuses, which drags along no other exception."""
    with pytest.raises(LedgerError) as caught:
        work()

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def refusals(ledger: SqliteLedger) -> set[str]:
    """How it refuses to read and to write."""
    return {
        refusal(lambda: ledger.get("k")),
        refusal(lambda: ledger.put("new", "v", expected=None, expires_at=LATER)),
    }


def rows(path: Path) -> int:
    """How many records the file holds, expired ones included."""
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("SELECT count(*) FROM records").fetchone()
        assert isinstance(number, int)
        return number


def test_reopened(path: Path) -> None:
    """What was written is there when the file is opened again, and its versions go on."""
    with SqliteLedger(path) as ledger:
        first = ledger.put("k", "v", expected=None, expires_at=LATER)
    assert first is not None
    with SqliteLedger(str(path)) as ledger:
        assert ledger.get("k") == first
        second = ledger.put("k", "w", expected=first.version, expires_at=LATER)

    assert second is not None
    assert second.version > first.version


def test_versions_outlive_records(path: Path) -> None:
    """A version is not used again even when every record was cleared away and the file opened anew."""
    clock = FrozenClock()
    with SqliteLedger(path, clock=clock) as ledger:
        first = ledger.put("k", "v", expected=None, expires_at=clock.time() - 1)
    assert rows(path) == 0
    with SqliteLedger(path, clock=clock) as ledger:
        second = ledger.put("k", "v", expected=None, expires_at=LATER)

    assert first is not None
    assert second is not None
    assert second.version > first.version


def test_pruned_in_passing(path: Path) -> None:
    """Writes clear away expired records a few at a time, and leave live ones."""
    clock = FrozenClock()
    with SqliteLedger(path, clock=clock) as ledger:
        for number in range(100):
            ledger.put(f"old.{number}", "v", expected=None, expires_at=clock.time() + 10 + number)
        kept = ledger.put("kept", "v", expected=None, expires_at=clock.time() + 90 * DAY)
        clock.advance(1000)
        ledger.put("new.1", "v", expected=None, expires_at=clock.time() + DAY)
        assert 80 < rows(path) < 100
        for number in range(2, 20):
            ledger.put(f"new.{number}", "v", expected=None, expires_at=clock.time() + DAY)

        assert rows(path) == 20
        assert ledger.get("kept") == kept


def test_no_scan(ledger: SqliteLedger, path: Path) -> None:
    """Finding a key and finding what has expired both use an index."""
    with closing(sqlite3.connect(path)) as connection:
        plans = [
            connection.execute(f"EXPLAIN QUERY PLAN SELECT version FROM records WHERE {where}").fetchall()
            for where in ("key = 'k' AND expires_at > 1", "expires_at <= 1 ORDER BY expires_at LIMIT 16")
        ]

    assert all("SEARCH records USING" in step[-1] for plan in plans for step in plan)


def test_lazy(path: Path) -> None:
    """Neither importing nor constructing touches SQLite or the disk."""
    code = f"""
import sys
sys.modules.pop("sqlite3", None)  # a coverage tool may have loaded it
from sentry_governed.routing.ledgers import SqliteLedger
SqliteLedger({str(path)!r})
print("sqlite3" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout == "False\n"
    assert not path.exists()


def test_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the directory at the time of construction."""
    monkeypatch.chdir(tmp_path)
    ledger = SqliteLedger("ledger.db")
    monkeypatch.chdir("/")
    with ledger:
        ledger.put("k", "v", expected=None, expires_at=LATER)

    assert rows(tmp_path / "ledger.db") == 1


@pytest.mark.parametrize("name", ["", ":memory:", "a\0b"], ids=ascii)
def test_no_file(name: str) -> None:
    """A path that names no file is refused at once."""
    with pytest.raises(ConfigError, match="needs a file"):
        SqliteLedger(name)


@pytest.mark.parametrize("timeout", [-1.0, 3601.0, float("inf"), float("nan")])
def test_bad_timeout(path: Path, timeout: float) -> None:
    """A timeout that no one could mean is refused at once."""
    with pytest.raises(ConfigError, match="cannot wait"):
        SqliteLedger(path, timeout=timeout)


def test_closed(ledger: SqliteLedger, path: Path) -> None:
    """A closed ledger refuses, and closing it twice is fine."""
    ledger.close()
    ledger.close()

    assert refusals(ledger) == {f"{path}: this ledger is closed"}


def test_no_directory(tmp_path: Path) -> None:
    """A file in a directory that is not there is refused when it is first used, and works once it is."""
    file = tmp_path / "missing" / "ledger.db"
    with SqliteLedger(file) as ledger:
        assert refusals(ledger) == {f"{file}: its directory does not exist; create it first"}
        file.parent.mkdir()

        assert ledger.put("k", "v", expected=None, expires_at=LATER) is not None


def test_not_a_database(path: Path) -> None:
    """A file of another kind is refused and left as it is."""
    path.write_bytes(b"dear diary, " * 100)
    with SqliteLedger(path, timeout=0.05) as ledger:
        assert all("is not a SQLite database" in line for line in refusals(ledger))

    assert path.read_bytes() == b"dear diary, " * 100


def test_removed(ledger: SqliteLedger, path: Path) -> None:
    """A directory removed under an open ledger is noticed: nothing is written into the void."""
    shutil.rmtree(path.parent)

    assert all("it was removed or replaced while in use" in line for line in refusals(ledger))
    path.parent.mkdir()
    assert all(line.startswith(f"{path}: it was removed") for line in refusals(ledger))
    assert not path.exists()


def test_put_back(ledger: SqliteLedger, path: Path) -> None:
    """A directory moved away and back is used again."""
    before = ledger.get("k")
    away = path.parent.with_name("away")
    path.parent.rename(away)
    assert len(refusals(ledger)) == 1
    away.rename(path.parent)

    assert ledger.get("k") == before


def test_replaced(ledger: SqliteLedger, path: Path) -> None:
    """Another file put in its place is not taken for it by a ledger in use."""
    other = path.with_name("other.db")
    with SqliteLedger(other) as copy:
        copy.put("other", "v", expected=None, expires_at=LATER)
    other.replace(path)

    assert all("replaced while in use" in line for line in refusals(ledger))


def test_damaged_table(ledger: SqliteLedger, path: Path) -> None:
    """A file whose table was taken away is refused with SQLite's words."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE records")

    assert refusals(ledger) == {f"{path}: no such table: records"}


def test_locked(ledger: SqliteLedger, path: Path) -> None:
    """A lock held by another process beyond the timeout refuses writes, leaves reads, and is got over."""
    code = """
import select, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
select.select([sys.stdin], [], [], 3)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        message = refusal(lambda: ledger.put("new", "v", expected=None, expires_at=LATER))
        assert message == f"{path}: database is locked"
        assert ledger.get("k") is not None
        holder.communicate()

    assert ledger.put("new", "v", expected=None, expires_at=LATER) is not None


def test_busy_threads(path: Path) -> None:
    """A thread waits for the others no longer than the timeout."""
    entered, leave = threading.Event(), threading.Event()

    class Slow(FrozenClock):
        def time(self) -> float:
            entered.set()
            leave.wait(30)
            return super().time()

    with SqliteLedger(path, timeout=0.05, clock=Slow()) as ledger:
        first = threading.Thread(target=ledger.get, args=("k",))
        first.start()
        entered.wait(30)
        assert refusal(lambda: ledger.get("k")) == f"{path}: other threads kept it busy for 0.05 s"
        leave.set()
        first.join()

        assert ledger.get("k") is None


def test_interrupted(path: Path) -> None:
    """What interrupts a write undoes it, passes through unchanged, and leaves the ledger usable."""
    clock = FrozenClock()

    class Broken(FrozenClock):
        def time(self) -> float:
            raise KeyboardInterrupt

    with SqliteLedger(path, clock=clock) as ledger, SqliteLedger(path, clock=Broken()) as broken:
        with pytest.raises(KeyboardInterrupt):
            broken.put("k", "v", expected=None, expires_at=LATER)

        assert ledger.put("k", "v", expected=None, expires_at=LATER) is not None
        with pytest.raises(KeyboardInterrupt):
            broken.get("k")


def test_signalled(path: Path) -> None:
    """A signal that interrupts the wait for a lock does not leave that lock held."""

    class Alarm(Exception):
        pass

    def ring(*_: object) -> None:
        raise Alarm

    with (
        SqliteLedger(path) as ledger,
        SqliteLedger(path, timeout=0.05) as other,
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as holder,
    ):
        ledger.get("k")
        other.get("k")
        holder.execute("BEGIN IMMEDIATE")
        released = threading.Timer(0.3, holder.execute, ("COMMIT",))
        usual = signal.signal(signal.SIGALRM, ring)
        released.start()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(Alarm):
                ledger.put("k", "v", expected=None, expires_at=LATER)
        finally:
            signal.signal(signal.SIGALRM, usual)
            released.join()

        assert other.put("k", "v", expected=None, expires_at=LATER) is not None
        assert ledger.get("k") is not None


def test_threads_open_once(path: Path) -> None:
    """Threads that use a new ledger at the same moment all find it ready."""
    with SqliteLedger(path) as ledger:
        written = at_once(lambda worker: ledger.put(f"k.{worker}", "v", expected=None, expires_at=LATER))

    assert None not in written
    assert rows(path) == len(written)


def test_private(ledger: SqliteLedger, path: Path) -> None:
    """A new file can be read by its owner alone."""
    assert path.stat().st_mode & 0o077 == 0


def test_descriptors(ledger: SqliteLedger) -> None:
    """A refusal gives its file descriptors back."""
    before = sorted(Path("/dev/fd").iterdir())
    for _ in range(5):
        refusal(lambda: ledger.put("k", "\ud800", expected=None, expires_at=LATER))
        with SqliteLedger("/dev/null", timeout=0) as other:
            refusals(other)

    assert sorted(Path("/dev/fd").iterdir()) == before
