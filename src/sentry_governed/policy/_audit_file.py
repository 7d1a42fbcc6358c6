"""An audit file that shows when it is cut, edited or reordered."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sentry_governed._secret import Secret
from sentry_governed._values import AuditRecord
from sentry_governed.errors import AuditError, ConfigError
from sentry_governed.policy._audit_lines import (
    RECOVERED,
    Content,
    Head,
    content_of,
    head_of,
    next_line,
    read_head,
    read_line,
    write_head,
)
from sentry_governed.policy._audit_lock import check_platform, locked
from sentry_governed.policy._audit_verify import AuditReport
from sentry_governed.policy._keys import check_key
from sentry_governed.typing import Clock

_MOST_UNFINISHED: Final = 16 * 1024 * 1024
_OWNER_ONLY: Final = 0o600


class JsonLinesAudit:
    """Appends each record to a file as one line of JSON, signed together with the line before it.

    A head file beside it, `<name>.head`, says how far it goes, so that a cut tail shows too. Threads and
    processes may share the file. It is opened anew for each record, and made by the first one.

    Every record is on disk when `write` returns. A writer that is killed amid a record leaves it half done;
    the next writer drops the unfinished line, adopts a finished one and adds a record that says so.

    Args:
        path: The file, on a local disk; its directory must exist.
        key: At least 32 characters. Whoever has it can forge the file, so keep it away from the file.
        fsync: False leaves it to the system when the disk is written; a power failure can then lose records.
        follows: The report of the earlier file that a new one continues: its chain begins at the other's end.
        timeout: Seconds to wait for other writers.
        clock: Dates the records that are added about such repairs.

    Raises:
        ConfigError: The key is too short, the earlier file is not intact, or the system has no POSIX locks.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        key: Secret,
        *,
        fsync: bool = True,
        follows: AuditReport | None = None,
        timeout: float = 10.0,
        clock: Clock = time,
    ) -> None:
        check_platform()
        check_key(key, "an audit key")
        if follows is not None and not follows.intact:
            raise ConfigError(
                f"{follows.file}: it is not intact, so no file can continue it; verify it first"
            )
        self._path = Path(path).absolute()
        self._head = head_of(self._path)
        self._key = key
        self._fsync = fsync
        self._follows = follows
        self._timeout = timeout
        self._clock = clock

    def write(self, record: AuditRecord) -> None:
        """See `AuditSink.write`.

        Raises:
            AuditError: The file cannot be written, or it is not as the last writer left it.
        """
        try:
            with self._opened() as log:
                self._extend(log, self._settle(log), content_of(record))
        except OSError as error:
            problem = f"{self._path}: it cannot be written: {error.strerror}"
        else:
            return
        raise AuditError(problem)

    @contextmanager
    def _opened(self) -> Generator[int, None, None]:
        while True:
            log = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
            try:
                with locked(log, exclusive=True, timeout=self._timeout):
                    if _is_still(self._path, log):
                        yield log
                        return
            finally:
                os.close(log)

    def _settle(self, log: int) -> Head:
        """The head that the next record continues, after what a killed writer left is put right."""
        size = os.fstat(log).st_size
        head = self._read_head()
        if head is None:
            return self._begin(size)
        if size < head.size:
            raise AuditError(
                f"{self._path}: it has {size} bytes and its head file says {head.size}: it was cut; verify it"
            )
        return head if size == head.size else self._recover(log, head, size)

    def _begin(self, size: int) -> Head:
        if size:
            raise AuditError(f"{self._head}: it is missing, so the end of the audit is unknown; put it back")
        start = self._follows.end if self._follows else secrets.token_hex(32)
        head = Head(start=start, records=0, size=0, mac=start)
        self._write_head(head)
        self._sync_directory()
        return head

    def _recover(self, log: int, head: Head, size: int) -> Head:
        if size - head.size > _MOST_UNFINISHED:
            raise AuditError(f"{self._path}: it goes far beyond what its head file says; verify it")
        *whole, rest = os.pread(log, size - head.size, head.size).split(b"\n")
        found = head
        for raw in whole:
            line = read_line(raw, self._key)
            if line is None or not found.precedes(line):
                raise AuditError(f"{self._path}: record {found.records + 1} was changed; verify it")
            found = found.after(line)
        os.ftruncate(log, found.size)
        told: Content = {
            "event": RECOVERED,
            "at": self._clock.time(),
            "records": found.records - head.records,
            "dropped_bytes": len(rest),
        }
        return self._extend(log, found, told)

    def _extend(self, log: int, head: Head, content: Content) -> Head:
        line = next_line(head, content, self._key)
        new = head.after(line)
        try:
            _write_all(log, line.raw + b"\n")
            self._sync(log)
            self._write_head(new)
        except OSError:
            with suppress(OSError):
                os.ftruncate(log, head.size)
            raise
        return new

    def _read_head(self) -> Head | None:
        try:
            raw = self._head.read_bytes()
        except FileNotFoundError:
            return None
        head = read_head(raw, self._key)
        if head is None:
            raise AuditError(f"{self._head}: it was edited, or signed with another key; verify the audit")
        return head

    def _write_head(self, head: Head) -> None:
        new = self._head.with_name(f"{self._head.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            _write_all(descriptor, write_head(head, self._key))
            self._sync(descriptor)
        finally:
            os.close(descriptor)
        new.replace(self._head)

    def _sync(self, descriptor: int) -> None:
        if self._fsync:
            os.fsync(descriptor)

    def _sync_directory(self) -> None:
        directory = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._sync(directory)
        finally:
            os.close(directory)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the path leads to the open file; somebody may have moved it while this waited."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
