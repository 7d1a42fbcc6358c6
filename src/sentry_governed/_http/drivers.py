"""The two places that act. What is done, and in which order, is written once and shared by both."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, suppress
from contextvars import copy_context
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import TypeAlias, TypeVar, cast

import attrs

from sentry_governed._http.flow import AskTime, Check, Flow, LedgerGet, LedgerPut, Send, Step
from sentry_governed._values import Permit, Request, Response
from sentry_governed.errors import ConfigError, NotSent
from sentry_governed.typing import AsyncLedger, AsyncSender, Authorizer, Clock, Ledger, Sender

T = TypeVar("T")


@attrs.frozen
class Service:
    """Who carries a service's requests, and who allows them."""

    sender: Sender
    authorizer: Authorizer


@attrs.frozen
class AsyncService:
    """`Service` for `arun`."""

    sender: AsyncSender
    authorizer: Authorizer


def run(
    flow: Flow[T],
    services: Mapping[str, Service],
    *,
    ledger: Ledger | None = None,
    clock: Clock = time,
    approval: str | None = None,
    deadline: float | None = None,
) -> T:
    """Drive a flow to its result.

    Args:
        flow: It is closed in the end, whatever happens.
        services: The sender and the authorizer of each service that the flow names.
        ledger: Needed only by flows that ask it.
        clock: Where the flow gets the time from.
        approval: Handed to the authorizers.
        deadline: An instant on `clock.monotonic()` after which nothing is sent any more.

    Raises:
        Denied: Policy refused a step and the flow let it pass; likewise any other error of a step.
    """
    answer: object = None
    failure: BaseException | None = None
    with closing(_govern(flow, _Desk(services, ledger, clock, approval, deadline))) as acts:
        while True:
            try:
                act = acts.send(answer) if failure is None else acts.throw(failure)
            except StopIteration as end:
                return cast(T, end.value)
            answer, failure = _attempt(act)


async def arun(
    flow: Flow[T],
    services: Mapping[str, AsyncService],
    *,
    ledger: Ledger | AsyncLedger | None = None,
    clock: Clock = time,
    approval: str | None = None,
    deadline: float | None = None,
) -> T:
    """`run` for asyncio.

    A `Ledger` works in a thread, and so does an authorizer that does not declare `blocking = False`.
    """
    answer: object = None
    failure: BaseException | None = None
    with closing(_govern(flow, _Desk(services, ledger, clock, approval, deadline))) as acts:
        while True:
            try:
                act = acts.send(answer) if failure is None else acts.throw(failure)
            except StopIteration as end:
                return cast(T, end.value)
            answer, failure = await _attempt_async(act)


@attrs.frozen
class _Act:
    """One thing for a driver to do: call it and hand back what came of it."""

    call: Callable[[], object]
    blocks: bool = False


_Acts: TypeAlias = Generator[_Act, object, T]


def _attempt(act: _Act) -> tuple[object, BaseException | None]:
    try:
        return act.call(), None
    except BaseException as error:  # noqa: BLE001  # handed on whole: what governs the flow re-raises it
        return None, error


async def _attempt_async(act: _Act) -> tuple[object, BaseException | None]:
    try:
        answer = await _in_thread(act.call) if act.blocks else act.call()
        return (await answer if isawaitable(answer) else answer), None
    except BaseException as error:  # noqa: BLE001  # as above
        return None, error


async def _in_thread(call: Callable[[], object]) -> object:
    """A thread cannot be cancelled: wait for it, so that a permit that it hands out is not forgotten.

    However often that is cancelled meanwhile, it ends once the thread does.
    """
    import asyncio

    work = asyncio.get_running_loop().run_in_executor(None, copy_context().run, call)
    cancellation: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is None:
        return work.result()
    if work.exception() is None and isinstance(permit := work.result(), Permit):
        with suppress(Exception):
            permit.completed(cancellation)
    raise cancellation


@attrs.frozen
class _Desk:
    """Turns each step into acts, in the one order that is allowed."""

    services: Mapping[str, Service] | Mapping[str, AsyncService]
    ledger: Ledger | AsyncLedger | None
    clock: Clock
    approval: str | None = attrs.field(repr=False)
    deadline: float | None

    def perform(self, step: Step) -> _Acts[object]:
        match step:
            case Send():
                return (yield from self._send(step))
            case Check():
                return (yield from self._authorize(step, None))
            case LedgerGet():
                ledger = self._ledger()
                get = partial(ledger.get, step.key)
                return (yield _Act(get, blocks=not iscoroutinefunction(ledger.get)))
            case LedgerPut():
                ledger = self._ledger()
                put = partial(
                    ledger.put, step.key, step.value, expected=step.expected, expires_at=step.expires_at
                )
                return (yield _Act(put, blocks=not iscoroutinefunction(ledger.put)))
            case AskTime():
                return self.clock.monotonic() if step.monotonic else self.clock.time()

    def _send(self, step: Send) -> _Acts[Response]:
        end = self._end(step)
        self._seconds_left(step, end)
        permit = yield from self._authorize(step, step.request)
        sender, blocks = self._service(step).sender, self._blocks(step)
        try:
            timeout = self._seconds_left(step, end)
            response = cast(Response, (yield _Act(partial(sender.send, step.request, timeout=timeout))))
        except Exception as error:  # noqa: BLE001  # raised again below, once it is reported
            failure = error
        except BaseException as interruption:
            with suppress(Exception):
                permit.completed(interruption)
            raise
        else:
            yield _Act(partial(permit.completed, response.status), blocks)
            return response
        with suppress(Exception):
            yield _Act(partial(permit.completed, failure), blocks)
        raise failure

    def _authorize(self, step: Send | Check, request: Request | None) -> _Acts[Permit]:
        authorize = self._service(step).authorizer.authorize
        call = partial(authorize, step.operation, request, self.approval)
        return cast(Permit, (yield _Act(call, self._blocks(step))))

    def _blocks(self, step: Send | Check) -> bool:
        return getattr(self._service(step).authorizer, "blocking", True) is not False

    def _service(self, step: Send | Check) -> Service | AsyncService:
        service = self.services.get(step.service)
        if service is None:
            raise ConfigError(f"no service named {step.service!r} is bound; pass one to the driver")
        return service

    def _ledger(self) -> Ledger | AsyncLedger:
        if self.ledger is None:
            raise ConfigError("the flow asks a ledger and none is bound; pass one to the driver")
        return self.ledger

    def _end(self, step: Send) -> float | None:
        """The instant on the monotonic clock after which it is not sent any more."""
        ends = [] if self.deadline is None else [self.deadline]
        if step.timeout is not None:
            ends.append(self.clock.monotonic() + step.timeout)
        return min(ends, default=None)

    def _seconds_left(self, step: Send, end: float | None) -> float | None:
        if end is None:
            return None
        left = end - self.clock.monotonic()
        if left <= 0:
            request = step.request
            raise NotSent(request.method, request.template, "the deadline passed before it was sent")
        return left


def _govern(flow: Flow[T], desk: _Desk) -> _Acts[T]:
    with closing(flow):
        try:
            step = next(flow)
            while True:
                answer: object = None
                failure: Exception | None = None
                try:
                    answer = yield from desk.perform(step)
                except Exception as error:  # noqa: BLE001  # the flow is the one to deal with it
                    failure = error
                step = flow.send(answer) if failure is None else flow.throw(failure)
        except StopIteration as end:
            return cast(T, end.value)
