"""How a webhook travels through a queue."""

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import Alert, InboxError, InboxMessage, PayloadError, decode_alert
from sentry_governed.adapters._envelope import alert_in, is_packed, packed, unpacked
from sentry_governed.alerts import trims
from sentry_governed.testing import datadog_alert, sentry_event_alert

FIELDS = ("source", "resource", "key", "received_at", "sha256", "trimmed", "problem", "text")
MESSAGES = st.builds(
    InboxMessage,
    source=st.sampled_from(["sentry", "datadog"]),
    resource=st.none() | st.text(max_size=20),
    body=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    key=st.none() | st.text(max_size=20),
    received_at=st.floats(0, 1e12),
    sha256=st.just("0" * 64),
    trimmed=st.booleans(),
    problem=st.none() | st.text(max_size=20),
)


@given(MESSAGES)
def test_round_trip(message: InboxMessage) -> None:
    """What is unpacked is what was packed, whatever the body's bytes."""
    text = packed(message, limit=1_000_000)

    assert unpacked(text) == unpacked(text.encode()) == message
    assert text.isascii()
    assert is_packed(text)
    assert is_packed(text.encode())


@given(st.binary(max_size=100) | st.text(max_size=100))
def test_junk(data: bytes | str) -> None:
    """Bytes that nobody packed are refused in our own words."""
    for each in (data, '{"sentry_governed": 1, ' + str(data)):
        with pytest.raises(PayloadError):
            alert_in(each)


@pytest.mark.parametrize(
    "name", ["source", "resource", "received_at", "sha256", "trimmed", "problem", "text"]
)
def test_missing_field(name: str) -> None:
    """An envelope that lacks a field is damaged."""
    found = json.loads(packed(message_of(b"{}"), limit=1_000))
    del found[name]

    with pytest.raises(PayloadError, match="damaged"):
        unpacked(json.dumps(found))


def message_of(body: bytes) -> InboxMessage:
    """A message from Sentry."""
    return InboxMessage(
        source="sentry", resource="event_alert", body=body, key="k", received_at=1.0, sha256="0" * 64
    )


def test_alert() -> None:
    """An alert is the same in an envelope and bare."""
    body = json.dumps(sentry_event_alert()).encode()

    assert alert_in(packed(message_of(body), limit=100_000)) == decode_alert(body)
    assert alert_in(body) == alert_in(body.decode()) == decode_alert(body)


def test_read_as_received() -> None:
    """What the webhook could read of a sender that it knows, the worker can read too."""
    twice = json.dumps(sentry_event_alert()).encode().replace(b'{"action"', b'{"action": "x", "action"', 1)
    deep = json.dumps(sentry_event_alert(extra={"extra": json.loads("[" * 300 + "]" * 300)})).encode()

    for body in (twice, deep):
        assert isinstance(alert_in(packed(message_of(body), limit=100_000)), Alert)
        with pytest.raises(PayloadError):
            alert_in(body)


def test_datadog() -> None:
    """A message from Datadog is read as one, whatever its body looks like."""
    body = json.dumps({**datadog_alert(), "data": {"issue": {}}}).encode()
    message = attrs.evolve(message_of(body), source="datadog", resource=None)
    alert = alert_in(packed(message, limit=100_000))

    assert isinstance(alert, Alert)
    assert alert.source == "datadog"


def test_without_resource() -> None:
    """A message from Sentry without a resource is told by its shape."""
    message = attrs.evolve(message_of(json.dumps(sentry_event_alert()).encode()), resource=None)

    assert isinstance(alert_in(packed(message, limit=100_000)), Alert)


def test_quarantine() -> None:
    """What is in quarantine makes no alert, and says why."""
    message = attrs.evolve(message_of(b"{"), problem="the body is not JSON")

    with pytest.raises(PayloadError, match="the body is not JSON"):
        alert_in(packed(message, limit=1_000))


def test_limit() -> None:
    """A message that the broker would refuse even trimmed is refused first."""
    with pytest.raises(InboxError, match="larger than the 100"):
        packed(message_of(b"x" * 100), limit=100)


def test_trimmed() -> None:
    """A body over the limit is trimmed: the same alert, under the hash of what was received."""
    body = json.dumps(sentry_event_alert()).encode()
    text = packed(message_of(body), limit=4_000)
    message, alert = unpacked(text), alert_in(text)
    original = decode_alert(body)

    assert len(text) <= 4_000 < len(body)
    assert (message.trimmed, message.sha256, message.key) == (True, "0" * 64, "k")
    assert isinstance(alert, Alert)
    assert isinstance(original, Alert)
    assert alert == attrs.evolve(original, raw=alert.raw)
    assert alert.installation == original.installation


@pytest.mark.parametrize("limit", [7_500, 9_000, 30_000, 60_000, 200_000])
def test_no_more_than_needed(limit: int) -> None:
    """The first step that fits is taken, measured as the broker will see it."""
    body = json.dumps(
        sentry_event_alert(extra={"message": "\u00e4" * 9_000, "tags": [["a", "\u00e4" * 190]]})
    ).encode()
    steps = [message_of(body)]
    steps += [attrs.evolve(steps[0], body=step, trimmed=True) for step in trims(body, "sentry")]
    texts = [packed(step, limit=10**9) for step in steps]

    assert packed(steps[0], limit=limit) == next(text for text in texts if len(text) <= limit)


def test_large_quarantine() -> None:
    """A body in quarantine that is too large and no JSON is left out; why, and its hash, stay."""
    message = attrs.evolve(message_of(b"{" * 2_000), problem="the body is not JSON", key=None)
    kept = unpacked(packed(message, limit=1_000))

    assert kept == attrs.evolve(message, body=b"", trimmed=True)
