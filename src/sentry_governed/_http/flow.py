"""A call as a generator: it yields what it wants done, is sent the answer, and returns a typed result.

Write one with the helpers and `yield from`; only a driver acts on the steps. What goes wrong in a step is
raised at its `yield from`.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TypeAlias, TypeVar, cast

import attrs

from sentry_governed._http.path import render
from sentry_governed._operation import Operation
from sentry_governed._values import LedgerRecord, Permit, Request, Response

T = TypeVar("T")


@attrs.frozen
class Send:
    """Authorize the operation, then send the request to the named service, all within `timeout` seconds."""

    service: str
    operation: Operation
    request: Request
    timeout: float | None = None


@attrs.frozen
class Check:
    """Authorize the operation; nothing is sent."""

    service: str
    operation: Operation


@attrs.frozen
class LedgerGet:
    """Read one record of the ledger."""

    key: str


@attrs.frozen
class LedgerPut:
    """Write one record of the ledger if its version is still `expected`."""

    key: str
    value: str = attrs.field(repr=False)
    expected: int | None
    expires_at: float


@attrs.frozen
class AskTime:
    """Read the wall clock, or the one that never goes back."""

    monotonic: bool = False


Step: TypeAlias = Send | Check | LedgerGet | LedgerPut | AskTime
Flow: TypeAlias = Generator[Step, object, T]


def send(service: str, operation: Operation, request: Request) -> Flow[Response]:
    """Send a request, if the operation is allowed.

    Raises:
        RequestRefused: The path cannot be built safely; nobody was asked, nothing was sent.
        Denied: Policy refused.
        TransportError: There is no whole answer.
    """
    render(request)
    return cast(Response, (yield Send(service, operation, request)))


def check(service: str, operation: Operation) -> Flow[Permit]:
    """Have an operation decided on without sending anything.

    Raises:
        Denied: Policy refused.
    """
    return cast(Permit, (yield Check(service, operation)))


def ledger_get(key: str) -> Flow[LedgerRecord | None]:
    """The ledger's record of a key, or None."""
    return cast(LedgerRecord | None, (yield LedgerGet(key)))


def ledger_put(key: str, value: str, *, expected: int | None, expires_at: float) -> Flow[LedgerRecord | None]:
    """Write a record if its version is still `expected` (None: absent); None when somebody was faster."""
    return cast(LedgerRecord | None, (yield LedgerPut(key, value, expected, expires_at)))


def now() -> Flow[float]:
    """Seconds since the epoch."""
    return cast(float, (yield AskTime()))


def monotonic() -> Flow[float]:
    """Seconds on the clock that never goes back."""
    return cast(float, (yield AskTime(monotonic=True)))


def within(seconds: float, flow: Flow[T]) -> Flow[T]:
    """The same flow, whose sends may take so many seconds together; past them nothing is sent any more.

    A bound that is set inside it holds too.
    """
    end = (yield from monotonic()) + seconds
    answer: object = None
    failure: Exception | None = None
    with closing(flow):
        while True:
            try:
                step = flow.send(answer) if failure is None else flow.throw(failure)
            except StopIteration as done:
                return cast(T, done.value)
            if isinstance(step, Send):
                left = end - (yield from monotonic())
                step = attrs.evolve(step, timeout=left if step.timeout is None else min(left, step.timeout))
            answer, failure = None, None
            try:
                answer = yield step
            except Exception as error:  # noqa: BLE001 - the flow is the one to deal with it
                failure = error
