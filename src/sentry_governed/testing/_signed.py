"""Webhooks as they arrive: exact bytes and the headers that vouch for them."""

from __future__ import annotations

import hmac
import json
import time
import uuid
from collections.abc import Mapping

from sentry_governed._secret import Secret
from sentry_governed.typing import JsonValue

_RESOURCES = {"event": "event_alert", "error": "error", "issue": "issue"}


def sign_webhook(
    body: Mapping[str, JsonValue] | bytes,
    secret: str | Secret,
    *,
    resource: str | None = None,
    sent_at: float | None = None,
) -> tuple[bytes, dict[str, str]]:
    """The bytes and headers of a webhook as Sentry sends it: HMAC-SHA256 over the raw body.

    Args:
        body: What to send; bytes are signed as they are.
        secret: The integration's client secret.
        resource: The `Sentry-Hook-Resource`; told from the body's `data` when None.
        sent_at: Seconds since the epoch; now when None. Sentry does not sign it.

    Raises:
        ValueError: The resource cannot be told from the body.
    """
    content = _encoded(body)
    return content, {
        "Content-Type": "application/json",
        "Request-ID": uuid.uuid4().hex,
        "Sentry-Hook-Resource": resource or _resource_of(content),
        "Sentry-Hook-Timestamp": str(int(time.time() if sent_at is None else sent_at)),
        "Sentry-Hook-Signature": hmac.digest(_text(secret).encode(), content, "sha256").hex(),
    }


def datadog_webhook(
    body: Mapping[str, JsonValue] | bytes, secret: str | Secret, *, header: str = "datadog-secret-token"
) -> tuple[bytes, dict[str, str]]:
    """The bytes and headers of a webhook as Datadog sends it: a header of the user's vouches for it."""
    return _encoded(body), {"Content-Type": "application/json", header: _text(secret)}


def _text(secret: str | Secret) -> str:
    return secret.reveal() if isinstance(secret, Secret) else secret


def _encoded(body: Mapping[str, JsonValue] | bytes) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()


def _resource_of(content: bytes) -> str:
    data: JsonValue = json.loads(content).get("data")
    for name, resource in _RESOURCES.items():
        if isinstance(data, Mapping) and name in data:
            return resource
    raise ValueError("the resource cannot be told from the body: pass resource=")
