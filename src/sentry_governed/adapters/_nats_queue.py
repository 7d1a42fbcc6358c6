"""A queue on JetStream: its streams, its subjects, its durable consumer, and what it says on a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from sentry_governed.adapters._nats_names import check_name, check_subject, nanoseconds
from sentry_governed.errors import ConfigError

MESSAGE_ID: Final = "Nats-Msg-Id"
EXPECTED_STREAM: Final = "Nats-Expected-Stream"
OURS: Final = "Sentry-Governed-"
REASON: Final = f"{OURS}Reason"
SUBJECT: Final = f"{OURS}Subject"
DELIVERIES: Final = f"{OURS}Deliveries"
SINCE: Final = f"{OURS}Since"
ROOM_FOR_HEADERS: Final = 4096
"""Bytes of a message that the inbox leaves free, so that a dead letter still fits with what is said on it."""

_REASON_LENGTH: Final = 500
_DUPLICATE_WINDOW: Final = 120
_ACK_FIELDS: Final = 9
_ACK_FIELDS_WITH_DOMAIN: Final = 11


@attrs.frozen(kw_only=True)
class JetStreamQueue:
    """The names and numbers that the inbox and its workers must agree on.

    The stream `<stream>` takes `<prefix>.alerts.sentry` and `<prefix>.alerts.datadog`, and drops a message
    when it is acknowledged. The stream `<stream>_DEAD` takes `<prefix>.dead` and `<prefix>.quarantine`, and
    keeps them until a person has dealt with them.

    Attributes:
        stream: The stream's name.
        prefix: What the subjects begin with; the stream's name unless given.
        durable: The workers' durable consumer.
        filter_subject: Which of the stream's messages the workers get, for a stream that has others too.
        ack_wait: Seconds after which the message of a worker that died is delivered again. A living worker
            renews it.
        max_ack_pending: How many messages all workers together may have at once.
        max_deliver: How often an alert may be Uncertain, and how often a message may be delivered without
            any end, before it is a dead letter.
        patience: Seconds after its publication for which a message may be Deferred; then it is one too.
        replicas: On how many servers new streams are kept.

    Raises:
        ConfigError: A value cannot be used.
    """

    stream: str = "SENTRY_GOVERNED"
    prefix: str = attrs.field(default=attrs.Factory(lambda self: self.stream, takes_self=True))
    durable: str = "sentry-governed"
    filter_subject: str | None = None
    ack_wait: float = 60.0
    max_ack_pending: int = 1000
    max_deliver: int = 20
    patience: float = 7 * 86_400.0
    replicas: int = 1

    def __attrs_post_init__(self) -> None:
        check_name(self.stream, "a stream")
        check_name(self.durable, "a durable")
        check_subject(self.prefix)
        if self.filter_subject is not None:
            check_subject(self.filter_subject, wildcards=True)
        if not 1 <= self.ack_wait <= 3600:  # noqa: PLR2004 - said in the message
            raise ConfigError(f"ack_wait is {self.ack_wait}; give 1 to 3600 seconds")
        for name in ("max_ack_pending", "max_deliver", "replicas"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; give at least 1")
        if not self.patience > 0:
            raise ConfigError(f"patience is {self.patience}; give seconds, such as 604800 for a week")

    @property
    def dead_stream(self) -> str:
        """Where dead letters and what is in quarantine are kept."""
        return f"{self.stream}_DEAD"

    @property
    def dead(self) -> str:
        """Where dead letters go."""
        return f"{self.prefix}.dead"

    @property
    def quarantine(self) -> str:
        """Where authentic webhooks go that cannot be read."""
        return f"{self.prefix}.quarantine"

    def alerts(self, source: str) -> str:
        """Where the alerts of a source go."""
        return f"{self.prefix}.alerts.{source}"

    def stream_config(self) -> dict[str, object]:
        """The stream of what waits for a worker, as JetStream writes it."""
        return self._config(self.stream, [self.alerts("*")], "workqueue")

    def dead_stream_config(self) -> dict[str, object]:
        """The stream of what waits for a person."""
        return self._config(self.dead_stream, [self.dead, self.quarantine], "limits")

    def _config(self, name: str, subjects: list[str], retention: str) -> dict[str, object]:
        return {
            "name": name,
            "subjects": subjects,
            "storage": "file",
            "retention": retention,
            "discard": "new",
            "duplicate_window": nanoseconds(_DUPLICATE_WINDOW),
            "num_replicas": self.replicas,
        }

    def durable_config(self) -> dict[str, object]:
        """The workers' consumer; it never gives up by itself, for what it gave up nobody would see."""
        config: dict[str, object] = {
            "durable_name": self.durable,
            "ack_policy": "explicit",
            "ack_wait": nanoseconds(self.ack_wait),
            "deliver_policy": "all",
            "max_ack_pending": self.max_ack_pending,
            "max_deliver": -1,
        }
        return config | ({"filter_subject": self.filter_subject} if self.filter_subject else {})


@attrs.frozen
class Mark:
    """What the server says of a delivery.

    Attributes:
        sequence: The message's number in its stream.
        delivered: How often it was delivered, this time included.
        since: When it was published, in seconds since the epoch.
    """

    sequence: int
    delivered: int
    since: float


def mark_of(reply: str) -> Mark:
    """What the address of a delivery's acknowledgement says, in its old form and in the one with a domain.

    Raises:
        ValueError: It is no such address.
    """
    fields = reply.split(".")
    if len(fields) >= _ACK_FIELDS_WITH_DOMAIN:
        fields = [*fields[:2], *fields[4:]]
    if len(fields) < _ACK_FIELDS or fields[:2] != ["$JS", "ACK"]:
        raise ValueError(reply)
    return Mark(sequence=int(fields[5]), delivered=int(fields[4]), since=int(fields[7]) / 1e9)


def carried(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a message that is published again, without those that tell a server what to do."""
    return {name: value for name, value in headers.items() if not name.lower().startswith("nats-")}


def one_line(reason: str) -> str:
    """A reason as a header can hold it."""
    text = " ".join(reason.split())
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)[:_REASON_LENGTH]
