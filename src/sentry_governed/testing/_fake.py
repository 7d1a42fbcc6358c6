"""The frame of a fake service: one core, reached in process or over loopback."""

from __future__ import annotations

import abc
import asyncio
import math
import threading
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar

import attrs

from sentry_governed._http.path import render
from sentry_governed._values import Pairs, Request, Response
from sentry_governed.errors import NotSent, ReplyLost
from sentry_governed.testing._clock import FrozenClock
from sentry_governed.testing._faults import Fault, Faults
from sentry_governed.testing._server import serving
from sentry_governed.testing._wire import Ask, Call, Refused
from sentry_governed.typing import AsyncSender, Clock

_CROWDED = Fault.status(429, retry_after=1)


@attrs.frozen
class Arrival:
    """A call that is being served, together with what goes wrong with it."""

    _fake: Fake
    call: Call
    fault: Fault
    _headers: Pairs = attrs.field(repr=False)

    def answer(self) -> Response | None:
        """Apply the call, or not, and say what comes back; None when it was never applied."""
        if self.fault.broken == "before":
            return None
        if self.fault.code is not None:
            return self._fake.refuse(self.fault)
        return self._fake.handle(
            self.call.method, self.call.path, self.call.query, self._headers, self.call.body
        )

    def answer_in_time(self, request: Request, timeout: float) -> Response:
        """The answer as a sender gives it."""
        response = self.answer()
        if response is None:
            raise NotSent(request.method, request.template, "the fake refused the connection")
        if self.fault.broken != "no":
            raise ReplyLost(request.method, request.template, "the fake lost the reply")
        if self.fault.delay > timeout:
            raise ReplyLost(request.method, request.template, f"no reply within {timeout:g} s")
        return response


class Fake(abc.ABC):
    """A stateful stand-in for a service; it is a `Sender`, and `serve` puts it on a loopback port.

    Attributes:
        clock: What it takes the time from.
        faults: What goes wrong, on order.
        token: The bearer token that HTTP callers must show; None lets everybody in.
        extra_headers: Lower-case names and values, added to every answer from now on.
    """

    public_origin: ClassVar[str]
    base_path: ClassVar[str]
    capacity: ClassVar[tuple[float, float]] = (math.inf, math.inf)

    def __init__(self, *, token: str | None, clock: Clock | None, prefix: str = "") -> None:
        self.clock: Clock = time if clock is None else clock
        self.faults = Faults()
        self.token = token
        self.extra_headers: list[tuple[str, str]] = []
        self._prefix = prefix
        self._lock = threading.RLock()
        self._calls: list[Call] = []
        self._in_flight = [0, 0]
        self._peaks = [0, 0]

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every request received so far, also those that a fault kept from being applied."""
        with self._lock:
            return tuple(self._calls)

    @property
    def peak_reads(self) -> int:
        """The most reads that were in flight at once."""
        return self._peaks[False]

    @property
    def peak_writes(self) -> int:
        """The most writes that were in flight at once."""
        return self._peaks[True]

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """Serve a request in process; see `Sender.send`.

        The credentials are those that the service would want for the path.
        """
        patience = math.inf if timeout is None else timeout
        with self.receive(request) as arrival:
            delay = min(arrival.fault.delay, patience)
            if isinstance(self.clock, FrozenClock):
                self.clock.sleep(delay)
            elif delay:
                time.sleep(delay)
            return arrival.answer_in_time(request, patience)

    @property
    def aio(self) -> AsyncSender:
        """The same fake as an `AsyncSender`."""
        return _AsyncDoor(self)

    def serve(self) -> AbstractContextManager[str]:
        """Serve HTTP/1.1 on a free port of 127.0.0.1; the context's value is the base URL to configure."""
        return serving(self.arrive, self._prefix)

    def handle(self, method: str, path: str, query: Pairs, headers: Pairs, body: bytes | None) -> Response:
        """Answer one request, without faults and without recording it.

        Args:
            method: Upper case.
            path: The whole path, percent-encoded.
            query: Decoded name and value pairs.
            headers: Lower-case names; `authorization` and `host` matter.
            body: The exact bytes, or None.
        """
        call = Call(method, path, query, body)
        sent = dict(headers)
        scheme, _, token = sent.get("authorization", "").partition(" ")
        origin = f"http://{sent['host']}" if "host" in sent else self.public_origin
        ask = Ask(call, {}, origin, token if scheme.lower() == "bearer" and token else None)
        base = self._prefix + self.base_path
        with self._lock:
            try:
                response = self._route(ask, path.removeprefix(base) if path.startswith(base + "/") else "")
            except Refused as refused:
                response = refused.response
            return attrs.evolve(response, headers=(*response.headers, *self.extra_headers))

    @abc.abstractmethod
    def _route(self, ask: Ask, path: str) -> Response:
        """Answer; `path` is what follows the base path, empty when the call is for somewhere else."""

    @abc.abstractmethod
    def refuse(self, fault: Fault) -> Response:
        """The service's own way to answer with the fault's status."""

    def _credentials(self, path: str) -> str | None:
        """The token that a well configured client would show for a path."""
        del path
        return self.token

    def _headers(self, path: str) -> Pairs:
        """What that client would authenticate with."""
        token = self._credentials(path)
        return () if token is None else (("authorization", f"Bearer {token}"),)

    @contextmanager
    def arrive(self, call: Call, headers: Pairs) -> Generator[Arrival]:
        """Record a call and hold its place among those in flight."""
        with self._lock:
            self._calls.append(call)
            self._in_flight[call.is_write] += 1
            in_flight = self._in_flight[call.is_write]
            self._peaks[call.is_write] = max(self._peaks[call.is_write], in_flight)
            crowded = in_flight > self.capacity[call.is_write]
            fault = _CROWDED if crowded else self.faults.take(call)
        try:
            yield Arrival(self, call, fault, headers)
        finally:
            with self._lock:
                self._in_flight[call.is_write] -= 1

    def receive(self, request: Request) -> AbstractContextManager[Arrival]:
        """Receive a request in process."""
        path = self._prefix + render(request)
        return self.arrive(Call(request.method, path, request.query, request.body), self._headers(path))


@attrs.frozen
class _AsyncDoor:
    _fake: Fake

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        fake, patience = self._fake, math.inf if timeout is None else timeout
        with fake.receive(request) as arrival:
            delay = min(arrival.fault.delay, patience)
            if isinstance(fake.clock, FrozenClock):
                fake.clock.sleep(delay)
            await asyncio.sleep(0 if isinstance(fake.clock, FrozenClock) else delay)
            return arrival.answer_in_time(request, patience)
