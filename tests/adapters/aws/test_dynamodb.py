"""The table in DynamoDB when replies get lost, answers are odd, or it is not there."""

import sys
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import pytest

from sentry_governed.adapters.dynamodb import DynamoLedger
from sentry_governed.errors import ConfigError, LedgerError, MissingExtraError
from sentry_governed.testing import FrozenClock
from tests.adapters.aws.cloud import Cloud, Mishap, waited_for

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

LATER = 4_000_000_000.0
PUT = "PutItem"


@pytest.fixture
def client(cloud: Cloud) -> "Iterator[DynamoDBClient]":
    """A client as a user would make one."""
    client = boto3.Session().client("dynamodb", endpoint_url=cloud.url)
    yield client
    client.close()


@pytest.fixture
def clock() -> FrozenClock:
    """The time stands still."""
    return FrozenClock()


@pytest.fixture
def ledger(cloud: Cloud, clock: FrozenClock) -> Iterator[DynamoLedger]:
    """An empty table."""
    with DynamoLedger(f"ledger-{uuid.uuid4().hex}", endpoint_url=cloud.url, clock=clock) as ledger:
        ledger.create_table()
        yield ledger


def beside(ledger: DynamoLedger, client: "DynamoDBClient", clock: FrozenClock) -> DynamoLedger:
    """Another worker's handle on the same table."""
    return DynamoLedger(ledger._table, client=client, clock=clock)


def before_attempt(client: "DynamoDBClient", number: int, work: Callable[[], object]) -> None:
    """Have something happen just before the so-many-th attempt of a put goes out."""
    attempts: list[object] = []

    def about_to_send(request: object, **_: object) -> None:
        attempts.append(request)
        if len(attempts) == number:
            work()

    client.meta.events.register(f"before-send.dynamodb.{PUT}", about_to_send)


@pytest.mark.parametrize("mishap", ["reply lost", "failed after", "failed before", "not sent"])
@pytest.mark.parametrize("times", [1, 2])
def test_sent_again(ledger: DynamoLedger, cloud: Cloud, mishap: Mishap, times: int) -> None:
    """A put that is sent again, applied before or not, is known as one's own."""
    cloud.fail(PUT, *[mishap] * times)
    first = ledger.put("k", "one", expected=None, expires_at=LATER)
    assert first is not None
    assert ledger.get("k") == first
    cloud.fail(PUT, *[mishap] * times)
    second = ledger.put("k", "two", expected=first.version, expires_at=LATER)

    assert second is not None
    assert second.version == first.version + 1
    assert ledger.get("k") == second
    assert cloud.count(PUT) == 2 * (times + 1)


@pytest.mark.parametrize("mishap", ["reply lost", "failed after"])
def test_never_answered(ledger: DynamoLedger, cloud: Cloud, mishap: Mishap) -> None:
    """A put that is never answered is an error, though it was applied."""
    cloud.fail(PUT, *[mishap] * 3)

    with pytest.raises(LedgerError, match=ledger._table):
        ledger.put("k", "v", expected=None, expires_at=LATER)
    found = ledger.get("k")
    assert found is not None
    assert found.value == "v"


def test_applied_late(ledger: DynamoLedger, cloud: Cloud) -> None:
    """An attempt that arrives after the next one changes nothing."""
    cloud.fail(PUT, "late")
    first = ledger.put("k", "one", expected=None, expires_at=LATER)
    assert first is not None
    second = ledger.put("k", "two", expected=first.version, expires_at=LATER)
    served = cloud.served
    cloud.catch_up.set()
    waited_for(lambda: cloud.served > served)

    assert second is not None
    assert ledger.get("k") == second


def test_written_over(
    ledger: DynamoLedger, client: "DynamoDBClient", cloud: Cloud, clock: FrozenClock
) -> None:
    """A put whose reply was lost, and whose record another worker has replaced, is nobody's guess."""
    other = beside(ledger, client, clock)

    def overtake() -> None:
        found = ledger.get("k")
        assert found is not None
        ledger.put("k", "theirs", expected=found.version, expires_at=LATER)

    before_attempt(client, 2, overtake)
    cloud.fail(PUT, "reply lost")

    with pytest.raises(LedgerError, match="it may have been ours"):
        other.put("k", "ours", expected=None, expires_at=LATER)


