"""Senders that try again; the only module that knows the retry library."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from random import random as _random
from typing import cast

import attrs
from tenacity import AsyncRetrying, RetryCallState, Retrying

from sentry_governed._http.retry import Outcome, RetryPolicy, may_repeat, wait
from sentry_governed._values import Request, Response
from sentry_governed.errors import TransportError
from sentry_governed.typing import AsyncSender, Clock, Sender


@attrs.frozen
class _Plan:
    """One request's attempts: outcomes are values here, so the retry library never holds an exception."""

    request: Request
    policy: RetryPolicy
    clock: Clock
    random: Callable[[], float]
    end: float

    @property
    def seconds_left(self) -> float:
        return self.end - self.clock.monotonic()

    def retry(self, state: RetryCallState) -> bool:
        return may_repeat(self.request, _outcome(state))

    def wait(self, state: RetryCallState) -> float:
        now = self.clock.time()
        return wait(_outcome(state), state.attempt_number, policy=self.policy, now=now, random=self.random)

    def stop(self, state: RetryCallState) -> bool:
        return state.attempt_number >= self.policy.attempts or state.upcoming_sleep >= self.seconds_left


def _outcome(state: RetryCallState) -> Outcome:
    return cast(Outcome, state.outcome.result() if state.outcome else None)


def _answer(outcome: Outcome) -> Response:
    if isinstance(outcome, Response):
        return outcome
    raise outcome.with_traceback(None)


def _plan(
    request: Request, timeout: float | None, policy: RetryPolicy, clock: Clock, random: Callable[[], float]
) -> _Plan:
    seconds = policy.budget if timeout is None else timeout
    return _Plan(request, policy, clock, random, clock.monotonic() + seconds)


@attrs.frozen
class RetryingSender:
    """Sends through another sender, again where that is safe, within the caller's time.

    When it gives up it hands back the last response, or raises the last error as it was.
    """

    sender: Sender
    policy: RetryPolicy = attrs.field(factory=RetryPolicy)
    clock: Clock = time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = _random

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `Sender.send`; the waits count."""
        plan = _plan(request, timeout, self.policy, self.clock, self.random)

        def attempt() -> Outcome:
            try:
                return self.sender.send(request, timeout=plan.seconds_left)
            except TransportError as error:
                return error

        retrying = Retrying(
            retry=plan.retry, wait=plan.wait, stop=plan.stop, sleep=self.sleep, retry_error_callback=_outcome
        )
        return _answer(retrying(attempt))


@attrs.frozen
class AsyncRetryingSender:
    """`RetryingSender` for asyncio; it waits the same times."""

    sender: AsyncSender
    policy: RetryPolicy = attrs.field(factory=RetryPolicy)
    clock: Clock = time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = _random

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `Sender.send`; the waits count."""
        plan = _plan(request, timeout, self.policy, self.clock, self.random)

        async def attempt() -> Outcome:
            try:
                return await self.sender.send(request, timeout=plan.seconds_left)
            except TransportError as error:
                return error

        retrying = AsyncRetrying(
            retry=plan.retry, wait=plan.wait, stop=plan.stop, sleep=self.sleep, retry_error_callback=_outcome
        )
        return _answer(await retrying(attempt))
