"""A ledger in a SQLite file."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sentry_governed._sqlite import Database, transaction
from sentry_governed._values import LedgerRecord
from sentry_governed.errors import ConfigError, LedgerError
from sentry_governed.routing.ledgers._limits import check_key, check_record
from sentry_governed.typing import Clock

if TYPE_CHECKING:
    import sqlite3

_SCHEMA = (
    # AUTOINCREMENT never hands out a number twice, not even one whose row is gone.
    """CREATE TABLE records (
        version INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        value TEXT NOT NULL,
        expires_at REAL NOT NULL
    )""",
    "CREATE INDEX records_by_expiry ON records (expires_at)",
)
_PRUNED_PER_WRITE = 16
_LONGEST_TIMEOUT = 3600.0


class SqliteLedger:
    """A `Ledger` in one file of a local disk, shared by threads, processes and their forks.

    The file is made and opened by the first `get` or `put`. Versions count the writes of the whole file, so
    a key never sees one twice. Every write also drops a few expired records.

    Args:
        path: The file; its directory must exist.
        timeout: Seconds to wait for the other threads, and then for the other processes.
        clock: Says what has expired; processes that share a file need clocks that agree.

    Raises:
        ConfigError: The path cannot name a file, or the timeout is not 0 to 3600 seconds.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 5.0, clock: Clock = time) -> None:
        text = os.fspath(path)
        if text in {"", ":memory:"} or "\0" in text:
            raise ConfigError(f"a SqliteLedger needs a file, not {text!r}; a MemoryLedger needs none")
        if not 0 <= timeout <= _LONGEST_TIMEOUT:
            raise ConfigError(f"a SqliteLedger cannot wait for {timeout} seconds; give 0 to 3600")
        self._clock = clock
        self._database = Database(
            Path(text).absolute(), kind="ledger", schema=_SCHEMA, error=LedgerError, timeout=timeout
        )

    def get(self, key: str) -> LedgerRecord | None:
        """See `Ledger.get`.

        Raises:
            LedgerError: The key is malformed or the file cannot be used.
        """
        check_key(key)
        return self._database.use(lambda connection: self._live(connection, key))

    def put(self, key: str, value: str, *, expected: int | None, expires_at: float) -> LedgerRecord | None:
        """See `Ledger.put`.

        Raises:
            LedgerError: The key, the value or the expiry is refused, or the file cannot be used.
        """
        check_record(key, value, expires_at)
        return self._database.use(lambda connection: self._put(connection, key, value, expected, expires_at))

    def close(self) -> None:
        """Close the file; whatever is asked afterwards raises `LedgerError`."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _live(self, connection: sqlite3.Connection, key: str) -> LedgerRecord | None:
        row = connection.execute(
            "SELECT key, value, version, expires_at FROM records WHERE key = ? AND expires_at > ?",
            (key, self._clock.time()),
        ).fetchone()
        return LedgerRecord(*row) if row else None

    def _put(
        self, connection: sqlite3.Connection, key: str, value: str, expected: int | None, expires_at: float
    ) -> LedgerRecord | None:
        with transaction(connection):
            found = self._live(connection, key)
            if (found.version if found else None) != expected:
                return None
            connection.execute(
                "REPLACE INTO records (key, value, expires_at) VALUES (?, ?, ?)", (key, value, expires_at)
            )
            (version,) = connection.execute("SELECT last_insert_rowid()").fetchone()
            self._prune(connection)
        return LedgerRecord(key, value, version, expires_at)

    def _prune(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "DELETE FROM records WHERE version IN"
            " (SELECT version FROM records WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            (self._clock.time(), _PRUNED_PER_WRITE),
        )
