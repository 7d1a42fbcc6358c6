"""Alerts of events that were read from the API: as the webhook would have made them."""

import pytest

from sentry_governed import PayloadError, decode_alert
from sentry_governed.alerts import Alert, alert_of_event
from sentry_governed.testing import sentry_event_alert, sign_webhook
from sentry_governed.typing import JsonValue

EVENT = "0f" * 16
ISSUE: dict[str, JsonValue] = {
    "id": "1001",
    "level": "error",
    "logger": "issue.logger",
    "permalink": "https://sentry.io/organizations/acme/issues/1001/",
}
TAGS = {"service": "checkout", "customer": ["globex", "initech"], "logger": "shop.cart"}


def read(**changes: JsonValue) -> dict[str, JsonValue]:
    """An event as the API shows it."""
    pairs = [("level", "warning"), ("environment", "production")]
    pairs += [
        (key, value)
        for key, values in TAGS.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return {
        "eventID": EVENT,
        "projectID": "4501",
        "groupID": "1001",
        "title": "Cart is empty",
        "message": "no items",
        "culprit": "shop.cart",
        "platform": "python",
        "dateCreated": "2026-01-01T00:00:00Z",
        "release": {"version": "1.2.3"},
        "tags": [{"key": key, "value": value} for key, value in pairs],
        "entries": [
            {"type": "exception", "data": {}},
            {"type": "request", "data": {"url": "https://shop.example/cart"}},
        ],
        "user": {"email": "someone@example.com"},
        **changes,
    }


def made(**changes: JsonValue) -> Alert:
    """The alert of the event."""
    return alert_of_event("acme", "web", ISSUE, read(**changes))


def test_as_the_webhook() -> None:
    """Every fact but the rule, and every field but the body, is the webhook's."""
    extra: dict[str, JsonValue] = {
        "message": "no items",
        "culprit": "shop.cart",
        "release": "1.2.3",
        "logger": "shop.cart",
        "request": {"url": "https://shop.example/cart"},
        "transaction": None,
    }
    body = sentry_event_alert(
        project_id=4501,
        event=EVENT,
        issue="1001",
        title="Cart is empty",
        level="warning",
        tags=TAGS,
        extra=extra,
    )
    webhook = decode_alert(*sign_webhook(body, "x"))
    assert isinstance(webhook, Alert)
    facts = {name: value for name, value in webhook.facts.items() if name != "rule"}

    alert = made()

    assert dict(alert.facts) == facts
    for name in (
        "key",
        "kind",
        "title",
        "level",
        "environment",
        "org",
        "project",
        "issue_id",
        "event_id",
        "link",
    ):
        assert getattr(alert, name) == getattr(webhook, name), name
    assert alert.occurred_at == webhook.occurred_at


def test_nothing_of_the_user() -> None:
    """What says who the user was is left behind."""
    assert "someone" not in str(alert_of_event("acme", "web", ISSUE, read()).raw)


def test_less() -> None:
    """What the event does not say is taken from the issue, or is missing."""
    alert = alert_of_event(
        "acme",
        "web",
        {"id": "1001", "level": "fatal", "logger": "issue.logger"},
        read(tags=[], entries=None, release=None),
    )

    assert (alert.level, alert.environment, alert.link) == ("fatal", None, None)
    assert alert.facts["logger"] == ("issue.logger",)
    assert {"release", "url"} & set(alert.facts) == set()


@pytest.mark.parametrize("changes", [{"eventID": None}, {"eventID": "../1"}, {"projectID": "web"}])
def test_no_key(changes: dict[str, JsonValue]) -> None:
    """Without the ids that make the key there is no alert."""
    with pytest.raises(PayloadError, match="missing or malformed"):
        made(**changes)
