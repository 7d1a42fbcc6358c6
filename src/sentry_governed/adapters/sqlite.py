"""An inbox in a SQLite file, and the worker that empties it: the embedded way, with no broker."""

from __future__ import annotations

import math
import os
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from sentry_governed._sqlite import Database, transaction
from sentry_governed._values import InboxMessage
from sentry_governed.adapters._sqlite_rows import (
    SCHEMA,
    SHOWN,
    TAKEN,
    Delivery,
    InboxItem,
    InboxState,
    InboxStats,
    read_message,
)
from sentry_governed.adapters._sqlite_worker import SqliteWorker
from sentry_governed.errors import ConfigError, InboxError
from sentry_governed.typing import Clock

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Delivery", "InboxItem", "InboxState", "InboxStats", "SqliteInbox", "SqliteWorker"]

_DROPPED_PER_PUT: Final = 16
_ASIDE: Final = ("dead", "quarantined")


class SqliteInbox:
    """An `Inbox` in one file of a local disk, shared by threads, processes and their forks.

    A message is on disk when `put` returns. A worker takes it under a lease; what it does not settle before
    the lease lapses is taken again, and what was taken `max_attempts` times to no end is a dead letter.
    Bytes that wait already are not kept twice. The file is made and opened when it is first needed.

    Args:
        path: The file; its directory must exist.
        max_attempts: How often a message is taken; a deferral does not count.
        max_messages: How many may wait; then `put` refuses.
        max_bytes: How much their bodies may take together; then `put` refuses.
        keep_aside: How many dead letters are kept, and how many in quarantine; the oldest are dropped.
        retention: Seconds since it was received after which a message that was put aside is dropped.
        timeout: Seconds to wait for the other threads, and then for the other processes.
        clock: Says what is due; processes that share a file need clocks that agree.

    Raises:
        ConfigError: The path cannot name a file, or a number is out of its range.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_attempts: int = 10,
        max_messages: int = 100_000,
        max_bytes: int = 4 * 1024**3,
        keep_aside: int = 10_000,
        retention: float = 30 * 86_400.0,
        timeout: float = 5.0,
        clock: Clock = time,
    ) -> None:
        text = os.fspath(path)
        if text in {"", ":memory:"} or "\0" in text:
            raise ConfigError(f"a SqliteInbox needs a file, not {text!r}")
        for name, number, least in (
            ("max_attempts", max_attempts, 1),
            ("max_messages", max_messages, 1),
            ("max_bytes", max_bytes, 1),
            ("keep_aside", keep_aside, 1),
            ("retention", retention, 1),
            ("timeout", timeout, 0),
        ):
            if not least <= number < math.inf:
                raise ConfigError(f"{name} of a SqliteInbox is a number of at least {least}, not {number!r}")
        self._max_attempts = max_attempts
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._keep_aside = keep_aside
        self._retention = retention
        self._clock = clock
        self._database = Database(
            Path(text).absolute(), kind="inbox", schema=SCHEMA, error=InboxError, timeout=timeout
        )

    def put(self, message: InboxMessage) -> None:
        """See `Inbox.put`; bytes that wait already, or are in quarantine already, are not put again.

        Raises:
            InboxError: The inbox is full, or the file cannot be used.
        """
        self._database.use(lambda connection: self._put(connection, message))

    def check(self) -> None:
        """See that a message would be kept now.

        Raises:
            InboxError: The inbox is full, or the file cannot be used or written.
        """
        self._database.use(self._check)

    def take(self, lease: float) -> Delivery | None:
        """Take the message whose turn it is, for so many seconds; None when none is due.

        Raises:
            InboxError: The file cannot be used.
        """
        return self._database.use(lambda connection: self._take(connection, lease))

    def extend(self, delivery: Delivery, lease: float) -> bool:
        """Hold it for so many seconds from now; False when it was lost to another worker.

        Raises:
            InboxError: The file cannot be used.
        """
        return self._settle(delivery, "UPDATE messages SET due = :due", due=self._clock.time() + lease)

    def ack(self, delivery: Delivery) -> bool:
        """Remove what is done; False when it was lost to another worker, whose it stays.

        Raises:
            InboxError: The file cannot be used.
        """
        return self._settle(delivery, "DELETE FROM messages")

    def give_back(self, delivery: Delivery, *, after: float, reason: str, counts: bool) -> bool:
        """Let it be taken again after so many seconds; False when it was lost to another worker.

        Args:
            delivery: What was taken.
            after: Seconds.
            reason: Why, for the operator.
            counts: Whether it was an attempt; what was only deferred, was not.

        Raises:
            InboxError: The file cannot be used.
        """
        return self._settle(
            delivery,
            "UPDATE messages SET owner = NULL, due = :due, reason = :reason, attempts = attempts - :less",
            due=self._clock.time() + after,
            reason=reason,
            less=0 if counts else 1,
        )

    def bury(self, delivery: Delivery, reason: str) -> bool:
        """Make it a dead letter; False when it was lost to another worker.

        Raises:
            InboxError: The file cannot be used.
        """
        return self._settle(
            delivery, "UPDATE messages SET owner = NULL, state = 'dead', reason = :reason", reason=reason
        )

    def stats(self) -> InboxStats:
        """How full it is, in constant time.

        Raises:
            InboxError: The file cannot be used.
        """
        return self._database.use(self._stats)

    def list(
        self, state: InboxState | None = None, *, limit: int = 100, after: int = 0
    ) -> tuple[InboxItem, ...]:
        """The messages in order of their numbers, without their bodies.

        Args:
            state: Only those in that state.
            limit: How many at most.
            after: The last number of the list before.

        Raises:
            InboxError: The file cannot be used.
        """
        return self._database.use(
            lambda connection: self._items(
                connection,
                f"SELECT {SHOWN}, x'' FROM messages WHERE number > :after"  # noqa: S608  our own names
                " AND (:state IS NULL OR state = :state) ORDER BY number LIMIT :limit",
                {"state": state, "after": after, "limit": limit},
            )
        )

    def show(self, number: int) -> InboxItem | None:
        """One message, with its body; None when there is none of that number.

        Raises:
            InboxError: The file cannot be used.
        """
        query = f"SELECT {SHOWN}, body FROM messages WHERE number = :number"  # noqa: S608  our own names
        found = self._database.use(lambda connection: self._items(connection, query, {"number": number}))
        return found[0] if found else None

    def retry(self, number: int) -> bool:
        """Let it be taken at once, with all its attempts; False when it is gone, or a worker holds it.

        What was quarantined is read anew, as a later release may be able to.

        Raises:
            InboxError: The file cannot be used.
        """
        return self._change_free(
            number,
            "UPDATE messages SET state = 'waiting', owner = NULL, due = :now, attempts = 0, reason = '',"
            " problem = NULL",
        )

    def discard(self, number: int) -> bool:
        """Remove it for good; False when it is gone, or a worker holds it.

        Raises:
            InboxError: The file cannot be used.
        """
        return self._change_free(number, "DELETE FROM messages")

    def close(self) -> None:
        """Close the file; whatever is asked afterwards raises `InboxError`."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, connection: sqlite3.Connection, message: InboxMessage) -> None:
        state = "waiting" if message.problem is None else "quarantined"
        with transaction(connection):
            same = "SELECT 1 FROM messages WHERE sha256 = ? AND state = ? AND source = ? AND resource IS ?"
            if connection.execute(same, (message.sha256, state, message.source, message.resource)).fetchone():
                return
            if state == "waiting":
                self._check_room(connection, len(message.body))
            fields = {
                "state": state,
                "source": message.source,
                "resource": message.resource,
                "key": message.key,
                "received_at": message.received_at,
                "sha256": message.sha256,
                "trimmed": message.trimmed,
                "problem": message.problem,
                "due": self._clock.time(),
                "reason": message.problem or "",
                "body": message.body,
            }
            names, places = ", ".join(fields), ", ".join(f":{name}" for name in fields)
            connection.execute(f"INSERT INTO messages ({names}) VALUES ({places})", fields)  # noqa: S608
            self._drop_old(connection)

    def _check(self, connection: sqlite3.Connection) -> None:
        with transaction(connection):
            self._check_room(connection, 0)

    def _check_room(self, connection: sqlite3.Connection, size: int) -> None:
        messages, taken = _count(connection, "waiting")
        if messages >= self._max_messages or taken + size > self._max_bytes:
            raise InboxError(f"the inbox is full: {messages} messages of {taken} bytes wait")

    def _drop_old(self, connection: sqlite3.Connection) -> None:
        for state in _ASIDE:
            surplus = max(0, _count(connection, state)[0] - self._keep_aside)
            oldest = "SELECT number FROM messages WHERE state = :state"
            connection.execute(
                f"DELETE FROM messages WHERE number IN"  # noqa: S608  our own text
                f" ({oldest} AND received_at <= :before ORDER BY received_at LIMIT {_DROPPED_PER_PUT})"
                f" OR number IN ({oldest} ORDER BY received_at LIMIT :surplus)",
                {"state": state, "before": self._clock.time() - self._retention, "surplus": surplus},
            )

    def _take(self, connection: sqlite3.Connection, lease: float) -> Delivery | None:
        if self._next(connection) is None:  # spares the others the write lock
            return None
        owner = uuid.uuid4().hex
        with transaction(connection):
            while row := self._next(connection):
                number, attempts, *columns, body = row
                if attempts < self._max_attempts:
                    connection.execute(
                        "UPDATE messages SET owner = ?, due = ?, attempts = attempts + 1 WHERE number = ?",
                        (owner, self._clock.time() + lease, number),
                    )
                    is_last = attempts + 1 >= self._max_attempts
                    return Delivery(number, read_message(tuple(columns), body), attempts + 1, is_last, owner)
                connection.execute(
                    "UPDATE messages SET owner = NULL, state = 'dead', reason = ? WHERE number = ?",
                    (f"taken {attempts} times, and no worker came to an end with it", number),
                )
        return None

    def _next(self, connection: sqlite3.Connection) -> tuple[int, int, *tuple[object, ...], bytes] | None:
        row: tuple[int, int, *tuple[object, ...], bytes] | None = connection.execute(
            f"SELECT {TAKEN} FROM messages WHERE state = 'waiting' AND due <= ?"  # noqa: S608  our own names
            " ORDER BY due, number LIMIT 1",
            (self._clock.time(),),
        ).fetchone()
        return row

    def _settle(self, delivery: Delivery, statement: str, **values: float | str) -> bool:
        return self._change(
            f"{statement} WHERE number = :number AND owner = :owner",
            delivery.number,
            owner=delivery.owner,
            **values,
        )

    def _change_free(self, number: int, statement: str) -> bool:
        return self._change(f"{statement} WHERE number = :number AND (owner IS NULL OR due <= :now)", number)

    def _change(self, statement: str, number: int, **values: float | str) -> bool:
        given = {"number": number, "now": self._clock.time(), **values}

        def work(connection: sqlite3.Connection) -> bool:
            with transaction(connection):
                return connection.execute(statement, given).rowcount > 0

        return self._database.use(work)

    def _stats(self, connection: sqlite3.Connection) -> InboxStats:
        now = self._clock.time()
        (leased,) = connection.execute(
            "SELECT count(*) FROM messages WHERE state = 'waiting' AND due > ? AND owner IS NOT NULL", (now,)
        ).fetchone()
        (oldest,) = connection.execute(
            "SELECT min(received_at) FROM messages WHERE state = 'waiting'"
        ).fetchone()
        waiting, taken = _count(connection, "waiting")
        return InboxStats(
            waiting=waiting,
            leased=leased,
            dead=_count(connection, "dead")[0],
            quarantined=_count(connection, "quarantined")[0],
            oldest_age=None if oldest is None else max(0.0, now - oldest),
            waiting_bytes=taken,
        )

    def _items(
        self, connection: sqlite3.Connection, query: str, values: dict[str, object]
    ) -> tuple[InboxItem, ...]:
        now = self._clock.time()
        return tuple(
            InboxItem(
                number=number,
                state=state,
                leased=bool(owned) and due > now,
                attempts=attempts,
                due=due,
                reason=reason,
                size=size,
                message=read_message(tuple(columns), body),
            )
            for number, state, attempts, due, owned, reason, size, *columns, body in connection.execute(
                query, values
            )
        )


def _count(connection: sqlite3.Connection, state: str) -> tuple[int, int]:
    """How many messages are in a state, and the bytes of their bodies."""
    row: tuple[int, int] | None = connection.execute(
        "SELECT messages, bytes FROM counts WHERE state = ?", (state,)
    ).fetchone()
    return row or (0, 0)
