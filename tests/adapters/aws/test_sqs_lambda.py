"""The handler for Lambda: what it reports is what was not done, whatever is in the batch."""

import json
import logging
from collections.abc import Mapping, Sequence

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed import LedgerRecord, Router, lambda_sqs
from sentry_governed.adapters._envelope import packed
from sentry_governed.adapters._settle import Settlement
from sentry_governed.adapters.sqs import BatchResponse, batch_response
from sentry_governed.alerts import Alert
from sentry_governed.errors import ConfigError, LedgerError, PayloadError
from sentry_governed.routing import Created, MemoryLedger, Outcome, Rejected
from sentry_governed.testing import sentry_event_alert
from sentry_governed.typing import Clock, JsonValue
from tests.adapters.aws.cloud import Cloud
from tests.adapters.aws.queues import Office, Site

ARN = "arn:aws:sqs:us-east-1:123456789012:alerts"
FATES = ("made", "skipped", "held", "unreadable")


class Context:
    """An invocation whose time runs only when it is asked for."""

    def __init__(self, seconds: float = 60.0, step: float = 0.0) -> None:
        self._left, self._step = seconds, step

    def get_remaining_time_in_millis(self) -> int:
        left, self._left = self._left, self._left - self._step
        return int(left * 1000)


def record(
    body: str, *, number: int = 0, group: str | None = None, sent: Mapping[str, str] | None = None
) -> dict[str, JsonValue]:
    """A message as Lambda hands it over."""
    system: dict[str, JsonValue] = {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"}
    if group is not None:
        system["MessageGroupId"] = group
    return {
        "messageId": f"message-{number}",
        "receiptHandle": "handle",
        "body": body,
        "attributes": system,
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"} for name, value in (sent or {}).items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN if group is None else f"{ARN}.fifo",
    }


def event(*records: Mapping[str, JsonValue]) -> dict[str, object]:
    """An event of SQS."""
    return {"Records": list(records)}


def reported(answer: BatchResponse) -> list[str]:
    """The ids that Lambda reads from the answer once it has travelled as JSON."""
    read = json.loads(json.dumps(answer))
    assert list(read) == ["batchItemFailures"]
    assert all(list(item) == ["itemIdentifier"] for item in read["batchItemFailures"])
    return [item["itemIdentifier"] for item in read["batchItemFailures"]]


@attrs.frozen
class Planned:
    """A message and what the router will make of it."""

    fate: str
    group: str
    alert: Alert
    body: str

    @classmethod
    def new(cls, office: Office, fate: str, group: str) -> "Planned":
        """One with that fate."""
        alert, sent = office.alert(**({"service": "noise"} if fate == "skipped" else {}))
        if fate == "held":
            office.hold(alert)
        return cls(fate, group, alert, "{" if fate == "unreadable" else packed(sent, limit=10**6))


def undone(planned: Sequence[Planned], *, is_fifo: bool, begun: int) -> set[str]:
    """What is to be delivered again, reasoned one message at a time."""
    stopped: set[str] = set()
    found: set[str] = set()
    for number, each in enumerate(planned):
        done = each.fate in {"made", "skipped"} and number < begun
        if not done or (is_fifo and each.group in stopped):
            found.add(f"message-{number}")
            stopped.add(each.group)
    return found


@settings(max_examples=150, deadline=None)
@given(
    plan=st.lists(st.tuples(st.sampled_from(FATES), st.sampled_from("abc")), max_size=10),
    is_fifo=st.booleans(),
    threads=st.integers(1, 4),
)
def test_reports_what_is_not_done(plan: list[tuple[str, str]], is_fifo: bool, threads: int) -> None:
    """The ids reported are those of the messages that the router is not done with, and no others."""
    office = Office.new()
    planned = [Planned.new(office, *each) for each in plan]
    handler = lambda_sqs(office.router, threads=threads)
    records = [
        record(each.body, number=number, group=each.group if is_fifo else None)
        for number, each in enumerate(planned)
    ]

    found = reported(handler(event(*records), Context()))

    expected = undone(planned, is_fifo=is_fifo, begun=len(planned))
    assert len(found) == len(set(found))
    assert set(found) == expected
    for number, each in enumerate(planned):
        made = f"message-{number}" not in expected and each.fate == "made"
        assert (office.state(each.alert) == "done") == made
        assert len(office.world.tasks(each.alert)) == made


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 10), begun=st.integers(0, 10), is_fifo=st.booleans())
def test_out_of_time(count: int, begun: int, is_fifo: bool) -> None:
    """Messages that cannot be begun in time are reported, and left alone."""
    office = Office.new()
    planned = [Planned.new(office, "made", "a") for _ in range(count)]
    handler = lambda_sqs(office.router, threads=1, reserve=5)
    records = [
        record(each.body, number=number, group="a" if is_fifo else None)
        for number, each in enumerate(planned)
    ]

    # One second passes for each message; the first look is at the start of the invocation.
    found = reported(handler(event(*records), Context(seconds=11 + begun, step=1)))

    assert set(found) == undone(planned, is_fifo=is_fifo, begun=begun)
    assert len(office.world.asana.tasks) == min(begun, count)


