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
)
_KEPT_LONGER: Final = 86_400.0
"""So that a clock that is set back by less than a day revives nothing."""


class Spent(Protocol):
    """A store of the ids of spent approvals."""

    def spend(self, grant: Grant, *, now: float) -> bool:
        """Note that a grant is spent; False if it was so already.

        Raises:
            ApprovalRefused: That cannot be known.
        """
        ...


class SpentInMemory:
    """For one process: it refuses what another process, or an earlier one, may have spent."""

    def __init__(self, now: float) -> None:
        self._since = now
        self._process = os.getpid()
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def spend(self, grant: Grant, *, now: float) -> bool:
        """See `Spent`."""
        if os.getpid() != self._process:
            raise ApprovalRefused("forked processes cannot share approvals in memory; give them a file")
        if grant.issued_at < self._since:
            raise ApprovalRefused(
                "the approval is older than this process, which cannot know whether it is spent; "
                "keep spent approvals in a file"
            )
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

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 5.0) -> None:
        self._path = Path(path).absolute()
        self._timeout = timeout
        with closing(self._open()):
            self._file = _identity(self._path)

    def spend(self, grant: Grant, *, now: float) -> bool:
        """See `Spent`."""
        import sqlite3

        try:
            with closing(self._open()) as connection, transaction(connection):
                self._check_file()
                connection.execute("DELETE FROM spent WHERE until <= ?", (now,))
                row = (grant.id, _until(grant))
                return connection.execute("INSERT OR IGNORE INTO spent VALUES (?, ?)", row).rowcount == 1
        except ConfigError as error:
            problem = str(error)
        except (OSError, sqlite3.Error) as error:
            problem = f"{self._path}: {error}"
        raise ApprovalRefused(f"spent approvals cannot be looked up: {problem}")

    def _open(self) -> sqlite3.Connection:
        return open_database(self._path, kind="approvals", schema=_SCHEMA, timeout=self._timeout)

    def _check_file(self) -> None:
        if _identity(self._path) != self._file:
            raise ConfigError(f"{self._path}: it was removed or replaced while in use; restart to begin anew")


def _until(grant: Grant) -> float:
    return grant.expires_at + _KEPT_LONGER


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
