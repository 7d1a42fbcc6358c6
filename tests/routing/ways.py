"""The ways to run a router in process: in threads or on an event loop, with each kind of ledger."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias, TypedDict, Unpack, cast

import attrs

from sentry_governed import AllowAll, Request, Response, Secret
from sentry_governed._values import LedgerRecord
from sentry_governed.alerts import Alert, AsyncDatadogClient, DatadogClient, DatadogConfig, Ignored
from sentry_governed.asana import AsanaClient, AsanaConfig, AsyncAsanaClient, TaskBuilder, TaskSettings
from sentry_governed.routing import (
    AsyncMemoryLedger,
    AsyncReconciler,
    AsyncRouter,
    Created,
    Deferred,
    Duplicate,
    MemoryLedger,
    Options,
    Outcome,
    Reconciler,
    ReconcileReport,
    Router,
    SqliteLedger,
    Uncertain,
)
from sentry_governed.sentry import AsyncSentryClient, Installation, SentryClient, SentryConfig
from sentry_governed.teams import Teams
from sentry_governed.typing import AsyncLedger, AsyncSender, Authorizer, Clock, JsonValue, Ledger, Sender
from tests.routing.makers import SETTINGS, TEAMS, UUID, World

AnyLedger: TypeAlias = Ledger | AsyncLedger


class Handle(Protocol):
    """A router, however it is run."""

    def __call__(self, alert: Alert | Ignored, deadline: float | None = None) -> Outcome: ...


class Choices(TypedDict, total=False):
    """What a reconciliation may be told besides how far back it goes."""

    projects: Sequence[str]
    query: str
    grace: float
    deadline: float | None


class Reconcile(Protocol):
    """A reconciler, however it is run."""

    def __call__(self, since: float, **chosen: Unpack[Choices]) -> ReconcileReport: ...


Tap: TypeAlias = Callable[[str], None]
"""Told each thing that a router does, `before ...` and `after ...`; what it raises happens there."""


def _silent(_point: str) -> None:
    """Nothing happens."""


class Parts(TypedDict, total=False):
    """What a router is made of beside the world and the ledger.

    Attributes:
        teams: A teams file's text.
        settings: Of the tasks.
        builder: Instead of the usual one.
        options: Of the router.
        has_sentry: Whether there is a client of Sentry.
        has_installation: Whether it has an integration.
        has_datadog: Whether there is a client of Datadog.
        shadow: Rules that are tried out.
        org: The configured organization.
        guard: Decides about Sentry.
        tap: Told what happens.
    """

    teams: str
    settings: TaskSettings
    builder: TaskBuilder
    options: Options
    has_sentry: bool
    has_installation: bool
    has_datadog: bool
    shadow: Teams
    org: str | None
    guard: Authorizer
    tap: Tap


@attrs.frozen
class Way:
    """One way to run a router: in threads or on an event loop, with one kind of ledger."""

    is_async: bool
    ledger: AnyLedger
    runner: asyncio.Runner

    def router(self, world: World, **parts: Unpack[Parts]) -> Handle:
        """A router in that world; several on one way are workers that share its ledger."""
        if self.is_async:
            there = self._loop(world, parts)
            return lambda alert, deadline=None: self.runner.run(there.handle(alert, deadline))
        return self._threads(world, parts).handle

    def reconciler(self, world: World, **parts: Unpack[Parts]) -> Reconcile:
        """A reconciler in that world, another worker."""
        if self.is_async:
            there = AsyncReconciler(self._loop(world, parts))
            return lambda since, **chosen: self.runner.run(there.reconcile(since, **chosen))
        return Reconciler(self._threads(world, parts)).reconcile

    def _threads(self, world: World, parts: Parts) -> Router:
        tap = parts.get("tap", _silent)
        guard, config = parts.get("guard", AllowAll()), _sentry(world, _Tapped(world.sentry, tap), parts)
        datadog = _datadog(_Tapped(world.datadog, tap))
        return Router(
            teams=Teams.parse(parts.get("teams", TEAMS)),
            tasks=parts.get("builder") or TaskBuilder(parts.get("settings", SETTINGS)),
            asana=AsanaClient(_asana(_Tapped(world.asana, tap))),
            ledger=cast(Ledger, tapped(self.ledger, tap)),
            sentry=SentryClient(config, guard=guard) if parts.get("has_sentry", True) else None,
            datadog=DatadogClient(datadog) if parts.get("has_datadog") else None,
            shadow=parts.get("shadow"),
            options=parts.get("options"),
            clock=world.clock,
        )

    def _loop(self, world: World, parts: Parts) -> AsyncRouter:
        tap = parts.get("tap", _silent)
        guard = parts.get("guard", AllowAll())
        config = _sentry(world, _AsyncTapped(world.sentry.aio, tap), parts)
        datadog = _datadog(_AsyncTapped(world.datadog.aio, tap))
        return AsyncRouter(
            teams=Teams.parse(parts.get("teams", TEAMS)),
            tasks=parts.get("builder") or TaskBuilder(parts.get("settings", SETTINGS)),
            asana=AsyncAsanaClient(_asana(_AsyncTapped(world.asana.aio, tap))),
            ledger=tapped(self.ledger, tap),
            sentry=AsyncSentryClient(config, guard=guard) if parts.get("has_sentry", True) else None,
            datadog=AsyncDatadogClient(datadog) if parts.get("has_datadog") else None,
            shadow=parts.get("shadow"),
            options=parts.get("options"),
            clock=world.clock,
        )

    def record(self, key: str) -> dict[str, JsonValue] | None:
        """What the ledger keeps for a key."""
        found = self.get(key)
        return None if found is None else cast("dict[str, JsonValue]", json.loads(found.value))

    def get(self, key: str) -> LedgerRecord | None:
        """The ledger's record of a key."""
        found = self.ledger.get(key)
        return found if found is None or isinstance(found, LedgerRecord) else self._wait(found)

    def put(self, key: str, value: str) -> None:
        """Write over whatever the ledger has."""
        known = self.get(key)
        expected = None if known is None else known.version
        written = self.ledger.put(key, value, expected=expected, expires_at=9e9)
        assert written is None or isinstance(written, LedgerRecord) or self._wait(written)

    def _wait(self, work: object) -> LedgerRecord | None:
        async def waited() -> LedgerRecord | None:
            return await cast("asyncio.Future[LedgerRecord | None]", work)

        return self.runner.run(waited())


