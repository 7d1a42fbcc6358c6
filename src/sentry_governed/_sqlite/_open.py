"""Opens SQLite files."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sentry_governed.errors import ConfigError

if TYPE_CHECKING:
    import sqlite3

_PAUSE = 0.01


def open_database(
    path: str | os.PathLike[str], *, kind: str, schema: Sequence[str], timeout: float = 5.0
) -> sqlite3.Connection:
    """Open the file, creating it and its schema as needed.

    The journal is a write-ahead log, a commit is on disk when it returns, and nothing is implicit: what
    belongs together goes into `transaction`. Threads may share the connection if they take turns.

    Args:
        path: The file. A new one can be read by its owner alone.
        kind: What is kept in it, such as `ledger`; a file of one kind is refused as another.
        schema: Single statements that build it, oldest first; append to them and never change one. Those a
            file still lacks are run, all or none, by whoever opens it first.
        timeout: Seconds to wait for another process's lock, now and in later statements.

    Raises:
        ConfigError: The file cannot be used; the message says why and what to do.
    """
    import sqlite3

    file = Path(path).absolute()
    try:
        with ExitStack() as undo:
            if not file.exists():
                file.touch(mode=0o600)
            connection = sqlite3.connect(file, timeout=timeout, isolation_level=None, check_same_thread=False)
            undo.callback(connection.close)
            _use_write_ahead_log(connection, file, timeout)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            with transaction(connection):
                _build(connection, file, kind, schema)
            undo.pop_all()
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"{file}: {_reason(error, kind)}") from error
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None, None, None]:
    """Hold the write lock for the length of the block; commit at its end, roll back if it raises."""
    try:
        connection.execute("BEGIN IMMEDIATE")  # inside, for a signal may be raised right after it
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _use_write_ahead_log(connection: sqlite3.Connection, file: Path, timeout: float) -> None:
    """Switch the journal; SQLite does not wait for other processes here, so this does."""
    import sqlite3

    deadline = time.monotonic() + timeout
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)
        else:
            break
    if mode != "wal":
        raise ConfigError(f"{file}: its file system cannot hold a write-ahead log; put it on a local disk")


def _build(connection: sqlite3.Connection, file: Path, kind: str, schema: Sequence[str]) -> None:
    """Run the statements that the file lacks."""
    ours = zlib.crc32(f"sentry_governed {kind}".encode()) & 0x7FFFFFFF
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != ours and (owner or version or objects):
        raise ConfigError(f"{file}: it is in use for something else; give the {kind} a file of its own")
    if version > len(schema):
        raise ConfigError(
            f"{file}: a newer release wrote it (schema {version}, this release knows {len(schema)}); "
            "upgrade sentry-governed"
        )
    for statement in schema[version:]:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {ours}")
    connection.execute(f"PRAGMA user_version = {len(schema)}")


def _code(error: sqlite3.Error) -> int:
    """The primary result code, without what SQLite adds in the higher bits."""
    return error.sqlite_errorcode & 0xFF


def _reason(error: OSError | sqlite3.Error, kind: str) -> str:
    import sqlite3

    if isinstance(error, FileNotFoundError):
        return "its directory does not exist; create it first"
    if isinstance(error, OSError):
        return f"it cannot be opened: {error.strerror}"
    known = {
        sqlite3.SQLITE_NOTADB: f"it is not a SQLite database; give the {kind} a file of its own",
        sqlite3.SQLITE_READONLY: "it cannot be written; check the permissions of the file and its directory",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the permissions of the file and its directory",
        sqlite3.SQLITE_BUSY: "another process keeps it locked; try again, or give a longer timeout",
        sqlite3.SQLITE_CORRUPT: "it is damaged; restore it from a copy",
    }
    return known.get(_code(error), str(error))
