"""Lets the writers and readers of an audit file take turns, across threads and processes."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

from sentry_governed.errors import AuditError, ConfigError

_PAUSE = 0.002


def check_platform() -> None:
    """Refuse a system without the file locks of POSIX.

    Raises:
        ConfigError: It is Windows.
    """
    if sys.platform == "win32":
        raise ConfigError("an audit file needs the file locks of POSIX; on Windows use another AuditSink")


@contextmanager
def locked(descriptor: int, *, exclusive: bool, timeout: float = 10.0) -> Generator[None, None, None]:
    """Hold the file's lock for the length of the block.

    Raises:
        AuditError: Others kept it for longer than `timeout` seconds.
    """
    import fcntl

    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    deadline = time.monotonic() + timeout
    while not _try_lock(descriptor, kind):
        if time.monotonic() >= deadline:
            raise AuditError(f"other writers kept the audit file locked for {timeout:g} s")
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        # Closing is not enough: a child forked meanwhile holds the same open file.
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _try_lock(descriptor: int, kind: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
