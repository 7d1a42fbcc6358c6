"""Opens what a settings file keeps things in; an adapter is loaded when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sentry_governed.errors import ConfigError
from sentry_governed.routing import SqliteLedger
from sentry_governed.settings._inbox import InboxPlace
from sentry_governed.settings._ledger import DynamoTable, LedgerPlace, NatsBucket
from sentry_governed.settings._places import SqliteFile

if TYPE_CHECKING:
    from sentry_governed.adapters.dynamodb import DynamoLedger
    from sentry_governed.adapters.sqlite import SqliteInbox
    from sentry_governed.settings._nats import LookUp, NatsLedgerLater

    SyncLedger: TypeAlias = SqliteLedger | DynamoLedger
    AnyLedger: TypeAlias = SyncLedger | NatsLedgerLater


def sync_ledger(place: LedgerPlace, folder: Path, _look_up: LookUp) -> SyncLedger:
    """A ledger for threads.

    Args:
        place: Where it is.
        folder: Where relative paths begin.

    Raises:
        ConfigError: It cannot be used there.
    """
    match place:
        case SqliteFile():
            return SqliteLedger(folder / place.path)
        case DynamoTable():
            from sentry_governed.adapters.dynamodb import DynamoLedger

            return DynamoLedger(place.table, region=place.region, endpoint_url=place.endpoint_url)
        case NatsBucket():
            raise ConfigError("a nats ledger is for asyncio only; keep it in sqlite or dynamodb here")


def any_ledger(place: LedgerPlace, folder: Path, look_up: LookUp) -> AnyLedger:
    """A ledger for asyncio; see `sync_ledger`."""
    if not isinstance(place, NatsBucket):
        return sync_ledger(place, folder, look_up)
    from sentry_governed.settings._nats import nats_ledger

    return nats_ledger(place, folder, look_up)


def sync_inbox(place: InboxPlace, folder: Path, _look_up: LookUp) -> SqliteInbox:
    """An inbox for threads; see `sync_ledger`."""
    if not isinstance(place, SqliteFile):
        raise ConfigError("this inbox is not available in this version; keep it in sqlite")
    from sentry_governed.adapters.sqlite import SqliteInbox

    return SqliteInbox(folder / place.path)
