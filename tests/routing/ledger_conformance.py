"""What every ledger must do: a new one subclasses `LedgerConformance` and says how its stores are made.

An asynchronous ledger joins through `Blocking`, which drives it from any number of threads.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias, TypeVar

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from sentry_governed._values import LedgerRecord
from sentry_governed.errors import LedgerError
from sentry_governed.testing import FrozenClock
from sentry_governed.typing import AsyncLedger, Clock, Ledger

T = TypeVar("T")

Store: TypeAlias = Callable[[], Ledger]
"""One store: each call gives another handle on it."""

NewStore: TypeAlias = Callable[[Clock], AbstractContextManager[Store]]
"""Makes an empty store whose handles ask this clock, and clears it away afterwards."""

DAY = 86_400.0
WORKERS = 8


@attrs.frozen
class Blocking:
    """A `Ledger` made of an asynchronous one, whose loop runs in another thread."""

    ledger: AsyncLedger
    loop: asyncio.AbstractEventLoop

    def get(self, key: str) -> LedgerRecord | None:
        return self._result(self.ledger.get(key))

    def put(self, key: str, value: str, *, expected: int | None, expires_at: float) -> LedgerRecord | None:
        return self._result(self.ledger.put(key, value, expected=expected, expires_at=expires_at))

    def _result(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)


@contextmanager
def running_loop() -> Generator[asyncio.AbstractEventLoop, None, None]:
    """An event loop in a thread of its own, for `Blocking`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def at_once(work: Callable[[int], T]) -> list[T]:
    """Call it with each worker's number in threads that start together."""
    barrier = threading.Barrier(WORKERS)

    def start(worker: int) -> T:
        barrier.wait()
        return work(worker)

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(start, range(WORKERS)))


class LedgerMachine(RuleBasedStateMachine):
    """Two handles on one store behave like a dictionary whose entries expire."""

    keys = st.sampled_from(["a", "A", "a.b"])
    handles = st.integers(0, 1)

    def __init__(self, new_store: NewStore, clock: FrozenClock) -> None:
        super().__init__()
        self.clock = clock
        self.context = new_store(clock)
        store = self.context.__enter__()
        self.ledgers = [store(), store()]
        self.model: dict[str, LedgerRecord] = {}
        self.highest: dict[str, int] = {}

    def live(self, key: str) -> LedgerRecord | None:
        """What the model holds and has not expired."""
        found = self.model.get(key)
        return found if found and found.expires_at > self.clock.time() else None

    @rule(handle=handles, key=keys)
    def get(self, handle: int, key: str) -> None:
        assert self.ledgers[handle].get(key) == self.live(key)

    @rule(
        handle=handles,
        key=keys,
        value=st.text(max_size=20),
        seconds=st.integers(-5, 30),
        expected=st.sampled_from(["absent", "live", "last", "older", "newer"]),
    )
    def put(self, handle: int, key: str, value: str, seconds: int, expected: str) -> None:
        live, last = self.live(key), self.highest.get(key, 0)
        version = {
            "absent": None,
            "live": live.version if live else None,
            "last": last,
            "older": last - 1,
            "newer": last + 1,
        }[expected]
        expires_at = self.clock.time() + seconds

        written = self.ledgers[handle].put(key, value, expected=version, expires_at=expires_at)

        if version != (live.version if live else None):
            assert written is None
            return
        assert written is not None
        assert written.version > last
        assert written == LedgerRecord(key, value, written.version, expires_at)
        self.model[key], self.highest[key] = written, written.version

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)


