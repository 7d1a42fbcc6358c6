"""Ledgers in buckets of a test's server, for routers and tests that run on any loop or on none."""

import asyncio
import itertools
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import TypeVar

import attrs

from sentry_governed._values import LedgerRecord
from sentry_governed.adapters.nats import NatsLedger
from sentry_governed.typing import Clock
from tests.adapters.nats.server import NatsServer
from tests.routing.ledger_conformance import Blocking, Store, running_loop

T = TypeVar("T")

_NUMBERS = itertools.count()
_CENTURY = 100 * 365 * 86_400.0


@attrs.frozen
class Bridged:
    """An `AsyncLedger` for any loop, made of one that belongs to a loop in another thread."""

    ledger: NatsLedger
    loop: asyncio.AbstractEventLoop

    async def get(self, key: str) -> LedgerRecord | None:
        return await self._result(self.ledger.get(key))

    async def put(
        self, key: str, value: str, *, expected: int | None, expires_at: float
    ) -> LedgerRecord | None:
        return await self._result(self.ledger.put(key, value, expected=expected, expires_at=expires_at))

    async def _result(self, work: Coroutine[object, object, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))


@contextmanager
def new_bucket(
    server: NatsServer, clock: Clock, loop: asyncio.AbstractEventLoop
) -> Generator[Store, None, None]:
    """An empty bucket, whose handles have each a connection."""
    bucket = f"bucket_{next(_NUMBERS)}"
    opened: list[NatsLedger] = []

    def handle() -> Blocking:
        work = NatsLedger.open(server.url, bucket=bucket, ttl=_CENTURY, clock=clock)
        opened.append(asyncio.run_coroutine_threadsafe(work, loop).result(30))
        return Blocking(opened[-1], loop)

    yield handle
    for ledger in opened:
        asyncio.run_coroutine_threadsafe(ledger.aclose(), loop).result(30)


@contextmanager
def bridged(server: NatsServer, clock: Clock) -> Generator[Bridged, None, None]:
    """A ledger in an empty bucket."""
    with running_loop() as loop, new_bucket(server, clock, loop) as store:
        handle = store()
        assert isinstance(handle, Blocking)
        assert isinstance(handle.ledger, NatsLedger)
        yield Bridged(handle.ledger, loop)
