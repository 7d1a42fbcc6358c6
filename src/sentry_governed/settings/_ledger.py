"""The `ledger` section."""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs

from sentry_governed.settings._places import AWS, NATS, AwsPlace, NatsPlace, SqliteFile, placed, sqlite
from sentry_governed.settings._reader import Reader, fields_of, tagged, text


@attrs.frozen(kw_only=True)
class DynamoTable(AwsPlace):
    """A ledger in a table of DynamoDB.

    Attributes:
        table: Its name or its ARN.
    """

    table: str


@attrs.frozen(kw_only=True)
class NatsBucket(NatsPlace):
    """A ledger in a key-value bucket of NATS JetStream; for asyncio only.

    Attributes:
        bucket: Its name, or None for the usual one.
    """

    bucket: str | None = None


LedgerPlace: TypeAlias = SqliteFile | DynamoTable | NatsBucket
"""Where the ledger is."""

_KINDS: Final[dict[str, Reader[LedgerPlace]]] = {
    "sqlite": sqlite,
    "dynamodb": placed(DynamoTable, AWS | fields_of(DynamoTable, table=text), required=("table",)),
    "nats": placed(NatsBucket, NATS | fields_of(NatsBucket, bucket=text), required=("url",)),
}

read_ledger: Final = tagged(_KINDS)