class LedgerConformance:
    """The tests; `new_store` is what a ledger brings."""

    examples = 50

    @pytest.fixture
    def new_store(self) -> NewStore:
        """Says how this ledger's stores are made."""
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> FrozenClock:
        """Never behind the real time, by which a server may forget on its own."""
        return FrozenClock(float(int(time.time())))

    @pytest.fixture
    def store(self, new_store: NewStore, clock: FrozenClock) -> Iterator[Store]:
        with new_store(clock) as store:
            yield store

    @pytest.fixture
    def ledger(self, store: Store) -> Ledger:
        return store()

    @pytest.fixture
    def later(self, clock: FrozenClock) -> float:
        return clock.time() + 90 * DAY

    def test_absent(self, ledger: Ledger) -> None:
        """A key that nobody wrote is absent."""
        assert ledger.get("sentry.1.none") is None

    def test_first(self, ledger: Ledger, later: float) -> None:
        """The first write of a key succeeds and is read back whole."""
        written = ledger.put("sentry.1.abc", "reserved", expected=None, expires_at=later)

        assert written is not None
        assert written == LedgerRecord("sentry.1.abc", "reserved", written.version, later)
        assert ledger.get("sentry.1.abc") == written

    def test_taken(self, ledger: Ledger, later: float) -> None:
        """Who expects a key to be absent loses against the one who wrote it, and changes nothing."""
        first = ledger.put("k", "mine", expected=None, expires_at=later)

        assert ledger.put("k", "yours", expected=None, expires_at=later) is None
        assert ledger.get("k") == first

    def test_replace(self, ledger: Ledger, later: float) -> None:
        """Who knows the version replaces value and expiry, and the version grows."""
        first = ledger.put("k", "one", expected=None, expires_at=later)
        assert first is not None
        second = ledger.put("k", "two", expected=first.version, expires_at=later + DAY)

        assert second is not None
        assert second.version > first.version
        assert ledger.get("k") == LedgerRecord("k", "two", second.version, later + DAY)

    def test_stale(self, ledger: Ledger, later: float) -> None:
        """Who holds an older version loses, and changes nothing."""
        first = ledger.put("k", "one", expected=None, expires_at=later)
        assert first is not None
        second = ledger.put("k", "two", expected=first.version, expires_at=later)

        assert ledger.put("k", "three", expected=first.version, expires_at=later) is None
        assert ledger.get("k") == second

    @pytest.mark.parametrize("version", [0, 1, 7])
    def test_gone(self, ledger: Ledger, later: float, version: int) -> None:
        """Who expects a version of an absent key loses, and writes nothing."""
        assert ledger.put("k", "v", expected=version, expires_at=later) is None
        assert ledger.get("k") is None

    def test_same_value(self, ledger: Ledger, later: float) -> None:
        """Writing the same value again is a write: the version grows."""
        first = ledger.put("k", "v", expected=None, expires_at=later)
        assert first is not None
        second = ledger.put("k", "v", expected=first.version, expires_at=later)

        assert second is not None
        assert second.version > first.version

    def test_expired(self, ledger: Ledger, clock: FrozenClock) -> None:
        """A record is absent from the instant at which it expires."""
        written = ledger.put("k", "v", expected=None, expires_at=clock.time() + 10)
        clock.advance(9)
        assert ledger.get("k") == written
        clock.advance(1)

        assert ledger.get("k") is None

    def test_expired_holder(self, ledger: Ledger, clock: FrozenClock, later: float) -> None:
        """Who knows the version of an expired record loses: the key is absent."""
        first = ledger.put("k", "v", expected=None, expires_at=clock.time() + 10)
        assert first is not None
        clock.advance(10)

        assert ledger.put("k", "w", expected=first.version, expires_at=later) is None
        assert ledger.get("k") is None

    def test_written_anew(self, ledger: Ledger, clock: FrozenClock, later: float) -> None:
        """After the expiry a key can be written as absent, under a version it never had."""
        first = ledger.put("k", "v", expected=None, expires_at=clock.time() + 10)
        assert first is not None
        clock.advance(11)
        second = ledger.put("k", "w", expected=None, expires_at=later)

        assert second is not None
        assert second.version > first.version
        assert ledger.put("k", "x", expected=first.version, expires_at=later) is None
        assert ledger.get("k") == second

    def test_forgotten(self, ledger: Ledger, clock: FrozenClock, later: float) -> None:
        """Versions of a key grow even when its record was long cleared away."""
        first = ledger.put("k", "v", expected=None, expires_at=clock.time() + 10)
        assert first is not None
        clock.advance(DAY)
        for number in range(40):
            ledger.put(f"other.{number}", "v", expected=None, expires_at=clock.time() + 1)
            clock.advance(2)
        second = ledger.put("k", "v", expected=None, expires_at=later)

        assert second is not None
        assert second.version > first.version

    def test_prolonged(self, ledger: Ledger, clock: FrozenClock) -> None:
        """A later expiry keeps the record, an earlier one ends it."""
        first = ledger.put("k", "v", expected=None, expires_at=clock.time() + 10)
        assert first is not None
        second = ledger.put("k", "v", expected=first.version, expires_at=clock.time() + 30)
        assert second is not None
        clock.advance(20)
        assert ledger.get("k") == second
        ledger.put("k", "v", expected=second.version, expires_at=clock.time() + 1)
        clock.advance(2)

        assert ledger.get("k") is None

    def test_handles(self, store: Store, later: float) -> None:
        """Two handles on one store see each other's writes at once."""
        one, two = store(), store()
        first = one.put("k", "one", expected=None, expires_at=later)
        assert two.get("k") == first
        assert first is not None
        second = two.put("k", "two", expected=first.version, expires_at=later)

        assert one.get("k") == second
        assert one.put("k", "three", expected=first.version, expires_at=later) is None

    def test_stores(self, new_store: NewStore, clock: FrozenClock, later: float) -> None:
        """What one store holds is absent from another."""
        with new_store(clock) as one, new_store(clock) as two:
            one().put("k", "v", expected=None, expires_at=later)

            assert two().get("k") is None

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        key=st.from_regex(r"[A-Za-z0-9._-]{1,200}", fullmatch=True),
        value=st.text(st.characters(codec="utf-8")),
    )
    def test_texts(self, ledger: Ledger, later: float, key: str, value: str) -> None:
        """Any key of the grammar and any text are stored and read back unchanged."""
        found = ledger.get(key)
        written = ledger.put(key, value, expected=found.version if found else None, expires_at=later)

        assert written is not None
        assert (written.key, written.value) == (key, value)
        assert ledger.get(key) == written

    @pytest.mark.parametrize(
        ("one", "two"), [("a", "A"), ("a.b", "a_b"), (".", ".."), ("a", "a."), ("1", "01")], ids=str
    )
    def test_keys_differ(self, ledger: Ledger, later: float, one: str, two: str) -> None:
        """Keys that are not the same text are not the same key."""
        ledger.put(one, "v", expected=None, expires_at=later)

        assert ledger.get(two) is None

    @pytest.mark.parametrize(
        "key", ["", "a" * 201, "a b", "a/b", "a:b", "a\n", "\n", "é", "\0", "a*", "a>"], ids=ascii
    )
    def test_bad_key(self, ledger: Ledger, later: float, key: str) -> None:
        """A key outside the grammar is refused by reading and by writing, in one line."""
        with pytest.raises(LedgerError, match=r"\A[ -~]+ cannot be a ledger key: [ -~]+\Z"):
            ledger.get(key)
        with pytest.raises(LedgerError, match="cannot be a ledger key"):
            ledger.put(key, "v", expected=None, expires_at=later)

    @pytest.mark.parametrize("letter", ["x", "é", "\N{GRINNING FACE}"], ids=ascii)
    def test_value_size(self, ledger: Ledger, later: float, letter: str) -> None:
        """A value of 64 KiB in UTF-8 is kept whole, a larger one is refused."""
        largest = letter * (65_536 // len(letter.encode()))
        written = ledger.put("k", largest, expected=None, expires_at=later)

        assert written is not None
        assert ledger.get("k") == written
        with pytest.raises(LedgerError, match="at most 65536"):
            ledger.put("big", largest + letter, expected=None, expires_at=later)
        assert ledger.get("big") is None

    def test_bad_value(self, ledger: Ledger, later: float) -> None:
        """A text that UTF-8 cannot carry is refused."""
        with pytest.raises(LedgerError, match="surrogate"):
            ledger.put("k", "\ud800", expected=None, expires_at=later)

    @pytest.mark.parametrize("expires_at", [float("nan"), float("inf"), float("-inf")])
    def test_bad_expiry(self, ledger: Ledger, expires_at: float) -> None:
        """A record that never expires, or at no time at all, is refused."""
        with pytest.raises(LedgerError, match="cannot expire at"):
            ledger.put("k", "v", expected=None, expires_at=expires_at)

    def test_one_winner(self, store: Store, later: float) -> None:
        """Of threads that write one key at once, each with its handle, one wins, and its value stays."""
        handles = [store() for _ in range(WORKERS)]
        for number in range(20):
            key = f"race.{number}"
            written = at_once(
                lambda worker, key=key: handles[worker].put(  # type: ignore[misc]  # binds the loop's key
                    key, str(worker), expected=None, expires_at=later
                )
            )
            (winner,) = (record for record in written if record is not None)

            assert handles[0].get(key) == winner

    def test_shared_handle(self, ledger: Ledger, later: float) -> None:
        """Threads that add to a counter through one handle, each retrying when it loses, lose no step."""
        ledger.put("counter", "0", expected=None, expires_at=later)

        def add(_: int) -> None:
            for _step in range(5):
                while True:
                    found = ledger.get("counter")
                    assert found is not None
                    if ledger.put(
                        "counter", str(int(found.value) + 1), expected=found.version, expires_at=later
                    ):
                        break

        at_once(add)

        final = ledger.get("counter")
        assert final is not None
        assert final.value == str(5 * WORKERS)

    def test_model(self, new_store: NewStore, clock: FrozenClock) -> None:
        """Any sequence of reads, writes and waits gives what a dictionary with expiry gives."""

        class Machine(LedgerMachine):
            def __init__(self) -> None:
                super().__init__(new_store, clock)

        run_state_machine_as_test(
            Machine,
            settings=settings(max_examples=self.examples, stateful_step_count=30, deadline=None),
        )
