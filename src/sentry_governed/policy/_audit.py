"""Audit sinks that keep no file of their own."""

from __future__ import annotations

import json
import logging
from collections import deque

from sentry_governed._values import AuditRecord
from sentry_governed.errors import AuditError, ConfigError
from sentry_governed.policy._audit_lines import content_of


class MemoryAudit:
    """Keeps the newest records in memory, for tests and for programs that show them.

    Args:
        keep: How many records are kept; older ones are forgotten.

    Raises:
        ConfigError: It would keep none.
    """

    blocking = False

    def __init__(self, *, keep: int = 10_000) -> None:
        if keep < 1:
            raise ConfigError(f"a MemoryAudit cannot keep {keep} records; give 1 or more")
        self._records: deque[AuditRecord] = deque(maxlen=keep)

    @property
    def records(self) -> tuple[AuditRecord, ...]:
        """What was recorded, oldest first."""
        return tuple(self._records)

    def write(self, record: AuditRecord) -> None:
        """See `AuditSink.write`; it never fails."""
        self._records.append(record)


class LoggingAudit:
    """Logs each record as one line of JSON.

    It is as reliable as the logger's handlers: `logging` hides their failures, so a lost line stops nothing.
    Use a `JsonLinesAudit` where a write must not go out without its record.

    Args:
        logger: Where to.
        level: At which level.
    """

    blocking = False

    def __init__(self, logger: logging.Logger, *, level: int = logging.INFO) -> None:
        self._logger = logger
        self._level = level

    def write(self, record: AuditRecord) -> None:
        """See `AuditSink.write`.

        Raises:
            AuditError: The logger drops records of this level.
        """
        if not self._logger.isEnabledFor(self._level):
            level = logging.getLevelName(self._level)
            raise AuditError(f"the logger {self._logger.name!r} drops level {level}; lower its level")
        self._logger.log(self._level, "%s", json.dumps(content_of(record)))
