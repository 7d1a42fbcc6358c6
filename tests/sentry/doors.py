"""Ways to reach a fake Sentry through a client: threads or asyncio, over loopback HTTP or in process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol, TypeVar

import attrs

from sentry_governed import Operation, Permit, Request, Secret
from sentry_governed._http import Flow
from sentry_governed.errors import Denied
from sentry_governed.sentry import (
    AsyncPager,
    AsyncSentryClient,
    Installation,
    Link,
    Page,
    Pager,
    SentryClient,
    SentryConfig,
)
from sentry_governed.testing import FakeInstallation, FakeSentry
from sentry_governed.typing import Authorizer

T = TypeVar("T")
TOKEN = "canary-9d2c"
ISSUE = "77"
TASK = Link(web_url="https://app.asana.com/0/0/5", display_project="Web", identifier="5")
KINDS = ("sync http", "async http", "sync in process", "async in process")


@attrs.frozen
class Seen:
    """What an authorizer was asked."""

    operation: Operation
    request: Request | None
    approval: str | None


@attrs.define
class Guard:
    """Denies some projects and actions, and remembers what it was asked and told."""

    denied: frozenset[str] = frozenset()
    seen: list[Seen] = attrs.field(factory=list[Seen])
    outcomes: list[int | BaseException] = attrs.field(factory=list[int | BaseException])

    def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
        """Deny what names anything denied."""
        self.seen.append(Seen(operation, request, approval))
        if self.denied & {operation.action, operation.org, *(operation.projects or ())}:
            raise Denied(f"{operation.action} is denied")
        return Permit(operation, self.outcomes.append)

    @property
    def steps(self) -> list[tuple[str, str, tuple[str, ...] | None, str | None, str]]:
        """Action, stage, projects and resource of what was asked, and the method that was to be sent."""
        return [
            (one.action, one.stage, one.projects, one.resource, seen.request.method if seen.request else "")
            for seen in self.seen
            for one in [seen.operation]
        ]


class Door(Protocol):
    """Drives flows through one client, and calls its methods by name."""

    @property
    def client(self) -> SentryClient | AsyncSentryClient:
        """The client behind it."""
        ...

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow."""
        ...

    def call(self, path: str, *arguments: object, **named: object) -> object:
        """Call a method, such as `issues.get`; a list comes as a whole."""
        ...

    def pages(self, path: str, *arguments: object, **named: object) -> list[Page[object]]:
        """Call a method that lists, and go through its pages."""
        ...


def _method(client: object, path: str) -> object:
    for name in path.split("."):
        client = getattr(client, name)
    return client


@attrs.frozen
class _Threads:
    client: SentryClient

    def run(self, flow: Flow[T]) -> T:
        return self.client.run(flow)

    def call(self, path: str, *arguments: object, **named: object) -> object:
        method = _method(self.client, path)
        assert callable(method)
        answer = method(*arguments, **named)
        return list(answer) if isinstance(answer, Pager) else answer

    def pages(self, path: str, *arguments: object, **named: object) -> list[Page[object]]:
        method = _method(self.client, path)
        assert callable(method)
        pager = method(*arguments, **named)
        assert isinstance(pager, Pager)
        return list(pager.pages())


@attrs.frozen
class _Loop:
    client: AsyncSentryClient
    runner: asyncio.Runner

    def run(self, flow: Flow[T]) -> T:
        return self.runner.run(self.client.run(flow))

    def call(self, path: str, *arguments: object, **named: object) -> object:
        method = _method(self.client, path)
        assert callable(method)
        answer = method(*arguments, **named)
        return self.runner.run(_whole(aiter(answer)) if isinstance(answer, AsyncPager) else answer)

    def pages(self, path: str, *arguments: object, **named: object) -> list[Page[object]]:
        method = _method(self.client, path)
        assert callable(method)
        pager = method(*arguments, **named)
        assert isinstance(pager, AsyncPager)
        return self.runner.run(_whole(pager.pages()))


async def _whole(items: AsyncIterator[T]) -> list[T]:
    return [item async for item in items]


@contextmanager
def door_to(
    fake: FakeSentry,
    kind: str,
    guard: Authorizer,
    installation: FakeInstallation | None = None,
    **settings: object,
) -> Iterator[Door]:
    """A client of that kind for the organization `acme`, closed in the end."""
    with ExitStack() as stack:
        if kind.endswith("http"):
            given = {"base_url": stack.enter_context(fake.serve()), "allow_http": True}
        else:
            given = {"sender": fake if kind.startswith("sync") else fake.aio}
        if installation is not None:
            settings["integration"] = Installation(installation.uuid, Secret(installation.token))
        config = SentryConfig(**{"token": Secret(TOKEN), "org": "acme", **given, **settings})  # type: ignore[arg-type]  # by name
        if kind.startswith("sync"):
            yield _Threads(stack.enter_context(SentryClient(config, guard=guard)))
            return
        runner = stack.enter_context(asyncio.Runner())
        client = AsyncSentryClient(config, guard=guard)
        yield _Loop(client, runner)
        runner.run(client.aclose())
