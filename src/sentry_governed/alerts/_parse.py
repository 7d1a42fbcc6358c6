"""From the bytes of a webhook to an alert."""

from __future__ import annotations

from collections.abc import Sequence

from sentry_governed._convert import JsonObject
from sentry_governed.alerts._alert import Alert, Ignored, Source
from sentry_governed.alerts._datadog import REQUIRED, read_datadog
from sentry_governed.alerts._json import check_size, decode_object
from sentry_governed.alerts._sentry import read_sentry, resource_of
from sentry_governed.alerts._verify import (
    DATADOG,
    RESOURCE,
    SIGNATURE,
    Headers,
    WebhookSecrets,
    by_name,
    verify,
)
from sentry_governed.errors import PayloadError

MAX_BYTES = 4 * 1024 * 1024


def parse_alert(
    body: bytes, headers: Headers, *, secrets: WebhookSecrets, max_bytes: int = MAX_BYTES
) -> Alert | Ignored:
    """Authenticate a webhook and make an alert of it.

    Args:
        body: The exact bytes received. Anything decoded and encoded again has another signature.
        headers: The request's headers. Pass pairs if you have them, so that a header sent twice shows.
        secrets: What the senders sign with.
        max_bytes: The largest body that is looked at; 4 MiB unless told.

    Raises:
        SignatureError: The bytes could not be authenticated; nothing was decoded.
        PayloadError: The bytes are genuine but not what the sender's documents describe, or too large.
        ConfigError: The headers are of a type that no headers have.
    """
    check_size(body, max_bytes)
    source, resources = verify(body, headers, secrets)
    del headers  # a traceback that shows locals would show Datadog's secret
    return read_verified(body, source, resources, max_bytes=max_bytes)


def read_verified(
    body: bytes, source: Source, resources: Sequence[str], *, max_bytes: int = MAX_BYTES
) -> Alert | Ignored:
    """Make an alert of bytes that `verify` vouched for.

    Raises:
        PayloadError: The bytes are not what the sender's documents describe, or too large.
    """
    payload = decode_object(body, max_bytes=max_bytes, verified=True)
    _refuse_legacy(payload)
    if source == "datadog":
        return read_datadog(payload)
    return read_sentry(_the_one(resources), payload)


def decode_alert(
    body: bytes, headers: Headers | None = None, *, max_bytes: int = MAX_BYTES
) -> Alert | Ignored:
    """Make an alert of bytes that need no authentication: files, and queues whose producer verified them.

    Never call it where strangers can send. A Sentry-Hook-Resource header among `headers` names the resource,
    and a Datadog-Secret-Token header, whatever its value, the other sender; without them sender and resource
    are told from the body's shape. An object with a key twice is refused.

    Raises:
        PayloadError: The bytes are not what a sender's documents describe.
        ConfigError: The headers are of a type that no headers have.
    """
    payload = decode_object(body, max_bytes=max_bytes, verified=False)
    values = by_name(headers or ())
    _refuse_legacy(payload)
    if DATADOG in values:
        if RESOURCE in values or SIGNATURE in values:
            raise PayloadError("the headers are those of both Sentry and Datadog")
        return read_datadog(payload)
    if RESOURCE in values:
        return read_sentry(_the_one(values[RESOURCE]), payload)
    if "data" in payload:
        return read_sentry(resource_of(payload), payload)
    if not any(name in payload for name in REQUIRED):
        raise PayloadError("the body has the shape of neither a Sentry nor a Datadog webhook")
    return read_datadog(payload)


def _the_one(resources: Sequence[str]) -> str:
    if len(resources) != 1:
        raise PayloadError(f"{len(resources)} {RESOURCE} headers where exactly one belongs")
    return resources[0]


def _refuse_legacy(payload: JsonObject) -> None:
    if "project_slug" in payload and "triggering_rules" in payload:
        raise PayloadError(
            "this is a body of Sentry's legacy WebHooks plugin, which cannot be authenticated;"
            " send alerts through an internal integration"
        )
