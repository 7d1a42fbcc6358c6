"""Holding one key: who works on it, and how far it has come, written before and after each step."""

from __future__ import annotations

import math

import attrs

from sentry_governed._http.flow import Flow, ledger_get, ledger_put, now
from sentry_governed._values import LedgerRecord
from sentry_governed.routing._options import Options
from sentry_governed.routing._records import TaskRecord, decode_task, encode


class Overtaken(Exception):
    """The record changed hands while we worked: whatever we know of it is out of date."""


class Lease:
    """The right to work on one key, for a while.

    It is the one mutable thing of a handling: what it remembers of the key is what it writes next.
    """

    def __init__(self, key: str, options: Options, record: TaskRecord, version: int | None) -> None:
        self.key = key
        self.options = options
        self.record = record
        self._version = version
        self._bound = math.inf

    def remember(self, **changes: object) -> None:
        """Have these changes written along with the next ones."""
        self.record = attrs.evolve(self.record, **changes)  # type: ignore[arg-type]  # named by the callers here

    def must_post_by(self, time: float) -> None:
        """End the POST by then, even if the lease lasts longer."""
        self._bound = time

    def is_late(self, time: float) -> bool:
        """Whether the POST, if it began now, might not end by then."""
        return self._bound - time <= self.options.needed

    def lasts(self, time: float) -> bool:
        """Whether there is time enough for the POST."""
        return self.record.lease_until - time > self.options.needed and not self.is_late(time)

    def advance(self, **changes: object) -> Flow[None]:
        """Write the record with these changes, if nobody else has written it.

        Raises:
            Overtaken: Somebody has.
        """
        self.remember(**changes)
        expires_at = (yield from now()) + self.options.retention
        written = yield from ledger_put(
            self.key, encode(self.record), expected=self._version, expires_at=expires_at
        )
        if written is None:
            raise Overtaken
        self._version = written.version

    def extend(self, **changes: object) -> Flow[None]:
        """Advance, and hold the key for the whole length of a lease from now."""
        yield from self.advance(**changes, lease_until=(yield from now()) + self.options.lease)

    def release(self, **changes: object) -> Flow[None]:
        """Advance, and let the next delivery have the key at once."""
        yield from self.advance(**changes, lease_until=0.0)


@attrs.frozen
class Found:
    """A key as it was read, before anybody takes hold of it."""

    key: str
    record: TaskRecord | None
    stored: LedgerRecord | None

    def busy_for(self, time: float) -> float:
        """Seconds for which another worker may still hold the key."""
        return self.record.lease_until - time if self.record else 0.0

    def take(self, options: Options, nonce: str) -> Flow[Lease]:
        """Take hold of the key as it was read.

        Raises:
            Overtaken: Somebody has taken it since.
        """
        lease = Lease(self.key, options, _taken(self.record), self.stored.version if self.stored else None)
        yield from lease.extend(owner=nonce)
        return lease


def read(key: str) -> Flow[Found]:
    """How far a key has come."""
    stored = yield from ledger_get(key)
    return Found(key, decode_task(key, stored.value) if stored else None, stored)


def _taken(record: TaskRecord | None) -> TaskRecord:
    """What the next holder makes of a record.

    Nobody knows how the POST of a lapsed `creating` ended, but it ended before the lease did.
    """
    if record is None or record.state == "failed":
        return TaskRecord("reserved", fence=record.fence + 1 if record else 1)
    if record.state == "creating":
        record = attrs.evolve(record, state="unknown", posted_by=record.lease_until)
    return attrs.evolve(record, fence=record.fence + 1)
