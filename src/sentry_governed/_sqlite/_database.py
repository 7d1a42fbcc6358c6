"""One SQLite file, used by the threads of a process in turns, and safe to fork with."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakSet

from sentry_governed._sqlite._open import open_database
from sentry_governed.errors import ConfigError, SentryGovernedError

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")


class Database:
    """A connection that is opened when it is first needed, and anew after a failure amid a transaction.

    Args:
        path: The file.
        kind: What is kept in it, such as `ledger`.
        schema: The statements that build it.
        error: What is raised when the file cannot be used.
        timeout: Seconds to wait for the other threads, and then for the other processes.
    """

    def __init__(
        self,
        path: Path,
        *,
        kind: str,
        schema: Sequence[str],
        error: type[SentryGovernedError],
        timeout: float,
    ) -> None:
        self._path = path
        self._kind = kind
        self._error = error
        self._schema = schema
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._closed = False
        _pause_at_fork(self)

    def use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some work on the connection while no other thread does.

        Raises:
            SentryGovernedError: The file could not be used; it is the `error` that was asked for, and its
                message names the file and says why.
        """
        import sqlite3

        try:
            return self._take_turn(work)
        except ConfigError as error:
            problem = str(error)
        except sqlite3.Error as error:
            problem = f"{self._path}: {error}"
        raise self._error(problem)

    def close(self) -> None:
        """Close for good, once no thread uses it."""
        with self._lock:
            self._closed = True
            self._disconnect()

    def pause(self) -> None:
        """Let no thread in until `resume`, with nothing open meanwhile."""
        self._lock.acquire()
        self._disconnect()

    def resume(self) -> None:
        """Let threads in again after `pause`."""
        self._lock.release()

    def _take_turn(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if not self._lock.acquire(timeout=self._timeout):
            raise self._error(f"{self._path}: other threads kept it busy for {self._timeout:g} s")
        try:
            return work(self._connect())
        except BaseException:
            if self._connection is not None and self._connection.in_transaction:
                self._disconnect()
            raise
        finally:
            self._lock.release()

    def _connect(self) -> sqlite3.Connection:
        if self._closed:
            raise self._error(f"{self._path}: this {self._kind} is closed")
        if self._file is not None and _identity(self._path) != self._file:
            raise self._error(
                f"{self._path}: it was removed or replaced while in use; put it back, or restart"
            )
        if self._connection is None:
            self._connection = open_database(
                self._path, kind=self._kind, schema=self._schema, timeout=self._timeout
            )
            self._file = _identity(self._path)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file a path leads to: one that is unlinked takes writes as before, and loses them."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


_databases: WeakSet[Database] = WeakSet()
_paused: list[Database] = []
_forking = threading.Lock()


def _pause_at_fork(database: Database) -> None:
    with _forking:
        _databases.add(database)


def _before_fork() -> None:
    """Close every connection: SQLite forbids to use, and even to close, an inherited one."""
    _forking.acquire()
    for database in list(_databases):
        database.pause()
        _paused.append(database)


def _after_fork() -> None:
    while _paused:
        _paused.pop().resume()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
