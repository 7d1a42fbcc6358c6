"""How a webhook travels through a queue: one line of ASCII JSON, told from a bare body by how it begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from sentry_governed._values import InboxMessage
from sentry_governed.alerts import Alert, Headers, Ignored, decode_alert, read_verified, trims
from sentry_governed.errors import InboxError, PayloadError

_MARK: Final = '{"sentry_governed": 1, '
_SOURCES: Final = ("sentry", "datadog")


def packed(message: InboxMessage, *, limit: int) -> str:
    """The envelope of a message, its body trimmed as far as the broker's limit asks.

    A trimmed body is what `trims` makes; of a body in quarantine that cannot be trimmed nothing is kept. The
    hash stays that of the bytes received.

    Args:
        message: What to pack.
        limit: How many bytes the broker takes.

    Raises:
        InboxError: It is too large for the broker even so.
    """
    smallest = 0
    for candidate in _ever_smaller(message):
        text = _packed(candidate)
        if len(text) <= limit:
            return text
        smallest = len(text)
    raise InboxError(
        f"a message of {smallest} bytes, trimmed, is larger than the {limit} that the broker takes"
    )


def _ever_smaller(message: InboxMessage) -> Iterator[InboxMessage]:
    yield message
    for body in trims(message.body, message.source):
        yield attrs.evolve(message, body=body, trimmed=True)
    if message.problem is not None:
        yield attrs.evolve(message, body=b"", trimmed=True)


def _packed(message: InboxMessage) -> str:
    fields = attrs.asdict(message, filter=attrs.filters.exclude("body"))
    try:
        fields["text"] = message.body.decode()
    except UnicodeDecodeError:
        fields["base64"] = base64.b64encode(message.body).decode()
    return json.dumps({"sentry_governed": 1, **fields})


def is_packed(data: bytes | str) -> bool:
    """Whether it is an envelope; anything else is a bare webhook body."""
    return (data if isinstance(data, bytes) else data[: len(_MARK)].encode()).startswith(_MARK.encode())


def unpacked(data: bytes | str) -> InboxMessage:
    """The message in an envelope.

    Raises:
        PayloadError: It is not what `packed` makes.
    """
    try:
        return _message(json.loads(data))
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        pass
    raise PayloadError("the envelope around the webhook is damaged")


def _message(found: Mapping[str, object]) -> InboxMessage:
    text = found.get("text")
    body = text.encode() if isinstance(text, str) else base64.b64decode(str(found["base64"]), validate=True)
    source = found["source"]
    if source not in _SOURCES:
        raise ValueError
    return InboxMessage(
        source="sentry" if source == "sentry" else "datadog",
        resource=_text(found["resource"]),
        body=body,
        key=_text(found["key"]),
        received_at=float(str(found["received_at"])),
        sha256=str(found["sha256"]),
        trimmed=found["trimmed"] is True,
        problem=_text(found["problem"]),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def alert_of(message: InboxMessage) -> Alert | Ignored:
    """The alert in a message, read as the webhook read it that vouched for the bytes.

    A message from Sentry without a resource, such as one that an operator took out of quarantine, is told by
    its shape.

    Raises:
        PayloadError: It is in quarantine, or its body is not what the sender's documents describe.
    """
    if message.problem is not None:
        raise PayloadError(message.problem)
    if message.source == "sentry" and message.resource is None:
        return decode_alert(message.body)
    return read_verified(message.body, message.source, [message.resource or ""])


def alert_in(data: bytes | str, headers: Headers | None = None) -> Alert | Ignored:
    """The alert that a queue delivered, in an envelope or bare.

    Raises:
        PayloadError: There is none in it.
    """
    if is_packed(data):
        return alert_of(unpacked(data))
    return decode_alert(data.encode() if isinstance(data, str) else data, headers)
