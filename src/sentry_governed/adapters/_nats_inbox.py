"""An inbox on JetStream."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from sentry_governed._values import InboxMessage
from sentry_governed.adapters._envelope import packed
from sentry_governed.adapters._nats_aside import Aside
from sentry_governed.adapters._nats_connection import Connection, NatsFailure, NatsSource, settled
from sentry_governed.adapters._nats_queue import EXPECTED_STREAM, MESSAGE_ID, ROOM_FOR_HEADERS, JetStreamQueue
from sentry_governed.adapters._nats_streams import stream_config
from sentry_governed.adapters._sqlite_rows import InboxItem, InboxState, InboxStats
from sentry_governed.errors import ConfigError, InboxError
from sentry_governed.typing import Clock

_PREPARING = 5.0


class JetStreamInbox:
    """An `AsyncInbox` on a JetStream stream; `put` returns when the server says that it has the message.

    A message that is put again within two minutes is kept once: its key is its `Nats-Msg-Id`. What is in
    quarantine goes to the stream of dead letters. A webhook that is larger than the server takes is trimmed
    to what routing needs.

    Open it with `open`, on the event loop that uses it. It is for asyncio only.
    """

    def __init__(
        self, connection: Connection, queue: JetStreamQueue, *, timeout: float, clock: Clock
    ) -> None:
        self._connection = connection
        self._queue = queue
        self._timeout = timeout
        self._clock = clock
        self._aside = Aside(connection, queue)

    @classmethod
    async def open(
        cls,
        source: NatsSource,
        queue: JetStreamQueue | None = None,
        *,
        create: bool = True,
        timeout: float = 0.7,
        clock: Clock = time,
    ) -> JetStreamInbox:
        """Connect and see that the streams are there.

        Args:
            source: An address such as `nats://127.0.0.1:4222`, several, a `NatsConfig`, or an open
                connection of nats-py, which stays yours to close.
            queue: The names.
            create: Whether to make streams that are not there, with storage in files.
            timeout: Seconds that `put` may take; a webhook is to be answered within one.
            clock: Says how old what waits is.

        Raises:
            InboxError: The server cannot be reached, or refuses.
            ConfigError: An argument cannot be used, or a stream would lose messages.
            MissingExtraError: nats-py is not installed.
        """
        if not 0 < timeout <= 60:  # noqa: PLR2004 - said in the message
            raise ConfigError(f"a JetStreamInbox cannot wait for {timeout} seconds; give up to 60")
        chosen = queue or JetStreamQueue()
        connection = await settled(Connection.open(source))
        if isinstance(connection, NatsFailure):
            raise InboxError(str(connection))
        try:
            await prepare_streams(connection, chosen, create=create)
        except BaseException:
            await connection.aclose()
            raise
        return cls(connection, chosen, timeout=timeout, clock=clock)

    async def aclose(self) -> None:
        """Close the connection, if it was opened here; whatever is put afterwards raises `InboxError`."""
        await self._connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def put(self, message: InboxMessage) -> None:
        """See `Inbox.put`.

        Raises:
            InboxError: It may not have been kept; the sender must be told to send it again.
        """
        queue = self._queue
        if message.problem is None and message.key is not None:
            subject, stream, known_as = queue.alerts(message.source), queue.stream, message.key
        else:
            subject, stream, known_as = queue.quarantine, queue.dead_stream, f"sha256.{message.sha256}"
        text = packed(message, limit=self._connection.max_payload - ROOM_FOR_HEADERS)
        stored = await settled(
            self._connection.store(
                subject,
                text.encode(),
                headers={MESSAGE_ID: known_as, EXPECTED_STREAM: stream},
                timeout=self._timeout,
            )
        )
        if isinstance(stored, NatsFailure):
            raise InboxError(f"stream {stream}: {stored}")

    async def stats(self) -> InboxStats:
        """How full it is; the age is since the oldest message was last published.

        Raises:
            InboxError: There is no answer.
        """
        return await self._aside.stats(self._clock.time())

    async def list(
        self, state: InboxState | None = None, *, limit: int = 100, after: int = 0
    ) -> tuple[InboxItem, ...]:
        """What was put aside, in order of its numbers, without the bodies; what waits is not listed.

        Args:
            state: Only those in that state; nothing is found in the state `waiting`.
            limit: How many at most.
            after: The last number of the list before.

        Raises:
            InboxError: There is no answer.
        """
        return await self._aside.find(state, limit=limit, after=after)

    async def show(self, number: int) -> InboxItem | None:
        """One message that was put aside, with its body; None when there is none of that number.

        Raises:
            InboxError: There is no answer.
        """
        found = await self._aside.get(number)
        return None if found is None else self._aside.item(found)

    async def retry(self, number: int) -> bool:
        """Give the workers what was put aside, with all its attempts; False when it is gone.

        What was quarantined is read anew, as a later release may be able to.

        Raises:
            InboxError: There is no answer; it may be both put aside and with the workers, which does no harm.
        """
        return await self._aside.retry(number)

    async def discard(self, number: int) -> bool:
        """Remove what was put aside for good; False when it is gone.

        Raises:
            InboxError: There is no answer.
        """
        return await self._aside.discard(number)


async def prepare_streams(connection: Connection, queue: JetStreamQueue, *, create: bool) -> None:
    """See that both streams of a queue are there and lose nothing.

    Raises:
        InboxError: One is not there, or there is no answer.
        ConfigError: One would lose messages.
    """
    for wanted in (queue.stream_config(), queue.dead_stream_config()):
        found = await settled(stream_config(connection, wanted, create=create, timeout=_PREPARING))
        if isinstance(found, NatsFailure):
            raise InboxError(f"stream {wanted['name']}: {found}")
