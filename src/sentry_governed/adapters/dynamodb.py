"""A ledger in a table of Amazon DynamoDB."""

from __future__ import annotations

import math
import re
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self, TypeVar, cast

import attrs

from sentry_governed._values import LedgerRecord
from sentry_governed.adapters._aws import Access, new_client, one_line
from sentry_governed.errors import ConfigError, LedgerError
from sentry_governed.routing.ledgers._limits import check_key, check_record
from sentry_governed.typing import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, PutItemInputTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

T = TypeVar("T")

_TABLE: Final = re.compile(r"[A-Za-z0-9_.-]{3,255}|arn:[A-Za-z0-9_.:/-]{1,1000}")
_ABSENT: Final = "attribute_not_exists(#key) OR (#expires_at <= :now AND #version < :version)"
_HELD: Final = "#version = :expected AND #expires_at > :now"
_GRACE: Final = 3600
_MOST_TRIES: Final = 5


class DynamoLedger:
    """A `Ledger` in one table, shared by threads, processes and machines.

    The table has a text key named `key` and nothing else that matters; `create_table` makes one. Reads are
    strongly consistent. A write is one conditional put. It carries a name of its own, so that a put whose
    reply was lost, and which is sent again, is told from another worker's.

    A version is at least the microseconds since the epoch when its key was first written, so a key never
    sees one twice, not even after DynamoDB has cleared its record away. It does that through the attribute
    `ttl`, an hour after the expiry at the earliest. One call takes at most about 12 seconds.

    Args:
        table: The table's name, or its ARN.
        client: A DynamoDB client of boto3 to use instead of an own one; its timeouts and retries hold then.
        region: The AWS region; by default the environment or the profile says it.
        endpoint_url: Where another service than AWS's own listens.
        clock: Says what has expired; machines that share a table need clocks that agree.

    Raises:
        MissingExtraError: boto3 is not installed.
        ConfigError: The name cannot be a table's, there is no region, or a client comes with a region.
    """

    def __init__(
        self,
        table: str,
        *,
        client: object | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        clock: Clock = time,
    ) -> None:
        if _TABLE.fullmatch(table) is None:
            raise ConfigError(f"{table!a} cannot be a DynamoDB table: give its name or its ARN")
        if client is not None and (region is not None or endpoint_url is not None):
            raise ConfigError("a client has its region and endpoint already; give either it or them")
        access = Access(
            region=region, endpoint_url=endpoint_url, connect_timeout=1, read_timeout=2, attempts=3
        )
        self._table = table
        self._is_own = client is None
        self._client = cast("DynamoDBClient", client or new_client("dynamodb", access))
        self._clock = clock

    def get(self, key: str) -> LedgerRecord | None:
        """See `Ledger.get`.

        Raises:
            LedgerError: The key is malformed, or the table cannot be used.
        """
        check_key(key)
        answer = self._call(
            lambda: self._client.get_item(TableName=self._table, Key={"key": {"S": key}}, ConsistentRead=True)
        )
        found = _read(key, answer["Item"]).record if "Item" in answer else None
        return found if found and found.expires_at > self._clock.time() else None

    def put(self, key: str, value: str, *, expected: int | None, expires_at: float) -> LedgerRecord | None:
        """See `Ledger.put`.

        Raises:
            LedgerError: The key, the value or the expiry is refused, or the table cannot be used. The record
                may have been written then.
        """
        check_record(key, value, expires_at)
        version = int(self._clock.time() * 1e6) if expected is None else expected + 1
        entry = _Entry(LedgerRecord(key, value, version, expires_at), writer=uuid.uuid4().hex)
        for _ in range(_MOST_TRIES):
            now = self._clock.time()
            refusal = self._put(entry, expected, now)
            if refusal is None:
                return entry.record
            found = refusal.found
            if found is None and expected is None:
                raise LedgerError(
                    f"{self._table}: the service does not say why it refused the record of {key}"
                )
            if found is None:
                return None
            if found.writer == entry.writer:
                return found.record
            if refusal.is_repeated and found.record.version > entry.record.version:
                raise LedgerError(
                    f"{self._table}: the record of {key} was written over; it may have been ours"
                )
            if expected is not None or found.record.expires_at > now:
                return None
            newer = attrs.evolve(entry.record, version=max(found.record.version, entry.record.version) + 1)
            entry = attrs.evolve(entry, record=newer)
        raise LedgerError(f"{self._table}: the record of {key} was written over {_MOST_TRIES} times in a row")

    def create_table(self) -> None:
        """Make the table, paid by request, and switch on its TTL; what is there already is left as it is.

        It takes some seconds, and rights that the ledger itself does not need.

        Raises:
            LedgerError: It was refused.
        """
        self._call(self._create)

    def close(self) -> None:
        """Close the connections, unless they are those of a client that was passed in."""
        if self._is_own:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _create(self) -> None:
        client, table = self._client, self._table
        with suppress(client.exceptions.ResourceInUseException):
            client.create_table(
                TableName=table,
                AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )
        client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        told = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if told.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
            client.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
            )

    def _put(self, entry: _Entry, expected: int | None, now: float) -> _Refusal | None:
        request = _request(self._table, entry, expected, now)
        return self._call(lambda: self._attempt(entry.record.key, request))

    def _attempt(self, key: str, request: PutItemInputTypeDef) -> _Refusal | None:
        from botocore.exceptions import ClientError

        try:
            self._client.put_item(**request)
        except ClientError as error:
            told = cast("Mapping[str, object]", error.response)
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise
        else:
            return None
        metadata = cast("Mapping[str, object]", told.get("ResponseMetadata", {}))
        item = cast("Item | None", told.get("Item"))
        return _Refusal(_read(key, item) if item else None, metadata.get("RetryAttempts") != 0)

    def _call(self, work: Callable[[], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return work()
        except (BotoCoreError, ClientError) as error:
            problem = one_line(error)
        raise LedgerError(f"{self._table}: {problem}")


@attrs.frozen
class _Entry:
    """A record as it is in the table.

    Attributes:
        record: What is kept.
        writer: Names the put that wrote it.
    """

    record: LedgerRecord
    writer: str


@attrs.frozen
class _Refusal:
    """A condition that did not hold.

    Attributes:
        found: What was in the table instead.
        is_repeated: Whether an earlier attempt of the same put may have been applied.
    """

    found: _Entry | None
    is_repeated: bool


def _request(table: str, entry: _Entry, expected: int | None, now: float) -> PutItemInputTypeDef:
    record = entry.record
    names = {"#version": "version", "#expires_at": "expires_at"}
    values: dict[str, AttributeValueTypeDef] = {":now": {"N": repr(now)}}
    if expected is None:
        names["#key"] = "key"
        values[":version"] = {"N": str(record.version)}
    else:
        values[":expected"] = {"N": str(expected)}
    return {
        "TableName": table,
        "Item": {
            "key": {"S": record.key},
            "value": {"S": record.value},
            "version": {"N": str(record.version)},
            "expires_at": {"N": repr(float(record.expires_at))},
            # DynamoDB's own clock is not ours: what it takes for expired must be so for everybody.
            "ttl": {"N": str(math.ceil(record.expires_at) + _GRACE)},
            "writer": {"S": entry.writer},
        },
        "ConditionExpression": _ABSENT if expected is None else _HELD,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _read(key: str, item: Item) -> _Entry:
    found = cast("Mapping[str, Mapping[str, str]]", item)
    try:
        version, expires_at = int(found["version"]["N"]), float(found["expires_at"]["N"])
        record = LedgerRecord(key, found["value"]["S"], version, expires_at)
        return _Entry(record, found["writer"]["S"])
    except (KeyError, TypeError, ValueError):
        pass
    raise LedgerError(f"the item {key} is not a ledger's record; does something else write to this table?")