def test_again(office: Office) -> None:
    """What is reported is done when it is delivered again, and what was done stays as it is."""
    _, first = office.alert()
    alert, second = office.alert()
    office.hold(alert)
    handler = lambda_sqs(office.router)
    batch = event(*(record(packed(each, limit=10**6), number=n) for n, each in enumerate((first, second))))
    assert reported(handler(batch, Context())) == ["message-1"]
    office.world.clock.advance(101)

    assert reported(handler(batch, Context())) == []
    assert len(office.world.asana.tasks) == 2


def test_bare_body(office: Office) -> None:
    """A webhook that somebody else put on the queue is read with the message's attributes for headers."""
    body = json.dumps(sentry_event_alert(tags={"service": "checkout"}))
    handler = lambda_sqs(office.router)
    bare = record(body, sent={"Sentry-Hook-Resource": "event_alert"})

    assert reported(handler(event(bare), Context())) == []
    assert len(office.world.asana.tasks) == 1


def test_groups_of_a_standard_queue(office: Office) -> None:
    """A group on a standard queue is about fairness, not order: it keeps nothing back."""
    alert, held = office.alert()
    office.hold(alert)
    records = [record(packed(held, limit=10**6)), record(packed(office.alert()[1], limit=10**6), number=1)]
    for each in records:
        assert isinstance(each["attributes"], dict)
        each["attributes"]["MessageGroupId"] = "tenant"

    assert reported(lambda_sqs(office.router)(event(*records), Context())) == ["message-0"]
    assert len(office.world.asana.tasks) == 1


def test_router_is_made_once(office: Office) -> None:
    """A function that makes the router is called by the first invocation alone, and not before."""
    made: list[Router] = []

    def make() -> Router:
        made.append(office.router)
        return office.router

    handler = lambda_sqs(make)
    assert not made
    for _ in range(3):
        handler(event(record(packed(office.alert()[1], limit=10**6))), Context())

    assert len(made) == 1
    assert len(office.world.asana.tasks) == 3


def test_router_cannot_be_made(office: Office) -> None:
    """A router that cannot be made fails the whole batch, each time with the reason, until it can."""
    problems = ["ASANA_PAT is not set", "no teams file"]

    def make() -> Router:
        if problems:
            raise ConfigError(problems.pop(0))
        return office.router

    handler = lambda_sqs(make)
    batch = event(record(packed(office.alert()[1], limit=10**6)))
    with pytest.raises(ConfigError, match="ASANA_PAT"):
        handler(batch, Context())
    with pytest.raises(ConfigError, match="no teams file"):
        handler(batch, Context())

    assert reported(handler(batch, Context())) == []


class Broken(MemoryLedger):
    """A ledger that raises what a bug or a bad configuration would, for one key."""

    def __init__(self, key: str, error: Exception, clock: Clock) -> None:
        super().__init__(clock=clock)
        self._key, self._error = key, error

    def get(self, key: str) -> LedgerRecord | None:
        if key == self._key:
            raise self._error
        return super().get(key)


def test_configured_wrongly(office: Office) -> None:
    """What only a person can put right fails the whole batch."""
    alert, sent = office.alert()
    office.router._ledger = Broken(alert.key, ConfigError("the table has no region"), office.world.clock)

    with pytest.raises(ConfigError, match="no region"):
        lambda_sqs(office.router)(event(record(packed(sent, limit=10**6))), Context())


@pytest.mark.parametrize("error", [LedgerError("down"), RuntimeError("a bug")], ids=str)
def test_one_breaks(office: Office, error: Exception) -> None:
    """A message that breaks the router is reported, and only that one."""
    alert, sent = office.alert()
    office.router._ledger = Broken(alert.key, error, office.world.clock)
    messages = (sent, office.alert()[1])
    records = [record(packed(each, limit=10**6), number=n) for n, each in enumerate(messages)]

    assert reported(lambda_sqs(office.router)(event(*records), Context())) == ["message-0"]


@pytest.mark.parametrize("fifo", [False, True])
def test_dead_letter(office: Office, site: Site, fifo: bool) -> None:
    """What can never become a task goes to the dead letters as it is, with the reason, and counts as done."""
    dead = site.queue(fifo=fifo)
    handler = lambda_sqs(office.router, dead_letter_url=dead)
    batch = event(record("[]", group="g" if fifo else None, sent={"tenant": "acme"}))

    assert reported(handler(batch, Context())) == []
    (found,) = site.take(dead)
    assert found["Body"] == "[]"
    assert {name: value["StringValue"] for name, value in found["MessageAttributes"].items()} == {
        "tenant": "acme",
        "sentry_governed_reason": "the body is JSON but not an object",
    }


def test_dead_letter_refused(office: Office, caplog: pytest.LogCaptureFixture, cloud: Cloud) -> None:
    """A dead letter that cannot be put aside is reported, so that SQS does it."""
    handler = lambda_sqs(office.router, dead_letter_url=f"{cloud.url}/123456789012/missing")

    assert reported(handler(event(record("{")), Context())) == ["message-0"]
    assert "could not be put with the dead letters" in caplog.text


