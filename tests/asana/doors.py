"""Ways to reach a fake Asana through a client: threads or asyncio, over loopback HTTP or in process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol, TypeVar

import attrs

from sentry_governed import Secret
from sentry_governed._http import Flow
from sentry_governed.asana import (
    AsanaClient,
    AsanaConfig,
    AsyncAsanaClient,
    TaskBuilder,
    TaskDraft,
    TaskSettings,
)
from sentry_governed.testing import FakeAsana
from tests.asana.makers import alert, bare_route

T = TypeVar("T")
TOKEN = "canary-5b1e"
PROJECT = "11"
KINDS = ("sync http", "async http", "sync in process", "async in process")


class Door(Protocol):
    """Drives flows through one client, and calls its methods by name."""

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow."""
        ...

    def call(self, method: str, *arguments: object) -> object:
        """Call a method."""
        ...


@attrs.frozen
class _Threads:
    client: AsanaClient

    def run(self, flow: Flow[T]) -> T:
        return self.client.run(flow)

    def call(self, method: str, *arguments: object) -> object:
        return getattr(self.client, method)(*arguments)


@attrs.frozen
class _Loop:
    client: AsyncAsanaClient
    runner: asyncio.Runner

    def run(self, flow: Flow[T]) -> T:
        return self.runner.run(self.client.run(flow))

    def call(self, method: str, *arguments: object) -> object:
        return self.runner.run(getattr(self.client, method)(*arguments))


@contextmanager
def opened(kind: str, config: AsanaConfig) -> Iterator[Door]:
    """A client of that kind, closed in the end."""
    if kind.startswith("sync"):
        with AsanaClient(config) as client:
            yield _Threads(client)
        return
    with asyncio.Runner() as runner:
        other = AsyncAsanaClient(config)
        yield _Loop(other, runner)
        runner.run(other.aclose())


@contextmanager
def door_to(fake: FakeAsana, kind: str, **settings: object) -> Iterator[Door]:
    """A door of that kind to a fake."""
    with ExitStack() as stack:
        if kind.endswith("http"):
            given = {"base_url": stack.enter_context(fake.serve()), "allow_http": True}
        else:
            given = {"sender": fake if kind.startswith("sync") else fake.aio}
        config = AsanaConfig(token=Secret(TOKEN), **given, **settings)  # type: ignore[arg-type]  # by name
        yield stack.enter_context(opened(kind, config))


def draft(key: str = "sentry.1.ab", *, title: str = "Queue is long", project: str = PROJECT) -> TaskDraft:
    """A draft in one project."""
    made = TaskBuilder(TaskSettings()).build(alert(title=title), bare_route(), projects=[project])
    return attrs.evolve(made, key=key)
