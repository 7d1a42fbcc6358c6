"""Workers that pull from JetStream."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import suppress
from typing import Final

from sentry_governed.adapters._nats_connection import (
    Connection,
    Delivery,
    Listener,
    NatsFailure,
    NatsRefusal,
    NatsSource,
    settled,
)
from sentry_governed.adapters._nats_delivery import Settling
from sentry_governed.adapters._nats_inbox import prepare_streams
from sentry_governed.adapters._nats_names import nanoseconds
from sentry_governed.adapters._nats_queue import SINCE, JetStreamQueue, Mark, mark_of
from sentry_governed.adapters._nats_streams import NO_CONSUMER, NO_STREAM, check_durable
from sentry_governed.adapters._settle import ahandle, settle
from sentry_governed.adapters._watch import Unwatched, Watch
from sentry_governed.errors import ConfigError, InboxError
from sentry_governed.routing import AsyncRouter, Deferred, Outcome, Rejected, Uncertain
from sentry_governed.typing import Clock

_LOG: Final = logging.getLogger("sentry_governed")
_PREPARING: Final = 5.0
_PULL: Final = 0.5
_PAUSE: Final = 0.2
_CHECK_AFTER: Final = 10
_AGAIN: Final = 30.0
_NOTHING_THERE: Final = {"404", "408"}


class JetStreamWorker:
    """Takes alerts off a JetStream queue and has a router handle them, several at once.

    Delivery is at least once, and the router's ledger makes the second time harmless. A message is
    acknowledged only after its outcome says so, and the acknowledgement itself is confirmed.

    - Deferred: it comes again after `retry_after`, for as long as `patience`. That uses up nothing.
    - Uncertain: likewise, but at most `max_deliver` times.
    - Rejected, out of patience, or delivered `max_deliver` times without any end (its workers died): it goes
      to the stream of dead letters with the reason and its headers, and is taken off.

    Args:
        source: An address such as `nats://127.0.0.1:4222`, several, a `NatsConfig`, or an open connection of
            nats-py, which stays yours to close.
        router: Handles the alerts.
        queue: The names, those of the inbox, and what to put up with.
        loops: How many alerts are handled at once.
        create: Whether to make the streams and the durable that are not there.
        grace: Seconds for which `stop` waits for alerts that are being handled; later ones are given back.
        watch: Told how each delivery was settled.
        clock: Says how old a message is.
    """

    def __init__(
        self,
        source: NatsSource,
        router: AsyncRouter,
        *,
        queue: JetStreamQueue | None = None,
        loops: int = 8,
        create: bool = True,
        grace: float = 25.0,
        watch: Watch | None = None,
        clock: Clock = time,
    ) -> None:
        if loops < 1:
            raise ConfigError(f"a JetStreamWorker with {loops} loops does nothing; give at least 1")
        self._source = source
        self._router = router
        self._queue = queue or JetStreamQueue()
        self._loops = loops
        self._create = create
        self._grace = grace
        self._watch: Watch = watch or Unwatched()
        self._clock = clock
        self._is_stopped = False
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Have `run` finish what it has and return; from any thread, or from a signal's handler."""
        self._is_stopped = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Work until `stop` is called.

        Raises:
            InboxError: The server cannot be reached at first, the connection was closed for good, or the
                durable is gone.
            ConfigError: The router or the queue is configured wrongly; nothing was acknowledged for it.
            MissingExtraError: nats-py is not installed.
        """
        self._loop = asyncio.get_running_loop()
        connection = await settled(Connection.open(self._source))
        if isinstance(connection, NatsFailure):
            raise InboxError(str(connection))
        async with connection:
            await self._prepare(connection)
            settling = Settling(connection, self._queue)
            await self._supervise([asyncio.create_task(self._work(settling)) for _ in range(self._loops)])

    async def _prepare(self, connection: Connection) -> None:
        queue = self._queue
        await prepare_streams(connection, queue, create=self._create)
        failure = await settled(
            check_durable(
                connection, queue.stream, queue.durable_config(), create=self._create, timeout=_PREPARING
            )
        )
        if isinstance(failure, NatsFailure):
            raise InboxError(f"durable {queue.durable} of stream {queue.stream}: {failure}")

    async def _supervise(self, working: list[asyncio.Task[None]]) -> None:
        """Wait for the first that fails, or for `stop`; then end all of them, and raise what failed first."""
        stopping = asyncio.create_task(self._stopping())
        try:
            done, _ = await asyncio.wait([*working, stopping], return_when=asyncio.FIRST_COMPLETED)
            self._is_stopped = True
            await asyncio.wait(working, timeout=self._grace)
        finally:
            for task in [*working, stopping]:
                task.cancel()
            await asyncio.gather(*working, stopping, return_exceptions=True)
        for task in [*done, *working]:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _stopping(self) -> None:
        if not self._is_stopped:
            await self._wake.wait()

    async def _work(self, settling: Settling) -> None:
        """Handle one message after the other."""
        listener = await self._listener(settling.connection)
        fruitless = 0
        try:
            while not self._is_stopped:
                delivery = await self._next(settling.connection, listener)
                if delivery is not None:
                    fruitless = 0
                    await self._handle(settling, delivery)
                    continue
                fruitless += 1
                if fruitless % _CHECK_AFTER == 0:
                    await self._check(settling.connection)
        finally:
            await listener.aclose()

    async def _listener(self, connection: Connection) -> Listener:
        listener = await settled(connection.listen())
        if isinstance(listener, NatsFailure):
            raise InboxError(str(listener))
        return listener

    async def _next(self, connection: Connection, listener: Listener) -> Delivery | None:
        """One message, or None: there was none for a while, or the server is away."""
        if connection.is_closed:
            raise InboxError("the connection to NATS was closed for good; its log says why")
        if not connection.is_connected:
            await asyncio.sleep(_PAUSE)
            return None
        asked = listener.has_waiting or await settled(self._pull(connection, listener)) is None
        found = await settled(listener.next(_PULL + _PAUSE)) if asked else None
        if isinstance(found, Delivery) and found.status is None:
            return found
        if not isinstance(found, Delivery) or found.status not in _NOTHING_THERE:
            await asyncio.sleep(_PAUSE)
        return None

    async def _pull(self, connection: Connection, listener: Listener) -> None:
        queue = self._queue
        asked = json.dumps({"batch": 1, "expires": nanoseconds(_PULL)}).encode()
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{queue.stream}.{queue.durable}"
        await connection.tell(subject, asked, reply=listener.inbox)

    async def _check(self, connection: Connection) -> None:
        """Tell a durable that has nothing from one that is gone: both only stay silent."""
        queue = self._queue
        info = f"CONSUMER.INFO.{queue.stream}.{queue.durable}"
        found = await settled(connection.api(info, timeout=_PREPARING))
        if isinstance(found, NatsRefusal) and found.code in {NO_CONSUMER, NO_STREAM}:
            raise InboxError(f"the durable {queue.durable} of stream {queue.stream} is gone: {found}")

    async def _handle(self, settling: Settling, delivery: Delivery) -> None:
        mark = mark_of(delivery.reply)
        try:
            async with settling.held(delivery):
                outcome = await self._outcome(delivery, mark)
        except BaseException:
            await asyncio.shield(settling.give_back(delivery, 1.0))
            raise
        settlement = settle(outcome, is_last=self._is_last(outcome, delivery, mark))
        self._watch.settled(outcome, settlement)
        await settling.settle(delivery, mark, settlement)

    async def _outcome(self, delivery: Delivery, mark: Mark) -> Outcome:
        if mark.delivered > self._queue.max_deliver:
            return Rejected("", f"it was delivered {mark.delivered - 1} times, and no worker came to an end")
        try:
            return await ahandle(self._router, delivery.data, delivery.headers)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - one message must not end the others
            _LOG.exception("NATS: message %s could not be handled", mark.sequence)
            problem = f"an unexpected {type(error).__name__}"
        is_last = mark.delivered >= self._queue.max_deliver
        return Rejected("", problem) if is_last else Deferred("", _AGAIN, problem)

    def _is_last(self, outcome: Outcome, delivery: Delivery, mark: Mark) -> bool:
        """Whether it is to be given up if it did not end well; the server itself never gives up."""
        if isinstance(outcome, Uncertain) and outcome.attempts >= self._queue.max_deliver:
            return True
        since = mark.since
        with suppress(ValueError):
            since = float(delivery.headers.get(SINCE, since))
        return self._clock.time() - since > self._queue.patience
