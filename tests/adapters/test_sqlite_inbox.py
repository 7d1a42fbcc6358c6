"""The inbox in a SQLite file: what is put stays, what is taken comes back until it is settled."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from sentry_governed import ConfigError, InboxError, InboxMessage, SqliteInbox
from sentry_governed.adapters.sqlite import Delivery, InboxStats
from sentry_governed.testing import FrozenClock
from tests.adapters.makers import message

LEASE = 30.0
ATTEMPTS = 3


@pytest.fixture
def clock() -> FrozenClock:
    """The time, which stands still."""
    return FrozenClock()


@pytest.fixture
def inbox(tmp_path: Path, clock: FrozenClock) -> Iterator[SqliteInbox]:
    """A new inbox."""
    with SqliteInbox(tmp_path / "inbox.db", max_attempts=ATTEMPTS, clock=clock) as found:
        yield found


def taken(inbox: SqliteInbox) -> Delivery:
    """The message whose turn it is."""
    delivery = inbox.take(LEASE)
    assert delivery is not None
    return delivery


def test_round_trip(inbox: SqliteInbox) -> None:
    """What is taken is what was put, every field of it."""
    put = [
        attrs.evolve(message(1), trimmed=True),
        attrs.evolve(message(2), source="datadog", resource=None, body=b"\x00\xff", sha256="b" * 64),
    ]
    for each in put:
        inbox.put(each)

    assert [taken(inbox).message, taken(inbox).message] == put
    assert inbox.take(LEASE) is None


def test_other_process(inbox: SqliteInbox, tmp_path: Path, clock: FrozenClock) -> None:
    """Another inbox on the same file sees the same messages, and its leases count."""
    inbox.put(message())
    with SqliteInbox(tmp_path / "inbox.db", clock=clock) as other:
        held = taken(other)
        assert inbox.take(LEASE) is None
        assert other.ack(held)
    assert inbox.stats().waiting == 0


def test_late_ack(inbox: SqliteInbox, clock: FrozenClock) -> None:
    """Whose lease has lapsed settles nothing once another worker holds the message."""
    inbox.put(message())
    late = taken(inbox)
    clock.advance(LEASE)
    now = taken(inbox)

    assert not inbox.ack(late)
    assert not inbox.bury(late, "no")
    assert not inbox.give_back(late, after=0, reason="no", counts=True)
    assert not inbox.extend(late, LEASE)
    assert inbox.ack(now)
    assert not inbox.ack(now)


def test_same_bytes(inbox: SqliteInbox) -> None:
    """Bytes that wait already are not kept twice; once they are gone they are kept again."""
    inbox.put(message())
    inbox.put(message())
    assert inbox.stats().waiting == 1
    assert inbox.ack(taken(inbox))
    inbox.put(message())
    assert inbox.stats().waiting == 1
    inbox.put(attrs.evolve(message(), resource="error"))
    assert inbox.stats().waiting == 2


def test_quarantine(inbox: SqliteInbox) -> None:
    """What could not be read is kept apart, until an operator has it read anew."""
    inbox.put(message(7, problem="the body is not JSON"))
    (item,) = inbox.list("quarantined")

    assert (item.state, item.reason, item.size) == ("quarantined", "the body is not JSON", 2)
    assert inbox.take(LEASE) is None
    assert inbox.retry(item.number)
    assert taken(inbox).message == attrs.evolve(message(7, problem="x"), problem=None)


def test_crash_loop(inbox: SqliteInbox, clock: FrozenClock) -> None:
    """A message that ends every worker becomes a dead letter."""
    inbox.put(message())
    for attempt in range(1, ATTEMPTS + 1):
        delivery = taken(inbox)
        assert (delivery.attempts, delivery.is_last) == (attempt, attempt == ATTEMPTS)
        clock.advance(LEASE)

    assert inbox.take(LEASE) is None
    (item,) = inbox.list("dead")
    assert item.reason == "taken 3 times, and no worker came to an end with it"


def test_full(tmp_path: Path) -> None:
    """A full inbox refuses more, by number and bytes; a duplicate and a quarantined one are fine."""
    with SqliteInbox(tmp_path / "few.db", max_messages=1) as few:
        few.put(message(1))
        with pytest.raises(InboxError, match="the inbox is full: 1 messages of"):
            few.put(message(2))
        few.put(message(1))
        few.put(message(3, problem="broken"))
        assert few.stats().waiting == 1
    with SqliteInbox(tmp_path / "small.db", max_bytes=len(message(1).body)) as small:
        small.put(message(1))
        with pytest.raises(InboxError, match="full"):
            small.put(message(2))


def test_aside_is_bounded(tmp_path: Path, clock: FrozenClock) -> None:
    """Of what was put aside the oldest is dropped, by number and by age; what waits is never dropped."""
    with SqliteInbox(tmp_path / "inbox.db", keep_aside=2, retention=100.0, clock=clock) as inbox:
        for number in range(4):
            inbox.put(message(number, problem="broken", received_at=clock.time() + number))
        assert [item.message.received_at - clock.time() for item in inbox.list()] == [2, 3]
        inbox.put(message(8, received_at=clock.time()))
        clock.advance(103.0)
        inbox.put(message(9, received_at=clock.time()))
        assert [item.state for item in inbox.list()] == ["waiting", "waiting"]


def test_list(inbox: SqliteInbox) -> None:
    """A list comes in pages and without bodies; one message is shown with its body."""
    for number in range(5):
        inbox.put(message(number))
    first = inbox.list(limit=3)
    rest = inbox.list(limit=3, after=first[-1].number)
    shown = inbox.show(rest[-1].number)

    assert [item.message.key for item in (*first, *rest)] == [message(number).key for number in range(5)]
    assert {item.message.body for item in first} == {b""}
    assert shown is not None
    assert shown.message == message(4)
    assert shown.size == len(message(4).body)
    assert inbox.show(99) is None
    assert inbox.list("dead") == ()


def test_held(inbox: SqliteInbox) -> None:
    """What a worker holds an operator can neither retry nor discard."""
    inbox.put(message())
    delivery = taken(inbox)
    (item,) = inbox.list()

    assert item.leased
    assert not inbox.retry(item.number)
    assert not inbox.discard(item.number)
    assert inbox.ack(delivery)


@pytest.mark.parametrize(
    "problem", [{"path": ""}, {"path": ":memory:"}, {"path": "a\0b"}, {"max_attempts": 0}, {"timeout": -1}]
)
def test_refusals(problem: dict[str, object]) -> None:
    """What cannot be an inbox is refused when it is made."""
    with pytest.raises(ConfigError):
        SqliteInbox(**{"path": "inbox.db", **problem})  # type: ignore[arg-type]  # wrong on purpose


def test_unusable(tmp_path: Path) -> None:
    """A file that cannot be used makes the one error that a webhook answers 503 to."""
    (tmp_path / "inbox.db").write_bytes(b"no database, and longer than a header" * 30)
    with (
        SqliteInbox(tmp_path / "inbox.db") as inbox,
        pytest.raises(InboxError, match="not a SQLite"),
    ):
        inbox.put(message())
    with pytest.raises(InboxError, match="this inbox is closed"):
        inbox.put(message())


@attrs.define
class Row:
    """What the naive inbox knows of a message."""

    message: InboxMessage
    state: str
    due: float
    attempts: int = 0
    holder: int | None = None
    turn: int = 0


class Machine(RuleBasedStateMachine):
    """The inbox beside a list."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.clock = FrozenClock()
        self.inbox = SqliteInbox(
            Path(self._directory.name) / "i.db", max_attempts=ATTEMPTS, max_messages=4, clock=self.clock
        )
        self.rows: list[Row] = []
        self.held: list[tuple[int, Row, Delivery]] = []
        self.leases = itertools.count()
        self.turns = itertools.count(1)

    def teardown(self) -> None:
        self.inbox.close()
        self._directory.cleanup()

    @rule(number=st.integers(0, 6), problem=st.booleans())
    def put(self, number: int, problem: bool) -> None:
        given = message(number, problem="broken" if problem else None)
        state = "quarantined" if problem else "waiting"
        waiting = [row for row in self.rows if row.state == "waiting"]
        if any((row.message, row.state) == (given, state) for row in self.rows):
            self.inbox.put(given)
        elif not problem and len(waiting) >= 4:
            with pytest.raises(InboxError):
                self.inbox.put(given)
        else:
            self.inbox.put(given)
            self.rows.append(Row(given, state, self.clock.time(), turn=next(self.turns)))

    @rule()
    def take(self) -> None:
        wanted = None
        while wanted is None:
            due = [row for row in self.rows if row.state == "waiting" and row.due <= self.clock.time()]
            if not due:
                break
            first = min(due, key=lambda row: (row.due, row.turn))
            if first.attempts >= ATTEMPTS:
                first.state, first.holder = "dead", None
            else:
                wanted = first
        delivery = self.inbox.take(LEASE)
        assert (delivery is None) == (wanted is None)
        if delivery is not None and wanted is not None:
            wanted.attempts += 1
            wanted.due, wanted.holder = self.clock.time() + LEASE, next(self.leases)
            assert (delivery.message, delivery.attempts) == (wanted.message, wanted.attempts)
            assert delivery.is_last == (wanted.attempts == ATTEMPTS)
            self.held.append((wanted.holder, wanted, delivery))

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        how=st.sampled_from(["ack", "bury", "extend", "defer", "uncertain"]),
        after=st.sampled_from([0.0, 10.0]),
    )
    def settle(self, data: st.DataObject, how: str, after: float) -> None:
        lease, row, delivery = data.draw(st.sampled_from(self.held))
        mine = row.holder == lease and row in self.rows
        if how == "ack":
            assert self.inbox.ack(delivery) == mine
            if mine:
                self.rows.remove(row)
        elif how == "bury":
            assert self.inbox.bury(delivery, "why") == mine
            if mine:
                row.state, row.holder = "dead", None
        elif how == "extend":
            assert self.inbox.extend(delivery, LEASE) == mine
            if mine:
                row.due = self.clock.time() + LEASE
        else:
            counts = how == "uncertain"
            assert self.inbox.give_back(delivery, after=after, reason="why", counts=counts) == mine
            if mine:
                row.due, row.holder = self.clock.time() + after, None
                row.attempts -= 0 if counts else 1

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), discard=st.booleans())
    def operate(self, data: st.DataObject, discard: bool) -> None:
        row = data.draw(st.sampled_from(self.rows))
        free = row.holder is None or row.due <= self.clock.time()
        number = row.turn
        if discard:
            assert self.inbox.discard(number) == free
            if free:
                self.rows.remove(row)
        else:
            assert self.inbox.retry(number) == free
            if free:
                row.state, row.due, row.attempts, row.holder = "waiting", self.clock.time(), 0, None
                row.message = attrs.evolve(row.message, problem=None)

    @rule(seconds=st.sampled_from([1.0, 10.0, LEASE]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def same_stats(self) -> None:
        now = self.clock.time()
        waiting = [row for row in self.rows if row.state == "waiting"]
        assert self.inbox.stats() == InboxStats(
            waiting=len(waiting),
            leased=sum(row.holder is not None and row.due > now for row in waiting),
            dead=sum(row.state == "dead" for row in self.rows),
            quarantined=sum(row.state == "quarantined" for row in self.rows),
            oldest_age=max((now - row.message.received_at for row in waiting), default=None),
            waiting_bytes=sum(len(row.message.body) for row in waiting),
        )


def test_state_machine() -> None:
    """Whatever is done to it in whatever order, the inbox is what a list would be."""
    run_machine(Machine, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))
