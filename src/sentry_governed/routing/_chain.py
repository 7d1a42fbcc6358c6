"""The tasks of one Sentry issue, in the order they were made, and who may make the first one."""

from __future__ import annotations

from typing import Final

import attrs

from sentry_governed._grammar import is_id, is_org_slug
from sentry_governed._http.flow import Flow, ledger_get, ledger_put, now
from sentry_governed._values import LedgerRecord
from sentry_governed.alerts import Alert
from sentry_governed.errors import LedgerError
from sentry_governed.routing._enrich import SentrySide
from sentry_governed.routing._lease import Lease
from sentry_governed.routing._options import Options
from sentry_governed.routing._outcome import Deferred
from sentry_governed.routing._records import NO_TASKS, Chain, decode_chain, encode

HELD: Final = "another worker makes the first task of the issue"
_TRIES: Final = 20


def chain_key(alert: Alert, sentry: SentrySide | None) -> str | None:
    """The ledger's key of an alert's issue, or None for an alert that belongs to no Sentry issue."""
    if alert.issue_id is None or not is_id(alert.issue_id):
        return None
    org = (sentry.org_of(alert) if sentry else None) or alert.org or ""
    return key_of(org, alert.issue_id)


def key_of(org: str, issue_id: str) -> str:
    """The ledger's key of an issue."""
    return f"chain.{org.lower() if is_org_slug(org) else '-'}.{issue_id}"


def read_chain(key: str) -> Flow[Chain]:
    """What is known of an issue."""
    return (yield from _read(key))[0]


def enter(key: str, lease: Lease, *, alone: bool) -> Flow[Chain | Deferred]:
    """The issue's tasks so far. While there is none, the issue is held for whoever makes the first one.

    Alerts that were delivered hold it together, and each makes its own task. Who works alone waits for them,
    and they wait for it. A hold lapses like a lease, so that a worker that dies blocks no issue for good.

    Raises:
        LedgerError: Others kept writing the same chain.
    """
    options = lease.options
    for _ in range(_TRIES):
        chain, stored = yield from _read(key)
        time = yield from now()
        left = chain.held_until - time
        if chain.root:
            return chain
        is_ours = chain.holder == lease.key
        if left > 0 and not is_ours and (chain.alone or alone):
            return Deferred(lease.key, left, HELD)
        if left > 2 * options.needed and not is_ours and not alone:
            lease.must_post_by(chain.held_until)
            return chain
        held = attrs.evolve(NO_TASKS, holder=lease.key, held_until=time + options.lease, alone=alone)
        if (yield from _write(key, held, stored, time + options.retention)):
            lease.must_post_by(held.held_until)
            return held
    raise _contended(key)


def extend_chain(key: str, task: str, options: Options) -> Flow[Chain]:
    """Add a task to its issue; adding it again changes nothing.

    Raises:
        LedgerError: Others kept writing the same chain.
    """
    for _ in range(_TRIES):
        chain, stored = yield from _read(key)
        if task in chain.tasks:
            return chain
        longer = chain.with_task(task)
        if (yield from _write(key, longer, stored, (yield from now()) + options.retention)):
            return longer
    raise _contended(key)


def _read(key: str) -> Flow[tuple[Chain, LedgerRecord | None]]:
    stored = yield from ledger_get(key)
    return decode_chain(key, stored.value) if stored else NO_TASKS, stored


def _write(key: str, chain: Chain, stored: LedgerRecord | None, expires_at: float) -> Flow[bool]:
    expected = stored.version if stored else None
    written = yield from ledger_put(key, encode(chain), expected=expected, expires_at=expires_at)
    return written is not None


def _contended(key: str) -> LedgerError:
    return LedgerError(f"ledger record {key} is written by too many workers at once")