@pytest.mark.parametrize("expected", ["absent", "known"])
def test_slower(
    ledger: DynamoLedger, client: "DynamoDBClient", cloud: Cloud, clock: FrozenClock, expected: str
) -> None:
    """A put that never arrived, and then came too late, has lost: that is no error."""
    other = beside(ledger, client, clock)
    first = ledger.put("k", "one", expected=None, expires_at=LATER) if expected == "known" else None
    version = first.version if first else None
    before_attempt(client, 2, lambda: ledger.put("k", "theirs", expected=version, expires_at=LATER))
    cloud.fail(PUT, "not sent")

    assert other.put("k", "ours", expected=version, expires_at=LATER) is None
    found = ledger.get("k")
    assert found is not None
    assert found.value == "theirs"


def test_reads_are_consistent(ledger: DynamoLedger, client: "DynamoDBClient", clock: FrozenClock) -> None:
    """A read sees every write before it, also where the service would rather answer from a copy."""
    asked: list[object] = []
    client.meta.events.register(
        "before-parameter-build.dynamodb.GetItem", lambda params, **_: asked.append(params["ConsistentRead"])
    )
    beside(ledger, client, clock).get("k")

    assert asked == [True]


def test_closed() -> None:
    """Closing a ledger leaves a client that the user brought as it is."""

    class Client:
        is_open = True

        def close(self) -> None:
            self.is_open = False

    client = Client()
    DynamoLedger("ledger", client=client).close()

    assert client.is_open


@pytest.mark.parametrize("mishap", ["reply lost", "failed before", "not sent"])
def test_read_again(ledger: DynamoLedger, cloud: Cloud, mishap: Mishap) -> None:
    """A read is sent again, up to three times in all."""
    first = ledger.put("k", "v", expected=None, expires_at=LATER)
    cloud.fail("GetItem", mishap, mishap)
    assert ledger.get("k") == first
    cloud.fail("GetItem", mishap, mishap, mishap)

    with pytest.raises(LedgerError):
        ledger.get("k")


def test_out(ledger: DynamoLedger, cloud: Cloud) -> None:
    """While the service is out every call is an error; afterwards the same ledger works."""
    cloud.is_out = True
    with pytest.raises(LedgerError):
        ledger.get("k")
    with pytest.raises(LedgerError):
        ledger.put("k", "v", expected=None, expires_at=LATER)
    cloud.is_out = False

    assert ledger.put("k", "v", expected=None, expires_at=LATER) is not None


def test_expired_in_the_way(ledger: DynamoLedger, client: "DynamoDBClient", clock: FrozenClock) -> None:
    """A record that others write and let expire again and again is given up on in the end."""
    clock.advance(1)
    past = clock.time() - 1
    ahead = beside(ledger, client, clock)
    for _ in range(3):
        ahead.put("k", "v", expected=None, expires_at=past)
    versions = [ahead.put("k", "v", expected=None, expires_at=past) for _ in range(2)]
    assert versions[0] is not None
    assert versions[1] is not None
    assert versions[1].version == versions[0].version + 1

    def again(**_: object) -> None:
        ledger.put("k", "v", expected=None, expires_at=past)

    client.meta.events.register(f"before-send.dynamodb.{PUT}", again)

    with pytest.raises(LedgerError, match="5 times in a row"):
        ahead.put("k", "v", expected=None, expires_at=LATER)


