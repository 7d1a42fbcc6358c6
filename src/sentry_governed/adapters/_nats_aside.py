"""What an operator sees and does: how full a queue is, and what was put aside for a person."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeVar

import attrs

from sentry_governed._values import InboxMessage
from sentry_governed.adapters._envelope import is_packed, packed, unpacked
from sentry_governed.adapters._nats_connection import (
    Answer,
    Connection,
    NatsFailure,
    NatsRefusal,
    mapping,
    parsed_headers,
    settled,
)
from sentry_governed.adapters._nats_queue import (
    DELIVERIES,
    EXPECTED_STREAM,
    MESSAGE_ID,
    OURS,
    REASON,
    ROOM_FOR_HEADERS,
    SINCE,
    SUBJECT,
    JetStreamQueue,
    carried,
)
from sentry_governed.adapters._nats_streams import NO_CONSUMER
from sentry_governed.adapters._sqlite_rows import InboxItem, InboxState, InboxStats
from sentry_governed.errors import InboxError, PayloadError

T = TypeVar("T")

_ANSWER: Final = 5.0
_NO_MESSAGE: Final = 10037
_RESOURCE: Final = "Sentry-Hook-Resource"


@attrs.frozen
class Letter:
    """One message of the stream of what was put aside.

    Attributes:
        number: Its number in that stream.
        subject: Where in it.
        at: When it was put aside, in seconds since the epoch.
        data: The payload.
        headers: Its own, and what was said on it.
    """

    number: int
    subject: str
    at: float
    data: bytes
    headers: Mapping[str, str]


@attrs.frozen
class Aside:
    """The operator's side of a queue."""

    connection: Connection
    queue: JetStreamQueue

    async def stats(self, now: float) -> InboxStats:
        """How full the queue is."""
        queue = self.queue
        waiting = mapping((await self._api(f"STREAM.INFO.{queue.stream}")).get("state"))
        consumer = await settled(
            self.connection.api(f"CONSUMER.INFO.{queue.stream}.{queue.durable}", timeout=_ANSWER)
        )
        has_none = isinstance(consumer, NatsRefusal) and consumer.code == NO_CONSUMER
        if isinstance(consumer, NatsFailure) and not has_none:
            raise InboxError(f"stream {queue.stream}: {consumer}")
        leased = 0 if isinstance(consumer, NatsFailure) else _number(consumer.get("num_ack_pending"))
        asked = {"subjects_filter": ">"}
        aside = mapping((await self._api(f"STREAM.INFO.{queue.dead_stream}", asked)).get("state"))
        counts = mapping(aside.get("subjects"))
        messages = _number(waiting.get("messages"))
        return InboxStats(
            waiting=messages,
            leased=leased,
            dead=_number(counts.get(queue.dead)),
            quarantined=_number(counts.get(queue.quarantine)),
            oldest_age=max(0.0, now - _time(waiting.get("first_ts"))) if messages else None,
            waiting_bytes=_number(waiting.get("bytes")),
        )

    async def find(self, state: InboxState | None, *, limit: int, after: int) -> tuple[InboxItem, ...]:
        """What was put aside, in order, without the bodies."""
        if state == "waiting":
            return ()
        subjects = {None: ">", "dead": self.queue.dead, "quarantined": self.queue.quarantine}
        found: list[InboxItem] = []
        while len(found) < limit:
            letter = await self._get({"seq": after + 1, "next_by_subj": subjects[state]})
            if letter is None:
                break
            item = self.item(letter)
            found.append(attrs.evolve(item, message=attrs.evolve(item.message, body=b"")))
            after = letter.number
        return tuple(found)

    async def get(self, number: int) -> Letter | None:
        """One letter, or None if there is none of that number."""
        return await self._get({"seq": number}) if number > 0 else None

    def item(self, letter: Letter) -> InboxItem:
        """The letter as every inbox shows it."""
        is_dead = letter.subject == self.queue.dead
        message = self._message(letter)
        return InboxItem(
            number=letter.number,
            state="dead" if is_dead else "quarantined",
            leased=False,
            attempts=_number(letter.headers.get(DELIVERIES)),
            due=letter.at,
            reason=letter.headers.get(REASON, message.problem or ""),
            size=len(message.body),
            message=message,
        )

    async def retry(self, number: int) -> bool:
        """Publish it for the workers again, then take it off here."""
        letter = await self.get(number)
        if letter is None:
            return False
        own = {name: value for name, value in carried(letter.headers).items() if not name.startswith(OURS)}
        known_as = {
            MESSAGE_ID: f"retry.{self.queue.dead_stream}.{number}",
            EXPECTED_STREAM: self.queue.stream,
        }
        stored = await settled(
            self.connection.store(
                letter.headers.get(SUBJECT, self.queue.alerts(self._message(letter).source)),
                _readable(letter.data, self.connection.max_payload - ROOM_FOR_HEADERS),
                headers={**own, **known_as},
                timeout=_ANSWER,
            )
        )
        if isinstance(stored, NatsFailure):
            raise InboxError(f"stream {self.queue.stream}: {stored}")
        await self.discard(number)
        return True

    async def discard(self, number: int) -> bool:
        """Remove it."""
        answer = await settled(
            self.connection.api(
                f"STREAM.MSG.DELETE.{self.queue.dead_stream}", {"seq": number}, timeout=_ANSWER
            )
        )
        if isinstance(answer, NatsRefusal):
            return False
        if isinstance(answer, NatsFailure):
            raise InboxError(f"stream {self.queue.dead_stream}: {answer}")
        return answer.get("success") is True

    def _message(self, letter: Letter) -> InboxMessage:
        if is_packed(letter.data):
            try:
                return unpacked(letter.data)
            except PayloadError:
                pass
        return InboxMessage(
            source="datadog" if letter.headers.get(SUBJECT, "").endswith(".datadog") else "sentry",
            resource=letter.headers.get(_RESOURCE),
            body=letter.data,
            received_at=_seconds(letter.headers.get(SINCE), letter.at),
            sha256=hashlib.sha256(letter.data).hexdigest(),
        )

    async def _get(self, asked: Mapping[str, object]) -> Letter | None:
        name = f"STREAM.MSG.GET.{self.queue.dead_stream}"
        answer = await settled(self.connection.api(name, asked, timeout=_ANSWER))
        if isinstance(answer, NatsRefusal) and answer.code == _NO_MESSAGE:
            return None
        if isinstance(answer, NatsFailure):
            raise InboxError(f"stream {self.queue.dead_stream}: {answer}")
        found = mapping(answer.get("message"))
        return Letter(
            number=_number(found.get("seq")),
            subject=str(found.get("subject")),
            at=_time(found.get("time")),
            data=base64.b64decode(str(found.get("data") or "")),
            headers=parsed_headers(base64.b64decode(str(found.get("hdrs") or ""))),
        )

    async def _api(self, name: str, body: Mapping[str, object] | None = None) -> Answer:
        answer = await settled(self.connection.api(name, body, timeout=_ANSWER))
        if isinstance(answer, NatsFailure):
            raise InboxError(f"stream {self.queue.stream}: {answer}")
        return answer


def _readable(data: bytes, limit: int) -> bytes:
    """What was in quarantine is read anew, for a later release may be able to."""
    if not is_packed(data):
        return data
    try:
        message = unpacked(data)
    except PayloadError:
        return data
    return packed(attrs.evolve(message, problem=None), limit=limit).encode()


def _number(value: object) -> int:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else 0


def _time(value: object) -> float:
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return 0.0


def _seconds(value: str | None, otherwise: float) -> float:
    try:
        return float(value or "")
    except ValueError:
        return otherwise
