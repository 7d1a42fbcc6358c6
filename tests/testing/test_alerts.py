"""Sample alerts are what the parsers read, and say what they were told to say."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable

import pytest

from sentry_governed import Secret
from sentry_governed.alerts import Alert, WebhookSecrets, decode_alert, parse_alert
from sentry_governed.errors import SignatureError
from sentry_governed.testing import (
    FakeSentry,
    FrozenClock,
    datadog_alert,
    datadog_webhook,
    sentry_error,
    sentry_event_alert,
    sentry_issue,
    sign_webhook,
)
from sentry_governed.typing import JsonValue

SECRETS = WebhookSecrets(sentry=("client-secret",), datadog=("datadog-secret",))


def received(body: dict[str, JsonValue]) -> Alert:
    """The alert that a signed webhook makes."""
    if "data" in body:
        content, headers = sign_webhook(body, "client-secret")
    else:
        content, headers = datadog_webhook(body, "datadog-secret")
    alert = parse_alert(content, headers, secrets=SECRETS)
    assert isinstance(alert, Alert)
    assert decode_alert(content) == alert
    return alert


def test_event_alert() -> None:
    """An event alert says what it was told, in the size of a real one."""
    body = sentry_event_alert(
        org="globex",
        project="shop",
        project_id=77,
        issue="1234",
        event="ab" * 16,
        title="KeyError: cart",
        level="fatal",
        environment="staging",
        tags={"service": ["cart", "shop"], "retry": False, "gone": None, "empty": ""},
        rule="Everything",
        seen=1_800_000_000.5,
        installation="11111111-2222-4333-8444-555555555555",
        base_url="https://sentry.example.com/base/",
        extra={"release": "shop@1.2.3"},
    )
    alert = received(body)
    assert (alert.kind, alert.key) == ("event_alert.triggered", f"sentry.77.{'ab' * 16}")
    assert (alert.org, alert.project, alert.issue_id, alert.event_id) == ("globex", "shop", "1234", "ab" * 16)
    assert (alert.title, alert.level, alert.environment) == ("KeyError: cart", "fatal", "staging")
    assert alert.tags == {
        "level": ("fatal",),
        "environment": ("staging",),
        "service": ("cart", "shop"),
        "retry": ("false",),
        "empty": ("",),
    }
    assert alert.link == (
        f"https://sentry.example.com/base/organizations/globex/issues/1234/events/{'ab' * 16}/"
    )
    assert alert.occurred_at == "2027-01-15T08:00:00.500000Z"
    assert alert.installation == "11111111-2222-4333-8444-555555555555"
    assert (alert.facts["rule"], alert.facts["release"]) == (("Everything",), ("shop@1.2.3",))
    assert 15_000 < len(json.dumps(body)) < 30_000


def test_environment() -> None:
    """An event without an environment has neither the property nor the tag."""
    body = sentry_event_alert(environment=None)
    assert b'"environment":' not in sign_webhook(body, "x")[0]
    alert = received(body)
    assert alert.environment is None
    assert "environment" not in alert.tags


def test_error() -> None:
    """An error webhook is about the same event, without a rule."""
    alert = received(sentry_error(org="globex", tags={"service": "cart"}))
    assert (alert.kind, alert.org, alert.tags["service"]) == ("error.created", "globex", ("cart",))
    assert alert.key == received(sentry_event_alert(org="globex")).key
    assert "rule" not in alert.facts


def test_issue() -> None:
    """An issue webhook names its project and organization, and has no tags."""
    alert = received(sentry_issue(org="globex", project="shop", issue="1234", level="warning"))
    assert (alert.kind, alert.key) == ("issue.created", "sentry.issue.1234.created")
    assert (alert.org, alert.project, alert.level, alert.tags) == ("globex", "shop", "warning", {})
    resolved = received(sentry_issue(action="resolved", issue="1234"))
    assert resolved.key == "sentry.issue.1234.resolved.20260101T000000000000Z"
    assert (resolved.org, resolved.project) == ("acme", "web")


def test_datadog() -> None:
    """A Datadog webhook says what it was told, all in texts."""
    body = datadog_alert(
        transition="Re-Triggered",
        title="High",
        priority="P4",
        tags={"service": ["a", "b"], "functionname": "arn:aws:x", "monitor": ""},
        environment="dev",
        alert="5",
        cycle="6",
        seen=1_800_000_000.5,
    )
    alert = received(body)
    assert (alert.kind, alert.key, alert.title) == ("datadog.re_triggered", "datadog.5.6", "High")
    assert alert.tags == {
        "env": ("dev",),
        "service": ("a", "b"),
        "functionname": ("arn:aws:x",),
        "monitor": ("",),
    }
    assert (alert.environment, alert.facts["priority"]) == ("dev", ("P4",))
    assert alert.occurred_at == "2027-01-15T08:00:00.500000Z"
    assert "env" not in received(datadog_alert(environment=None)).tags


def test_signature() -> None:
    """The signature covers the exact bytes, and only the client secret makes it."""
    content, headers = sign_webhook(sentry_issue(), Secret("client-secret"), sent_at=1000.9)
    assert headers["Sentry-Hook-Signature"] == hmac.new(b"client-secret", content, "sha256").hexdigest()
    assert headers["Sentry-Hook-Timestamp"] == "1000"
    assert headers["Sentry-Hook-Resource"] == "issue"
    assert len(headers["Request-ID"]) == 32
    assert headers["Request-ID"] != sign_webhook(content, "client-secret")[1]["Request-ID"]
    with pytest.raises(SignatureError):
        parse_alert(content + b" ", headers, secrets=SECRETS)
    forged = sign_webhook(content, "wrong")[1]
    with pytest.raises(SignatureError):
        parse_alert(content, forged, secrets=SECRETS)


def test_raw_bytes() -> None:
    """Bytes are signed as they are, under the resource that is named."""
    content, headers = sign_webhook(b'{ "action": "created" }', "client-secret", resource="comment")
    assert content == b'{ "action": "created" }'
    assert headers["Sentry-Hook-Resource"] == "comment"
    with pytest.raises(ValueError, match="pass resource="):
        sign_webhook(b'{"action":"created"}', "client-secret")


def test_datadog_header() -> None:
    """Datadog's header can have another name."""
    content, headers = datadog_webhook(datadog_alert(), Secret("datadog-secret"), header="x-token")
    secrets = WebhookSecrets(datadog=("datadog-secret",), datadog_header="x-token")
    assert isinstance(parse_alert(content, headers, secrets=secrets), Alert)


@pytest.mark.parametrize("build", [sentry_event_alert, sentry_error, sentry_issue, datadog_alert])
def test_stable(build: Callable[[], dict[str, JsonValue]]) -> None:
    """The same call makes the same body."""
    assert build() == build()


def test_of_fake(clock: FrozenClock) -> None:
    """A fake Sentry makes the alert about one of its own events."""
    sentry = FakeSentry(clock=clock)
    issue = sentry.add_issue("globex", "shop", title="KeyError: cart", level="warning")
    event = sentry.add_event(issue.id, tags={"service": ["cart", "shop"]}, environment="dev")
    installation = sentry.add_installation("globex")
    alert = received(sentry.event_alert(event.id, rule="Everything"))
    assert (alert.org, alert.project, alert.issue_id, alert.event_id) == (
        "globex",
        "shop",
        issue.id,
        event.id,
    )
    assert (alert.title, alert.level, alert.environment) == ("KeyError: cart", "warning", "dev")
    assert alert.tags["service"] == ("cart", "shop")
    assert alert.installation == installation.uuid
    bare = sentry.add_event(issue.id, environment=None)
    assert received(sentry.event_alert(bare.id)).environment is None
