"""Holding one key: who works on it, and how far it has come, written before and after each step."""

from __future__ import annotations

import attrs

from sentry_governed._http.flow import Flow, ledger_get, ledger_put, now
from sentry_governed._values import LedgerRecord
from sentry_governed.routing._options import Options
from sentry_governed.routing._outcome import Deferred
from sentry_governed.routing._records import TaskRecord, decode_task, encode

_FASTER = "another worker was faster"


class Overtaken(Exception):
    """The record changed hands while we worked: whatever we know of it is out of date."""


class Lease:
    """The right to work on one key, for a while.

    It is the one mutable thing of a handling: each `advance` writes the record and remembers what it wrote.
    """

    def __init__(self, key: str, options: Options, record: TaskRecord, version: int) -> None:
        self.key = key
        self.options = options
        self.record = record
        self._version = version

    def advance(self, **changes: object) -> Flow[None]:
        """Write the record with these changes, if nobody else has written it.

        Raises:
            Overtaken: Somebody has.
        """
        record = attrs.evolve(self.record, **changes)  # type: ignore[arg-type]  # named by the callers here
        expires_at = (yield from now()) + self.options.retention
        written = yield from ledger_put(
            self.key, encode(record), expected=self._version, expires_at=expires_at
        )
        if written is None:
            raise Overtaken
        self.record, self._version = record, written.version

    def extend(self, **changes: object) -> Flow[None]:
        """Advance, and hold the key for the whole length of a lease from now."""
        yield from self.advance(**changes, lease_until=(yield from now()) + self.options.lease)

    def release(self, **changes: object) -> Flow[None]:
        """Advance, and let the next delivery have the key at once."""
        yield from self.advance(**changes, lease_until=0.0)


def read(key: str) -> Flow[tuple[TaskRecord | None, LedgerRecord | None]]:
    """How far a key has come, and the ledger's record of it."""
    stored = yield from ledger_get(key)
    return (decode_task(key, stored.value) if stored else None), stored


def take(
    key: str, options: Options, nonce: str, record: TaskRecord | None, stored: LedgerRecord | None
) -> Flow[Lease | Deferred]:
    """Take hold of a key that was read as `record`, unless somebody else has it."""
    time = yield from now()
    if record and record.lease_until > time:
        return Deferred(key, record.lease_until - time, "another worker is at it")
    if record is None or record.state == "failed":
        fence = record.fence + 1 if record else 1
        taken = TaskRecord("reserved", fence=fence, owner=nonce, lease_until=time + options.lease)
    else:
        state = "unknown" if record.state == "creating" else record.state
        taken = attrs.evolve(
            record, state=state, fence=record.fence + 1, owner=nonce, lease_until=time + options.lease
        )
    expected = stored.version if stored else None
    written = yield from ledger_put(
        key, encode(taken), expected=expected, expires_at=time + options.retention
    )
    return Lease(key, options, taken, written.version) if written else Deferred(key, 1.0, _FASTER)
