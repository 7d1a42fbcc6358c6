"""However a drive ends early, what was allowed is reported once and the flow is closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from sentry_governed import Operation, Permit, Request, Response
from sentry_governed._http import AsyncService, Flow, arun
from tests.http.conftest import Awaited
from tests.http.makers import Closing, Recorder, Scripted

OK = Response(200)


async def _cancelled_while(
    flow: Flow[Response], services: dict[str, AsyncService], ready: Callable[[], bool]
) -> None:
    task = asyncio.ensure_future(arun(flow, services))
    while not ready():  # noqa: ASYNC110  # a thread sets it
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Hanging:
    """A sender that never answers."""

    started = False

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        self.started = True
        await asyncio.sleep(60)
        return OK


@pytest.mark.parametrize("blocking", [True, False])
def test_cancelled(blocking: bool) -> None:
    """A cancelled send is reported once and closes the flow."""
    sender, authorizer, flow = Hanging(), Recorder(blocking=blocking), Closing()
    services = {"sentry": AsyncService(sender, authorizer)}
    asyncio.run(_cancelled_while(flow(), services, lambda: sender.started))

    assert [type(end) for end in authorizer.ended] == [asyncio.CancelledError]
    assert isinstance(flow.ended, GeneratorExit)


class Slow(Recorder):
    """An authorizer that thinks in a thread until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(blocking=True)
        self.is_asked = threading.Event()
        self.go_on = threading.Event()

    def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
        self.is_asked.set()
        self.go_on.wait(10)
        return super().authorize(operation, request, approval)


@pytest.mark.parametrize("times", [1, 2, 5])
def test_cancelled_while_authorizing(times: int) -> None:
    """A permit that arrives after a cancellation, or several, is closed once, and nothing is sent."""
    authorizer, flow, sender = Slow(), Closing(), Scripted(OK)
    services = {"sentry": AsyncService(Awaited(sender), authorizer)}

    async def cancel() -> None:
        task = asyncio.ensure_future(arun(flow(), services))
        while not authorizer.is_asked.is_set():  # noqa: ASYNC110  # a thread sets it
            await asyncio.sleep(0.005)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.02)
        authorizer.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    assert [type(end) for end in authorizer.ended] == [asyncio.CancelledError]
    assert (sender.sent, isinstance(flow.ended, GeneratorExit)) == ([], True)


def test_loop_ends_while_authorizing() -> None:
    """When the whole event loop is cancelled, its drives still wait for the permits that are on their way."""
    authorizer, flow = Slow(), Closing()
    services = {"sentry": AsyncService(Awaited(Scripted(OK)), authorizer)}

    async def leave() -> None:
        task = asyncio.ensure_future(arun(flow(), services))
        while not authorizer.is_asked.is_set():  # noqa: ASYNC110  # a thread sets it
            await asyncio.sleep(0.005)
        assert not task.done()
        threading.Timer(0.1, authorizer.go_on.set).start()

    asyncio.run(leave())

    assert [type(end) for end in authorizer.ended] == [asyncio.CancelledError]
    assert isinstance(flow.ended, GeneratorExit)


def test_abandoned() -> None:
    """A driver whose coroutine is closed in the middle of a send reports it and closes the flow."""
    authorizer, flow = Recorder(), Closing()
    coroutine = arun(flow(), {"sentry": AsyncService(Hanging(), authorizer)})

    async def begin() -> None:
        coroutine.send(None)
        coroutine.close()

    asyncio.run(begin())

    assert [type(end) for end in authorizer.ended] == [GeneratorExit]
    assert isinstance(flow.ended, GeneratorExit)