def test_binary_attribute(office: Office, site: Site) -> None:
    """Attributes that are no text go along with a dead letter as they were."""
    dead = site.queue()
    odd = record("{")
    odd["messageAttributes"] = {
        "digest": {"binaryValue": "AQI=", "dataType": "Binary"},
        "count": {"stringValue": "7", "dataType": "Number"},
        "broken": "no attribute",
    }

    assert reported(lambda_sqs(office.router, dead_letter_url=dead)(event(odd), Context())) == []
    (found,) = site.take(dead)
    sent = found["MessageAttributes"]
    assert (sent["digest"]["BinaryValue"], sent["count"]["DataType"]) == (b"\x01\x02", "Number")
    assert "broken" not in sent


@pytest.mark.parametrize(
    "bad",
    [None, [], "x", {}, {"Records": None}, {"records": []}, {"Records": {}}, {"Records": "no"}],
    ids=str,
)
def test_no_event(office: Office, bad: dict[str, object]) -> None:
    """What is not an event of SQS is refused loudly: an answer would have Lambda delete it."""
    with pytest.raises(PayloadError, match="has no Records"):
        lambda_sqs(office.router)(bad, Context())


@pytest.mark.parametrize("bad", [None, "x", {}, {"messageId": ""}, {"messageId": 7}], ids=str)
def test_no_id(office: Office, bad: JsonValue) -> None:
    """A record that could not be reported fails the batch before anything is done."""
    batch: dict[str, object] = {"Records": [record(packed(office.alert()[1], limit=10**6)), bad]}

    with pytest.raises(PayloadError, match="record 1 of the event has no messageId"):
        lambda_sqs(office.router)(batch, Context())
    assert not office.world.asana.tasks


@pytest.mark.parametrize(
    "missing", ["body", "attributes", "messageAttributes", "receiptHandle", "eventSourceARN"]
)
def test_record_with_a_hole(office: Office, missing: str) -> None:
    """A record that lacks something is handled as far as can be, and never breaks the batch."""
    damaged = {name: value for name, value in record("{").items() if name != missing}
    good = record(packed(office.alert()[1], limit=10**6), number=1)

    assert reported(lambda_sqs(office.router)(event(damaged, good), Context())) == ["message-0"]


def test_empty(office: Office) -> None:
    """An empty batch is done."""
    assert reported(lambda_sqs(office.router)({"Records": []}, Context())) == []


def test_short_timeout(office: Office) -> None:
    """A function whose timeout never lets anything begin says so instead of returning everything."""
    handler = lambda_sqs(office.router, reserve=5)

    with pytest.raises(ConfigError, match=r"starts with 3 s left, and begins nothing in the last 10 s"):
        handler(event(record("{")), Context(seconds=3))


def test_watch(office: Office) -> None:
    """Whoever watches is told how each message was settled."""
    seen: list[tuple[type[Outcome], type[Settlement]]] = []

    class Watch:
        def received(self, source: str, verdict: str) -> None:
            raise AssertionError

        def settled(self, outcome: Outcome, settlement: Settlement) -> None:
            seen.append((type(outcome), type(settlement)))

    records = [record(packed(office.alert()[1], limit=10**6)), record("{", number=1)]
    lambda_sqs(office.router, threads=1, watch=Watch())(event(*records), Context())

    assert [outcome for outcome, _ in seen] == [Created, Rejected]
    assert [settlement.__name__ for _, settlement in seen] == ["Ack", "DeadLetter"]


def test_quiet(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of a message's content is logged."""
    with caplog.at_level(logging.DEBUG):
        body = json.dumps({**sentry_event_alert(), "secret": "canary-1234"})[:-1]
        lambda_sqs(office.router)(event(record(body)), Context())

    assert "message-0 can never become a task" in caplog.text
    assert "canary" not in caplog.text


@given(st.lists(st.text(min_size=1)))
def test_response(ids: list[str]) -> None:
    """The answer has the names that Lambda reads, each id once, in order, and survives JSON."""
    assert reported(batch_response(ids)) == list(dict.fromkeys(ids))


@pytest.mark.parametrize("threads", [0, -1, 101])
@pytest.mark.parametrize("reserve", [5.0, 0.0, float("nan")])
def test_bad_numbers(office: Office, threads: int, reserve: float) -> None:
    """Numbers that no one could mean are refused when the handler is made."""
    with pytest.raises(ConfigError, match="threads"):
        lambda_sqs(office.router, threads=threads, reserve=reserve)
    if reserve != 5.0:
        with pytest.raises(ConfigError, match="reserve"):
            lambda_sqs(office.router, reserve=reserve)


def test_bad_dead_letter_url(office: Office) -> None:
    """So is a URL that is not a queue's."""
    with pytest.raises(ConfigError, match="dead_letter_url 'dlq' is not the URL of a queue"):
        lambda_sqs(office.router, dead_letter_url="dlq")
