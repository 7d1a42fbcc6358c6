"""Remembers which approvals are spent."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from sentry_governed._sqlite import open_database, transaction
from sentry_governed.errors import ApprovalRefused, ConfigError
from sentry_governed.policy._approvals_token import Grant

if TYPE_CHECKING:
    import sqlite3

_SCHEMA: Final = (
    "CREATE TABLE spent (id TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
    "CREATE INDEX spent_by_until ON spent (until)",
    "CREATE TABLE memory (one INTEGER PRIMARY KEY CHECK (one = 1), since REAL NOT NULL)",
)
_KEPT_LONGER: Final = 86_400.0
"""So that a clock that is set back by less than a day revives nothing."""


class Spent(Protocol):
    """A store of the ids of spent approvals.

    It vouches only for approvals that were issued since it exists, so one that is lost revives nothing.
    """

    def spend(self, grant: Grant, *, now: float) -> bool:
        """Note that a grant is spent; False if it was so already.

        Raises:
            ApprovalRefused: That cannot be known.
        """
        ...


class SpentInMemory:
    """For the threads of one process."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._process = os.getpid()
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def spend(self, grant: Grant, *, now: float) -> bool:
        """See `Spent`."""
        if os.getpid() != self._process:
            raise ApprovalRefused("forked processes cannot share approvals in memory; give them a file")
        _check_age(grant, self._since, "this process is newer; keep spent approvals in a file")
        with self._lock:
            for old in [id_ for id_, until in self._until.items() if until <= now]:
                del self._until[old]
            first = grant.id not in self._until
            self._until[grant.id] = _until(grant)
        return first


class SpentInFile:
    """For the processes of one machine, in a SQLite file that is opened anew each time.

    Raises:
        ConfigError: The file cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str], now: float, *, timeout: float = 5.0) -> None:
        self._path = Path(path).absolute()
        self._timeout = timeout
        self._begin(now)

    def spend(self, grant: Grant, *, now: float) -> bool:
        """See `Spent`."""
        import sqlite3

        try:
            with closing(self._open()) as connection, transaction(connection):
                _check_age(grant, _since(connection, now), "its file is newer")
                connection.execute("DELETE FROM spent WHERE until <= ?", (now,))
                row = (grant.id, _until(grant))
                return connection.execute("INSERT OR IGNORE INTO spent VALUES (?, ?)", row).rowcount == 1
        except ConfigError as error:
            problem = str(error)
        except sqlite3.Error as error:
            problem = f"{self._path}: {error}"
        raise ApprovalRefused(f"spent approvals cannot be looked up: {problem}")

    def _begin(self, now: float) -> None:
        import sqlite3

        try:
            with closing(self._open()) as connection:
                _since(connection, now)
        except sqlite3.Error as error:
            problem = f"{self._path}: {error}"
        else:
            return
        raise ConfigError(problem)

    def _open(self) -> sqlite3.Connection:
        return open_database(self._path, kind="approvals", schema=_SCHEMA, timeout=self._timeout)


def _since(connection: sqlite3.Connection, now: float) -> float:
    """When the file was made."""
    connection.execute("INSERT OR IGNORE INTO memory VALUES (1, ?)", (now,))
    (since,) = connection.execute("SELECT since FROM memory").fetchone()
    return float(since)


def _check_age(grant: Grant, since: float, reason: str) -> None:
    if grant.issued_at < since:
        raise ApprovalRefused(f"whether the approval {grant.id} is spent is not remembered: {reason}")


def _until(grant: Grant) -> float:
    return grant.expires_at + _KEPT_LONGER
