"""The tasks of one Sentry issue, in the order they were made."""

from __future__ import annotations

from sentry_governed._grammar import is_id, is_org_slug
from sentry_governed._http.flow import Flow, ledger_get, ledger_put, now
from sentry_governed.alerts import Alert
from sentry_governed.errors import LedgerError
from sentry_governed.routing._enrich import SentrySide
from sentry_governed.routing._options import Options
from sentry_governed.routing._records import Chain, decode_chain, encode

_TRIES = 20


def chain_key(alert: Alert, sentry: SentrySide | None) -> str | None:
    """The ledger's key of an alert's issue, or None for an alert that belongs to no Sentry issue."""
    if alert.issue_id is None or not is_id(alert.issue_id):
        return None
    org = (sentry.org_of(alert) if sentry else None) or alert.org or ""
    return f"chain.{org.lower() if is_org_slug(org) else '-'}.{alert.issue_id}"


def read_chain(key: str | None) -> Flow[Chain | None]:
    """The issue's tasks so far."""
    if key is None:
        return None
    stored = yield from ledger_get(key)
    return decode_chain(key, stored.value) if stored else None


def extend_chain(key: str, task: str, options: Options) -> Flow[Chain]:
    """Add a task to its issue; adding it again changes nothing.

    Raises:
        LedgerError: Others kept writing the same chain.
    """
    for _ in range(_TRIES):
        stored = yield from ledger_get(key)
        chain = decode_chain(key, stored.value) if stored else Chain(task, task)
        if task in chain.tasks:
            return chain
        longer = chain.with_task(task)
        expires_at = (yield from now()) + options.retention
        expected = stored.version if stored else None
        if (yield from ledger_put(key, encode(longer), expected=expected, expires_at=expires_at)):
            return longer
    raise LedgerError(f"ledger record {key} is written by too many workers at once")
