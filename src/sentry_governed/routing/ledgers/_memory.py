"""Ledgers that forget everything when the process ends."""

from __future__ import annotations

import threading
import time
from itertools import count

from sentry_governed._values import LedgerRecord
from sentry_governed.routing.ledgers._limits import check_key, check_record
from sentry_governed.typing import Clock


class MemoryLedger:
    """A `Ledger` in memory, for tests and for one process that may forget; threads may share it.

    Versions count the writes of the whole ledger, so a key never sees one twice. Expired records are dropped
    after as many writes as there are records.

    Args:
        clock: Says what has expired.
    """

    def __init__(self, *, clock: Clock = time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._records: dict[str, LedgerRecord] = {}
        self._versions = count(1)
        self._writes_until_sweep = 0

    def get(self, key: str) -> LedgerRecord | None:
        """See `Ledger.get`.

        Raises:
            LedgerError: The key is malformed.
        """
        check_key(key)
        with self._lock:
            return self._live(key, self._clock.time())

    def put(self, key: str, value: str, *, expected: int | None, expires_at: float) -> LedgerRecord | None:
        """See `Ledger.put`.

        Raises:
            LedgerError: The key, the value or the expiry is refused.
        """
        check_record(key, value, expires_at)
        with self._lock:
            now = self._clock.time()
            found = self._live(key, now)
            if (found.version if found else None) != expected:
                return None
            self._sweep(now)
            record = LedgerRecord(key, value, next(self._versions), expires_at)
            self._records[key] = record
            return record

    def _live(self, key: str, now: float) -> LedgerRecord | None:
        found = self._records.get(key)
        return found if found and found.expires_at > now else None

    def _sweep(self, now: float) -> None:
        self._writes_until_sweep -= 1
        if self._writes_until_sweep < 0:
            self._records = {key: kept for key, kept in self._records.items() if kept.expires_at > now}
            self._writes_until_sweep = len(self._records)


class AsyncMemoryLedger:
    """An `AsyncLedger` in memory; see `MemoryLedger`.

    Args:
        clock: Says what has expired.
    """

    def __init__(self, *, clock: Clock = time) -> None:
        self._ledger = MemoryLedger(clock=clock)

    async def get(self, key: str) -> LedgerRecord | None:
        """See `MemoryLedger.get`."""
        return self._ledger.get(key)

    async def put(
        self, key: str, value: str, *, expected: int | None, expires_at: float
    ) -> LedgerRecord | None:
        """See `MemoryLedger.put`."""
        return self._ledger.put(key, value, expected=expected, expires_at=expires_at)
