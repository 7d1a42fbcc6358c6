"""A queue on a real server, a router among fakes, and workers that run until there is nothing left to do."""

import asyncio
import hashlib
import itertools
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from sentry_governed import Secret
from sentry_governed._values import InboxMessage, LedgerRecord
from sentry_governed.adapters._settle import Settlement
from sentry_governed.adapters.nats import JetStreamInbox, JetStreamQueue, JetStreamWorker
from sentry_governed.alerts import Alert
from sentry_governed.asana import AsanaConfig, AsyncAsanaClient, TaskBuilder
from sentry_governed.routing import AsyncMemoryLedger, AsyncRouter, Options, Outcome
from sentry_governed.teams import Teams
from sentry_governed.testing import FrozenClock
from sentry_governed.typing import AsyncLedger
from tests.adapters.nats.server import NatsServer
from tests.routing.makers import SETTINGS, TEAMS, World

PATIENCE = 20.0
HASTY = Options(lease=3, create_timeout=1, clock_skew=0.5, consistency_delay=1, retry_after=0.1)

_NUMBERS = itertools.count()


@attrs.define
class Seen:
    """Watches what workers do."""

    settled_as: list[tuple[Outcome, Settlement]] = attrs.field(factory=list)

    def received(self, source: str, verdict: str) -> None: ...

    def settled(self, outcome: Outcome, settlement: Settlement) -> None:
        self.settled_as.append((outcome, settlement))

    @property
    def names(self) -> list[str]:
        """What the outcomes and settlements are called."""
        return [f"{type(outcome).__name__} {type(done).__name__}" for outcome, done in self.settled_as]


@attrs.frozen
class Scene:
    """One queue, and what is around it."""

    url: str
    queue: JetStreamQueue
    world: World
    router: AsyncRouter
    client: Client
    seen: Seen

    @property
    def js(self) -> JetStreamContext:
        return self.client.jetstream()

    def message(self, alert: Alert | None = None, **changes: object) -> InboxMessage:
        """A webhook on its way, of a new alert unless told."""
        alert = alert or self.world.alert()
        body = json.dumps(alert.raw).encode()
        message = InboxMessage(
            source="sentry",
            resource="event_alert",
            body=body,
            key=alert.key,
            received_at=time.time(),
            sha256=hashlib.sha256(body).hexdigest(),
        )
        return attrs.evolve(message, **changes)  # type: ignore[arg-type]  # named by the tests

    async def put(self, *messages: InboxMessage) -> None:
        """Put them in the inbox."""
        async with await JetStreamInbox.open(self.url, self.queue) as inbox:
            for message in messages:
                await inbox.put(message)

    def worker(self, router: AsyncRouter | None = None, **options: object) -> JetStreamWorker:
        """A worker of the queue."""
        return JetStreamWorker(
            self.url,
            router or self.router,
            **{"queue": self.queue, "watch": self.seen, "loops": 2, **options},  # type: ignore[arg-type]  # likewise
        )

    async def waiting(self) -> int:
        """How many messages are in the queue."""
        return (await self.js.stream_info(self.queue.stream)).state.messages

    async def dead(self) -> list[RawStreamMsg]:
        """What waits for a person."""
        found = []
        state = (await self.js.stream_info(self.queue.dead_stream)).state
        for number in range(max(state.first_seq, 1), state.last_seq + 1):
            try:
                found.append(await self.js.get_msg(self.queue.dead_stream, number))
            except NotFoundError:
                continue
        return found

    async def work_off(self, router: AsyncRouter | None = None, **options: object) -> None:
        """Run a worker until the queue is empty."""
        async with self.at_work(self.worker(router, **options)):
            await self.until(self.is_empty)

    async def is_empty(self) -> bool:
        try:
            return await self.waiting() == 0
        except NotFoundError:  # a worker is about to make it
            return False

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Wait for it, not for ever."""
        async with asyncio.timeout(PATIENCE):
            while not await is_so():  # noqa: ASYNC110 - what is waited for is in another process
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def at_work(self, worker: JetStreamWorker) -> AsyncGenerator[asyncio.Task[None]]:
        """Run a worker during the block, and stop it gracefully."""
        running = asyncio.create_task(worker.run())
        try:
            yield running
        finally:
            worker.stop()
            await asyncio.wait([running], timeout=PATIENCE)
            running.cancel()
        running.result()


def new_router(
    world: World, ledger: AsyncLedger | None = None, options: Options | None = None
) -> AsyncRouter:
    """A router in a world."""
    return AsyncRouter(
        teams=Teams.parse(TEAMS),
        tasks=TaskBuilder(SETTINGS),
        asana=AsyncAsanaClient(AsanaConfig(token=Secret("asana"), sender=world.asana.aio)),
        ledger=ledger or AsyncMemoryLedger(),
        options=options or HASTY,
    )


@asynccontextmanager
async def new_scene(server: NatsServer, url: str = "", **queue: object) -> AsyncGenerator[Scene]:
    """A queue of its own on the server."""
    world = World.new(clock=FrozenClock(time.time()))
    client = await nats.connect(server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    chosen = JetStreamQueue(**{"stream": f"S{next(_NUMBERS)}", **queue})  # type: ignore[arg-type]  # named by the tests
    try:
        yield Scene(url or server.url, chosen, world, new_router(world), client, Seen())
    finally:
        await client.close()


@attrs.frozen
class Saboteur:
    """A ledger that does something each time before it is read."""

    before: Callable[[], Awaitable[None]]
    ledger: AsyncLedger = attrs.field(factory=AsyncMemoryLedger)

    async def get(self, key: str) -> LedgerRecord | None:
        await self.before()
        return await self.ledger.get(key)

    async def put(
        self, key: str, value: str, *, expected: int | None, expires_at: float
    ) -> LedgerRecord | None:
        return await self.ledger.put(key, value, expected=expected, expires_at=expires_at)