def test_time_to_live(ledger: DynamoLedger, client: "DynamoDBClient", clock: FrozenClock) -> None:
    """DynamoDB is told to clear a record away an hour after it has expired, and not before."""
    ledger.put("k", "v", expected=None, expires_at=clock.time() + 0.5)

    item = client.get_item(TableName=ledger._table, Key={"key": {"S": "k"}})["Item"]
    told = client.describe_time_to_live(TableName=ledger._table)["TimeToLiveDescription"]
    assert (told["TimeToLiveStatus"], told["AttributeName"]) == ("ENABLED", "ttl")
    assert item["ttl"]["N"] == str(int(clock.time()) + 1 + 3600)


def test_create_again(ledger: DynamoLedger) -> None:
    """Making a table that is there changes nothing."""
    first = ledger.put("k", "v", expected=None, expires_at=LATER)
    ledger.create_table()

    assert ledger.get("k") == first


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"value": {"S": "v"}, "version": {"N": "1"}, "expires_at": {"N": "9"}},
        {"value": {"N": "7"}, "version": {"N": "1"}, "expires_at": {"N": "9"}, "writer": {"S": "w"}},
        {"value": {"S": "v"}, "version": {"N": "1.5"}, "expires_at": {"N": "9"}, "writer": {"S": "w"}},
        {"value": {"S": "v"}, "version": {"S": "one"}, "expires_at": {"N": "9"}, "writer": {"S": "w"}},
    ],
)
def test_foreign_item(
    ledger: DynamoLedger, client: "DynamoDBClient", item: "dict[str, AttributeValueTypeDef]"
) -> None:
    """What something else wrote into the table is refused, by reading and by writing."""
    client.put_item(TableName=ledger._table, Item={"key": {"S": "k"}, **item})

    with pytest.raises(LedgerError, match="the item k is not a ledger's record"):
        ledger.get("k")
    with pytest.raises(LedgerError, match="the item k is not a ledger's record"):
        ledger.put("k", "v", expected=7, expires_at=LATER)


def test_no_table(cloud: Cloud) -> None:
    """A table that is not there is an error that names it."""
    with DynamoLedger("missing", endpoint_url=cloud.url) as ledger:
        with pytest.raises(LedgerError, match=r"\Amissing: [ -~]*ResourceNotFound"):
            ledger.get("k")
        with pytest.raises(LedgerError, match=r"\Amissing: [ -~]*ResourceNotFound"):
            ledger.put("k", "v", expected=None, expires_at=LATER)


def test_silent_refusal(ledger: DynamoLedger, client: "DynamoDBClient", clock: FrozenClock) -> None:
    """A service that refuses without saying what it found instead is not believed."""

    def forget(params: dict[str, object], **_: object) -> None:
        del params["ReturnValuesOnConditionCheckFailure"]

    client.meta.events.register(f"before-parameter-build.dynamodb.{PUT}", forget)
    ledger.put("k", "v", expected=None, expires_at=LATER)

    with pytest.raises(LedgerError, match="does not say why"):
        beside(ledger, client, clock).put("k", "w", expected=None, expires_at=LATER)


def test_no_credentials(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that are not there are an error of the ledger: they may come back."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with (
        DynamoLedger("ledger", endpoint_url=cloud.url) as ledger,
        pytest.raises(LedgerError, match="credentials"),
    ):
        ledger.get("k")


@pytest.mark.parametrize("table", ["", "ab", "a b", "a" * 256, "a/b", "arn:"], ids=ascii)
def test_bad_table(table: str) -> None:
    """What cannot name a table is refused at once."""
    with pytest.raises(ConfigError, match="cannot be a DynamoDB table"):
        DynamoLedger(table, region="us-east-1")


def test_bad_access(client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> None:
    """A client beside a region, no region at all, or no URL is refused at once."""
    with pytest.raises(ConfigError, match="give either it or them"):
        DynamoLedger("ledger", client=client, region="us-east-1")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigError, match="region"):
        DynamoLedger("ledger")
    with pytest.raises(ConfigError, match="nowhere"):
        DynamoLedger("ledger", region="us-east-1", endpoint_url="nowhere")


def test_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without boto3 the pip command is named."""
    monkeypatch.setitem(sys.modules, "botocore.session", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'sentry-governed\[aws\]'"):
        DynamoLedger("ledger")
