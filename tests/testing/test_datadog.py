"""The fake Datadog: what it keeps, and what it refuses."""

import json

import pytest

from sentry_governed import Request, Response
from sentry_governed.alerts import Alert, decode_alert
from sentry_governed.testing import FakeDatadog, FrozenClock, datadog_webhook

EVENTS = "/api/v1/events"


def ask(fake: FakeDatadog, method: str, path: str, body: bytes | None = None) -> Response:
    """Send a request."""
    return fake.send(Request(method, path, body=body))


def test_ids() -> None:
    """An id is a number that 53 bits do not hold, and the same as text beside it."""
    fake = FakeDatadog()
    event = fake.add_event()

    found = json.loads(ask(fake, "GET", f"{EVENTS}/{event.id}").body)["event"]

    assert found["id"] > 2**53
    assert str(found["id"]) == found["id_str"] == event.id


def test_reading_delay() -> None:
    """A new event can be read only later."""
    clock = FrozenClock()
    fake = FakeDatadog(clock=clock, reading_delay=2)
    path = f"{EVENTS}/{fake.add_event().id}"

    assert ask(fake, "GET", path).status == 404
    clock.advance(2)
    assert ask(fake, "GET", path).status == 200


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"[]",
        b"{",
        b'{"title": "a"}',
        b'{"text": "b"}',
        b'{"title": "a", "text": "b", "tags": "c"}',
    ],
)
def test_malformed(body: bytes | None) -> None:
    """An event without title or text, or with tags that are no list, is refused in Datadog's shape."""
    fake = FakeDatadog()

    response = ask(fake, "POST", EVENTS, body)

    assert response.status == 400
    assert len(json.loads(response.body)["errors"]) == 1
    assert fake.posted == ()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/v1/monitor/1"), ("PUT", EVENTS), ("GET", "/other")]
)
def test_elsewhere(method: str, path: str) -> None:
    """There is nothing but events."""
    assert ask(FakeDatadog(), method, path).status == 404


def test_webhook() -> None:
    """The webhook about an event names it and its monitor, and has no tags but those it is told."""
    fake = FakeDatadog()
    event = fake.add_event("High", tags={"team": "web", "bare": ""}, monitor="14093")

    alert = decode_alert(*datadog_webhook(fake.webhook(event.id, cycle="7", tags={"env": "prod"}), "x"))

    assert isinstance(alert, Alert)
    assert (alert.event_id, alert.key, alert.title) == (event.id, "datadog.14093.7", "High")
    assert dict(alert.tags) == {"env": ("prod",)}
    assert event.tags == ("team:web", "bare")
