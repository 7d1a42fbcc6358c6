"""Opens what a settings file keeps things in; an adapter is loaded when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sentry_governed.errors import ConfigError
from sentry_governed.routing import SqliteLedger
from sentry_governed.settings._inbox import InboxPlace, NatsStream, SqsQueue
from sentry_governed.settings._ledger import DynamoTable, LedgerPlace, NatsBucket
from sentry_governed.settings._places import SqliteFile

if TYPE_CHECKING:
    from sentry_governed.adapters.dynamodb import DynamoLedger
    from sentry_governed.adapters.sqlite import SqliteInbox
    from sentry_governed.adapters.sqs import SqsInbox
    from sentry_governed.settings._nats import LookUp, NatsInboxLater, NatsLedgerLater

    SyncLedger: TypeAlias = SqliteLedger | DynamoLedger
    AnyLedger: TypeAlias = SyncLedger | NatsLedgerLater
    SyncInbox: TypeAlias = SqliteInbox | SqsInbox
    AnyInbox: TypeAlias = SyncInbox | NatsInboxLater


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


def sync_inbox(place: InboxPlace, folder: Path, _look_up: LookUp) -> SyncInbox:
    """An inbox for threads; see `sync_ledger`."""
    match place:
        case SqliteFile():
            from sentry_governed.adapters.sqlite import SqliteInbox

            return SqliteInbox(folder / place.path)
        case SqsQueue():
            from sentry_governed.adapters.sqs import SqsInbox

            return SqsInbox(place.queue_url, region=place.region, endpoint_url=place.endpoint_url)
        case NatsStream():
            raise ConfigError("a nats inbox is for asyncio only")


def any_inbox(place: InboxPlace, folder: Path, look_up: LookUp) -> AnyInbox:
    """An inbox for asyncio; see `sync_ledger`."""
    if not isinstance(place, NatsStream):
        return sync_inbox(place, folder, look_up)
    from sentry_governed.settings._nats import nats_inbox

    return nats_inbox(place, folder, look_up)
