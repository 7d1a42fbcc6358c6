"""The `inbox` section."""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs

from sentry_governed.settings._places import (
    AWS,
    NATS,
    AwsPlace,
    NatsPlace,
    SqliteFile,
    check_url,
    placed,
    sqlite,
)
from sentry_governed.settings._reader import Reader, fields_of, tagged, text


@attrs.frozen(kw_only=True)
class SqsQueue(AwsPlace):
    """An inbox that is a queue of SQS.

    Attributes:
        queue_url: Its URL.
        dead_letter_url: The URL of the queue for what is given up, or None.

    Raises:
        ConfigError: A URL is none.
    """

    queue_url: str = attrs.field(validator=check_url)
    dead_letter_url: str | None = attrs.field(default=None, validator=attrs.validators.optional(check_url))


@attrs.frozen(kw_only=True)
class NatsStream(NatsPlace):
    """An inbox that is a stream of NATS JetStream.

    Attributes:
        stream: Its name.
    """

    stream: str


InboxPlace: TypeAlias = SqliteFile | SqsQueue | NatsStream
"""Where the inbox is."""

_KINDS: Final[dict[str, Reader[InboxPlace]]] = {
    "sqlite": sqlite,
    "sqs": placed(
        SqsQueue,
        AWS | fields_of(SqsQueue, queue_url=text, dead_letter_url=text),
        required=("queue_url",),
    ),
    "nats": placed(NatsStream, NATS | fields_of(NatsStream, stream=text), required=("url", "stream")),
}

read_inbox: Final = tagged(_KINDS)