def _asana(sender: Sender | AsyncSender) -> AsanaConfig:
    return AsanaConfig(token=Secret("asana-token"), sender=sender)


def _datadog(sender: Sender | AsyncSender) -> DatadogConfig:
    return DatadogConfig(api_key=Secret("api-key"), app_key=Secret("app-key"), sender=sender)


def _sentry(world: World, sender: Sender | AsyncSender, parts: Parts) -> SentryConfig:
    installation = Installation(UUID, Secret("integration-token"))
    return SentryConfig(
        token=Secret("sentry-token"),
        org=parts.get("org", "acme"),
        integration=installation if parts.get("has_installation", True) else None,
        sender=sender,
    )


def _name(request: Request) -> str:
    return f"{request.method} {request.template.rstrip('/').rpartition('/')[2]}"


def _put_name(key: str, value: str) -> str:
    record = json.loads(value)
    if key.startswith("chain."):
        return "put chain" if record["root"] else "put hold"
    return f"put {record['state']}"


@attrs.frozen
class _Tapped:
    sender: Sender
    tap: Tap

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        self.tap(f"before {_name(request)}")
        response = self.sender.send(request, timeout=timeout)
        self.tap(f"after {_name(request)}")
        return response


@attrs.frozen
class _AsyncTapped:
    sender: AsyncSender
    tap: Tap

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        self.tap(f"before {_name(request)}")
        response = await self.sender.send(request, timeout=timeout)
        self.tap(f"after {_name(request)}")
        return response


def tapped(ledger: AnyLedger, tap: Tap) -> AnyLedger:
    """The ledger, with every call announced."""
    return _AsyncTappedLedger(ledger, tap) if _is_async(ledger) else _TappedLedger(cast(Ledger, ledger), tap)


