"""Settling one delivery of JetStream: acknowledged, given back, published anew, or put aside for a person."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

import attrs

from sentry_governed.adapters._nats_connection import (
    Connection,
    Delivery,
    NatsFailure,
    NatsRefusal,
    header_size,
    settled,
)
from sentry_governed.adapters._nats_names import nanoseconds
from sentry_governed.adapters._nats_queue import (
    DELIVERIES,
    EXPECTED_STREAM,
    MESSAGE_ID,
    REASON,
    SINCE,
    SUBJECT,
    JetStreamQueue,
    Mark,
    carried,
    one_line,
)
from sentry_governed.adapters._settle import Ack, DeadLetter, Retry, Settlement

_LOG: Final = logging.getLogger("sentry_governed")
_ANSWER: Final = 2.0
_LONGEST_WAIT: Final = 3600.0
_WAIT_AFTER_FAILURE: Final = 30.0


@attrs.frozen
class Settling:
    """How deliveries of one queue are settled."""

    connection: Connection
    queue: JetStreamQueue

    @asynccontextmanager
    async def held(self, delivery: Delivery) -> AsyncGenerator[None]:
        """Renew the delivery for as long as it is worked on, so that no other worker gets it."""
        renewing = asyncio.create_task(self._renew(delivery))
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    async def _renew(self, delivery: Delivery) -> None:
        while True:
            await asyncio.sleep(self.queue.ack_wait / 3)
            await settled(self.connection.tell(delivery.reply, b"+WPI"))

    async def settle(self, delivery: Delivery, mark: Mark, settlement: Settlement) -> None:
        """Carry it out; where that fails the server delivers again, which harms nothing."""
        match settlement:
            case Ack():
                failure = await self._answered(delivery, b"+ACK")
            case Retry(after=after) if mark.delivered < self.queue.max_deliver:
                failure = await self.give_back(delivery, after)
            case Retry():
                failure = await self._publish_anew(delivery, mark)
            case DeadLetter(reason=reason):
                failure = await self._put_aside(delivery, mark, reason)
        if failure is not None:
            _LOG.warning("NATS: message %s is not settled: %s", mark.sequence, failure)

    async def give_back(self, delivery: Delivery, after: float) -> NatsFailure | None:
        """Let the server deliver it again, after so many seconds."""
        delay = nanoseconds(min(max(after, 0.0), _LONGEST_WAIT))
        return await settled(
            self.connection.tell(delivery.reply, b"-NAK " + json.dumps({"delay": delay}).encode())
        )

    async def _answered(self, delivery: Delivery, answer: bytes) -> NatsFailure | None:
        found = await settled(self.connection.ask(delivery.reply, answer, timeout=_ANSWER))
        return found if isinstance(found, NatsFailure) else None

    async def _publish_anew(self, delivery: Delivery, mark: Mark) -> NatsFailure | None:
        """Start its count of deliveries again: it was put off, which is no sign that anything is wrong."""
        headers = {
            **carried(delivery.headers),
            SINCE: delivery.headers.get(SINCE, f"{mark.since:.3f}"),
            MESSAGE_ID: f"anew.{mark.sequence}",
            EXPECTED_STREAM: self.queue.stream,
        }
        return await self._moved(delivery, delivery.subject, headers, b"+ACK")

    async def _put_aside(self, delivery: Delivery, mark: Mark, reason: str) -> NatsFailure | None:
        said = {
            REASON: one_line(reason),
            SUBJECT: delivery.subject,
            DELIVERIES: str(mark.delivered),
            SINCE: delivery.headers.get(SINCE, f"{mark.since:.3f}"),
            MESSAGE_ID: f"dead.{self.queue.stream}.{mark.sequence}",
            EXPECTED_STREAM: self.queue.dead_stream,
        }
        headers = {**carried(delivery.headers), **said}
        if len(delivery.data) + header_size(headers) > self.connection.max_payload:
            headers = said  # a producer of its own filled the message to the brim
        return await self._moved(delivery, self.queue.dead, headers, b"+TERM")

    async def _moved(
        self, delivery: Delivery, subject: str, headers: dict[str, str], answer: bytes
    ) -> NatsFailure | None:
        """Have it elsewhere before it is taken off here."""
        stored = await settled(
            self.connection.store(subject, delivery.data, headers=headers, timeout=_ANSWER)
        )
        if isinstance(stored, NatsFailure):
            await self.give_back(delivery, _WAIT_AFTER_FAILURE)
            return NatsRefusal(f"{subject}: {stored}")
        return await self._answered(delivery, answer)
