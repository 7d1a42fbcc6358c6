"""The recorded webhooks of tests/data/alerts, and how their senders would sign them."""

import copy
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentry_governed.alerts import Alert, Ignored, WebhookSecrets, decode_alert, parse_alert
from sentry_governed.errors import PayloadError

DATA = Path(__file__).parent.parent / "data" / "alerts"
NAMES = sorted(path.stem for path in DATA.glob("*.json") if not path.name.endswith(".headers.json"))
SENTRY_SECRET = "sentry-client-secret-of-the-tests"
DATADOG_SECRET = "datadog-token-of-the-tests"
SECRETS = WebhookSecrets(sentry=SENTRY_SECRET, datadog=DATADOG_SECRET)

Payload = dict[str, Any]  # JSON that tests reach into and change


def body(name: str) -> bytes:
    """The bytes of a recorded webhook."""
    return (DATA / f"{name}.json").read_bytes()


def headers(name: str) -> dict[str, str]:
    """Its headers."""
    found: dict[str, str] = json.loads((DATA / f"{name}.headers.json").read_text())
    return found


def payload(name: str) -> Payload:
    """Its decoded body."""
    found: Payload = json.loads(body(name))
    return found


def parsed(name: str) -> Alert:
    """The alert that it makes."""
    alert = parse_alert(body(name), headers(name), secrets=SECRETS)
    assert isinstance(alert, Alert)
    return alert


def decoded(changed: object) -> Alert:
    """The alert that a body makes."""
    alert = decode_alert(json.dumps(changed).encode())
    assert isinstance(alert, Alert)
    return alert


def refusal(changed: object) -> str:
    """Why a body makes no alert."""
    with pytest.raises(PayloadError) as caught:
        decode_alert(json.dumps(changed).encode())
    return str(caught.value)


def with_event(**fields: object) -> Payload:
    """A Sentry event alert with some of its event's fields set; an ellipsis removes one."""
    return changed("event_alert", lambda whole: whole["data"]["event"], fields)


def with_issue(name: str = "issue_resolved", **fields: object) -> Payload:
    """A Sentry issue webhook with some of its issue's fields changed."""
    return changed(name, lambda whole: whole["data"]["issue"], fields)


def with_datadog(**fields: object) -> Payload:
    """A Datadog webhook with some of its fields changed."""
    return changed("datadog_triggered", lambda whole: whole, fields)


def changed(name: str, part: Callable[[Payload], Payload], fields: Payload) -> Payload:
    """A recorded body with a part of it changed."""
    whole = copy.deepcopy(payload(name))
    part(whole).update(fields)
    for field in [field for field, value in fields.items() if value is ...]:
        del part(whole)[field]
    return whole


def signed(sent: bytes, resource: str = "event_alert", secret: str = SENTRY_SECRET) -> dict[str, str]:
    """The headers that Sentry would send with these bytes."""
    return {
        "Sentry-Hook-Resource": resource,
        "Sentry-Hook-Signature": hmac.new(secret.encode(), sent, hashlib.sha256).hexdigest(),
    }


def outcome(sent: bytes, given: dict[str, str]) -> Alert | Ignored:
    """What a signed delivery comes to."""
    return parse_alert(sent, given, secrets=SECRETS)