def _is_async(ledger: AnyLedger) -> bool:
    return asyncio.iscoroutinefunction(ledger.get)


@attrs.frozen
class _TappedLedger:
    ledger: Ledger
    tap: Tap

    def get(self, key: str) -> LedgerRecord | None:
        self.tap("before get")
        found = self.ledger.get(key)
        self.tap("after get")
        return found

    def put(self, key: str, value: str, *, expected: int | None, expires_at: float) -> LedgerRecord | None:
        name = _put_name(key, value)
        self.tap(f"before {name}")
        written = self.ledger.put(key, value, expected=expected, expires_at=expires_at)
        self.tap(f"after {name}")
        return written


@attrs.frozen
class _AsyncTappedLedger:
    ledger: AnyLedger
    tap: Tap

    async def get(self, key: str) -> LedgerRecord | None:
        self.tap("before get")
        found = await cast(AsyncLedger, self.ledger).get(key)
        self.tap("after get")
        return found

    async def put(
        self, key: str, value: str, *, expected: int | None, expires_at: float
    ) -> LedgerRecord | None:
        name = _put_name(key, value)
        self.tap(f"before {name}")
        written = await cast(AsyncLedger, self.ledger).put(
            key, value, expected=expected, expires_at=expires_at
        )
        self.tap(f"after {name}")
        return written


NewLedger: TypeAlias = Callable[[Clock, Path, asyncio.Runner], AbstractContextManager[AnyLedger]]
"""Makes an empty ledger that asks the clock; it may keep files in the directory and use the runner's loop."""


@contextmanager
def _memory(clock: Clock, _directory: Path, _runner: asyncio.Runner) -> Generator[Ledger]:
    yield MemoryLedger(clock=clock)


@contextmanager
def _async_memory(clock: Clock, _directory: Path, _runner: asyncio.Runner) -> Generator[AsyncLedger]:
    yield AsyncMemoryLedger(clock=clock)


@contextmanager
def _sqlite(clock: Clock, directory: Path, _runner: asyncio.Runner) -> Generator[Ledger]:
    with SqliteLedger(directory / "ledger.db", clock=clock) as ledger:
        yield ledger


WAYS: dict[str, tuple[bool, NewLedger]] = {
    "sync, memory": (False, _memory),
    "sync, sqlite": (False, _sqlite),
    "async, memory": (True, _async_memory),
    "async, memory in threads": (True, _memory),
    "async, sqlite": (True, _sqlite),
}
"""A further ledger of the core adds a line for each way in which it is used."""


OpenWay: TypeAlias = Callable[[Clock], AbstractContextManager[Way]]
"""A way, with a ledger of its own that is empty."""


def opened(name: str, clock: Clock) -> AbstractContextManager[Way]:
    """One of the ways, with a ledger of its own that is empty."""
    return opened_with(*WAYS[name], clock)


@contextmanager
def opened_with(is_async: bool, new_ledger: NewLedger, clock: Clock) -> Generator[Way]:
    """A way that is not among `WAYS`, with a ledger of its own that is empty."""
    with (
        tempfile.TemporaryDirectory() as directory,
        asyncio.Runner() as runner,
        new_ledger(clock, Path(directory), runner) as ledger,
    ):
        yield Way(is_async, ledger, runner)


def redeliver(router: Handle, world: World, alert: Alert) -> Outcome:
    """Deliver whenever the outcome asks for it, until it is settled."""
    for _ in range(6):
        outcome = router(alert)
        if isinstance(outcome, Created | Duplicate):
            return outcome
        assert isinstance(outcome, Deferred | Uncertain)
        world.clock.advance(outcome.retry_after)
    raise AssertionError(f"never settled: {outcome}")


def assert_one(way: Way, world: World, alert: Alert) -> None:
    """There is one task, it is linked, and the ledger says that all is done."""
    (task,) = world.tasks(alert)
    record = way.record(alert.key)
    assert record is not None
    assert (record["state"], record["task"]) == ("done", task.gid)
    assert world.links(alert) == [task.permalink_url]
