"""Opens what a settings file keeps things in; an adapter is loaded when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sentry_governed.errors import ConfigError
from sentry_governed.routing import SqliteLedger
from sentry_governed.settings._ledger import DynamoTable, LedgerPlace
from sentry_governed.settings._places import SqliteFile

if TYPE_CHECKING:
    from sentry_governed.adapters.dynamodb import DynamoLedger

    SyncLedger: TypeAlias = SqliteLedger | DynamoLedger


def sync_ledger(place: LedgerPlace, folder: Path) -> SyncLedger:
    """A ledger for threads.

    Args:
        place: Where it is.
        folder: Where relative paths begin.

    Raises:
        ConfigError: It cannot be used there.
    """
    if isinstance(place, SqliteFile):
        return SqliteLedger(folder / place.path)
    if isinstance(place, DynamoTable):
        from sentry_governed.adapters.dynamodb import DynamoLedger

        return DynamoLedger(place.table, region=place.region, endpoint_url=place.endpoint_url)
    raise ConfigError("a nats ledger is not available in this version")
