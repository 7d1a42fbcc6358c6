"""Routers in process: a world of fakes, the ways to run a router in it, and wires that break on order."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias, TypedDict, Unpack, cast

import attrs

from sentry_governed import AllowAll, Request, Response, Secret
from sentry_governed._values import LedgerRecord
from sentry_governed.alerts import Alert, Ignored, decode_alert
from sentry_governed.asana import AsanaClient, AsanaConfig, AsyncAsanaClient, TaskBuilder, TaskSettings
from sentry_governed.routing import (
    AsyncMemoryLedger,
    AsyncRouter,
    MemoryLedger,
    Options,
    Outcome,
    Router,
    SqliteLedger,
)
from sentry_governed.sentry import AsyncSentryClient, Installation, SentryClient, SentryConfig
from sentry_governed.teams import Teams
from sentry_governed.testing import (
    FakeAsana,
    FakeEvent,
    FakeSentry,
    FakeTask,
    FrozenClock,
    datadog_alert,
    datadog_webhook,
    sign_webhook,
)
from sentry_governed.typing import AsyncLedger, AsyncSender, Authorizer, Clock, JsonValue, Ledger, Sender

DEFAULT, BACKLOG, DEV = "101", "102", "103"
SPRINTS, SPRINT = "201", "202"
SANDBOXES, SANDBOX = "301", "302"
RELEASES, RELEASE = "401", "402"
UUID = "00000000-0000-4000-8000-000000000001"
TEAMS = f"""
default: Platform
ignore:
- {{Matchers: ["service:noise"], Reason: "known noise"}}
teams:
- Name: Payments
  AsanaBacklogId: "{BACKLOG}"
  AsanaSprintPortfolioId: "{SPRINTS}"
  AsanaSandboxPortfolioId: "{SANDBOXES}"
  Entities: [Matchers: ["service:checkout"]]
- Name: Search
  AsanaBacklogId: "{BACKLOG}"
  Entities: [Matchers: ["service:search"]]
- Name: Platform
"""
SETTINGS = TaskSettings(default_project=DEFAULT, dev_project=DEV, release_portfolio=RELEASES)

AnyLedger: TypeAlias = Ledger | AsyncLedger


class Killed(BaseException):
    """The process ended here."""


class Tripwire:
    """A tap that raises at one point, the so-many-th time that it is passed, and never again."""

    def __init__(self, where: str, error: BaseException, *, time: int = 1) -> None:
        self._where, self._error, self._left = where, error, time

    def __call__(self, point: str) -> None:
        if point == self._where:
            self._left -= 1
            if self._left == 0:
                raise self._error


def dies(where: str) -> Tripwire:
    """The process ends at that point."""
    return Tripwire(where, Killed())


@attrs.frozen
class World:
    """The services that a router works with, and the time."""

    clock: FrozenClock
    asana: FakeAsana
    sentry: FakeSentry

    @classmethod
    def new(cls, *, listing_delay: float = 0.0, paid: bool = True) -> "World":
        """Every project and portfolio that the teams and settings name, and an issue's organization."""
        clock = FrozenClock()
        asana = FakeAsana(clock=clock, listing_delay=listing_delay, paid=paid)
        for gid, name in ((DEFAULT, "default"), (BACKLOG, "backlog"), (DEV, "dev")):
            asana.add_project(name, gid=gid)
        for portfolio, project in ((SPRINTS, SPRINT), (SANDBOXES, SANDBOX), (RELEASES, RELEASE)):
            asana.add_portfolio(f"portfolio {portfolio}", gid=portfolio)
            asana.add_project(f"project {project}", gid=project, portfolio=portfolio)
        sentry = FakeSentry(clock=clock)
        sentry.add_project("acme", "web")
        sentry.add_installation("acme", uuid=UUID)
        return cls(clock, asana, sentry)

    def issue(self, *, level: str = "error") -> str:
        """A new issue's number."""
        return self.sentry.add_issue("acme", "web", level=level).id

    def event(self, issue: str | None = None, **tags: str) -> FakeEvent:
        """A new event, of a new issue unless told; the checkout service's unless told."""
        return self.sentry.add_event(issue or self.issue(), tags=tags or {"service": "checkout"})

    def alert(self, event: FakeEvent | None = None) -> Alert:
        """The alert about an event, a new one unless told."""
        return decoded(self.sentry.event_alert((event or self.event()).id))

    def tasks(self, alert: Alert) -> list[FakeTask]:
        """The tasks that carry the alert's key."""
        return [task for task in self.asana.tasks if task.notes.endswith(f"\nsentry-governed: {alert.key}")]

    def posts(self) -> int:
        """How often somebody asked for a task."""
        return sum(call.method == "POST" and call.path.endswith("/tasks") for call in self.asana.calls)

    def links(self, alert: Alert) -> list[str]:
        """The tasks that the alert's issue is linked to."""
        return [link.web_url for link in self.sentry.external_issues(str(alert.issue_id))]


def datadog(**body: str) -> Alert:
    """A Datadog alert."""
    alert = decode_alert(*datadog_webhook(datadog_alert(**body), "secret"))  # type: ignore[arg-type]  # all text
    assert isinstance(alert, Alert)
    return alert


def decoded(body: Mapping[str, JsonValue]) -> Alert:
    """A body as an alert."""
    alert = decode_alert(*sign_webhook(body, "client-secret"))
    assert isinstance(alert, Alert)
    return alert


class Handle(Protocol):
    """A router, however it is run."""

    def __call__(self, alert: Alert | Ignored, deadline: float | None = None) -> Outcome: ...


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
        tap = parts.get("tap", _silent)
        teams = Teams.parse(parts.get("teams", TEAMS))
        builder = parts.get("builder") or TaskBuilder(parts.get("settings", SETTINGS))
        options, guard = parts.get("options"), parts.get("guard", AllowAll())
        ledger = tapped(self.ledger, tap)
        if self.is_async:
            asana = AsyncAsanaClient(_asana(_AsyncTapped(world.asana.aio, tap)))
            config = _sentry(world, _AsyncTapped(world.sentry.aio, tap), parts)
            there = AsyncRouter(
                teams=teams,
                tasks=builder,
                asana=asana,
                ledger=ledger,
                sentry=AsyncSentryClient(config, guard=guard) if parts.get("has_sentry", True) else None,
                options=options,
                clock=world.clock,
            )
            return lambda alert, deadline=None: self.runner.run(there.handle(alert, deadline))
        threads = Router(
            teams=teams,
            tasks=builder,
            asana=AsanaClient(_asana(_Tapped(world.asana, tap))),
            ledger=cast(Ledger, ledger),
            sentry=SentryClient(_sentry(world, _Tapped(world.sentry, tap), parts), guard=guard)
            if parts.get("has_sentry", True)
            else None,
            options=options,
            clock=world.clock,
        )
        return threads.handle

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
    return f"put {json.loads(value)['state'] if not key.startswith('chain.') else 'chain'}"


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
"""A further ledger adds a line for each way in which it is used."""


@contextmanager
def opened(name: str, clock: Clock) -> Generator[Way]:
    """One of the ways, with a ledger of its own that is empty."""
    is_async, new_ledger = WAYS[name]
    with (
        tempfile.TemporaryDirectory() as directory,
        asyncio.Runner() as runner,
        new_ledger(clock, Path(directory), runner) as ledger,
    ):
        yield Way(is_async, ledger, runner)
