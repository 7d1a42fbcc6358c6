"""How much one token has in flight, whoever in the process uses it: threads and event loops alike.

Asana allows a token 15 writes and 50 reads at once, and counts even the requests that it turns away. So they
wait here, in order, and a 429 holds everybody on the token back.
Source: Asana's documentation, "Rate limits".
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import threading
import time
from collections import deque
from typing import Final, Protocol
from weakref import WeakValueDictionary

import attrs

from sentry_governed._http.retry import wait_asked
from sentry_governed._secret import Secret
from sentry_governed._values import Request, Response
from sentry_governed.errors import NotSent
from sentry_governed.typing import AsyncSender, Sender

_TOO_MANY: Final = 429
_LONGEST_PAUSE: Final = 3_600.0  # a service that asks for more is asked again all the same
_USUAL_PAUSE: Final = 1.0


class Turn(Protocol):
    """Somebody in line."""

    def come(self) -> bool:
        """Told that a place is theirs; False when they are gone for good."""
        ...


class Lane:
    """A number of places; who finds none waits in line, and a place that is given up goes to the first."""

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._places = places
        self._taken = 0
        self._line: deque[Turn] = deque()

    def narrow(self, places: int) -> None:
        """Have at most so many places from now on."""
        with self._lock:
            self._places = min(self._places, places)

    def enter(self, turn: Turn) -> bool:
        """Take a place, or stand in line."""
        with self._lock:
            if self._taken < self._places:
                self._taken += 1
                return True
            self._line.append(turn)
            return False

    def abandon(self, turn: Turn) -> None:
        """Leave the line; a place that was given in this very moment is passed on."""
        with self._lock:
            if turn in self._line:
                self._line.remove(turn)
                return
        self.leave()

    def leave(self) -> None:
        """Give the place up."""
        while (turn := self._next()) is not None and not turn.come():
            pass

    def _next(self) -> Turn | None:
        with self._lock:
            if self._line and self._taken <= self._places:
                return self._line.popleft()
            self._taken -= 1
            return None


class Pace:
    """The two lanes of a token, and the pause that a 429 asked for."""

    def __init__(self, reads: int, writes: int) -> None:
        self.reads = Lane(reads)
        self.writes = Lane(writes)
        self._refusal: Response | None = None
        self._until = 0.0

    def lane(self, request: Request) -> Lane:
        """The lane for a request."""
        return self.reads if request.method == "GET" else self.writes

    def pause(self) -> float:
        """Seconds for which nothing may be sent."""
        return self._until - time.monotonic()

    def note(self, response: Response) -> None:
        """Hold everybody back if it is a 429."""
        if response.status == _TOO_MANY:
            seconds = wait_asked(response, time.time())
            pause = _USUAL_PAUSE if seconds is None else min(max(0.0, seconds), _LONGEST_PAUSE)
            until = time.monotonic() + pause
            self._until, self._refusal = max(self._until, until), response

    def refusal(self, seconds: float) -> Response:
        """The last 429 once more, with what is left of its wait."""
        last = self._refusal or Response(_TOO_MANY)
        others = tuple(pair for pair in last.headers if pair[0] != "retry-after")
        return attrs.evolve(last, headers=(("retry-after", str(math.ceil(seconds))), *others))


_SALT: Final = os.urandom(16)
_paces: WeakValueDictionary[bytes, Pace] = WeakValueDictionary()
_paces_lock: Final = threading.Lock()


def pace_of(token: Secret, base_url: str, *, reads: int, writes: int) -> Pace:
    """The pace of a token at a service; where several are asked for, the narrowest holds for all."""
    key = hashlib.blake2b(f"{base_url.rstrip('/')} {token.reveal()}".encode(), key=_SALT).digest()
    with _paces_lock:
        pace = _paces.setdefault(key, Pace(reads, writes))
    pace.reads.narrow(reads)
    pace.writes.narrow(writes)
    return pace


@attrs.frozen
class PacedSender:
    """Waits for its turn before it sends, within the caller's time.

    When the pause that the service asked for is longer than that, it answers with the service's 429 at once.
    """

    sender: Sender
    pace: Pace

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `Sender.send`.

        Raises:
            NotSent: No place was free in time.
        """
        end = _end(timeout)
        lane = self.pace.lane(request)
        turn = _ThreadTurn()
        if not lane.enter(turn) and not turn.waited(lane, _left(end)):
            raise _crowded(request)
        try:
            while (pause := self.pace.pause()) > 0:
                if pause >= _left(end):
                    return self.pace.refusal(pause)
                time.sleep(pause)
            response = self.sender.send(request, timeout=None if timeout is None else _left(end))
            self.pace.note(response)
            return response
        finally:
            lane.leave()


@attrs.frozen
class AsyncPacedSender:
    """`PacedSender` for asyncio."""

    sender: AsyncSender
    pace: Pace

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `PacedSender.send`."""
        end = _end(timeout)
        lane = self.pace.lane(request)
        turn = _TaskTurn()
        if not lane.enter(turn) and not await turn.waited(lane, _left(end)):
            raise _crowded(request)
        try:
            while (pause := self.pace.pause()) > 0:
                if pause >= _left(end):
                    return self.pace.refusal(pause)
                await asyncio.sleep(pause)
            response = await self.sender.send(request, timeout=None if timeout is None else _left(end))
            self.pace.note(response)
            return response
        finally:
            lane.leave()


class _ThreadTurn:
    def __init__(self) -> None:
        self._event = threading.Event()

    def come(self) -> bool:
        self._event.set()
        return True

    def waited(self, lane: Lane, seconds: float) -> bool:
        is_ours = False
        try:
            is_ours = self._event.wait(min(seconds, threading.TIMEOUT_MAX))
        finally:
            if not is_ours:
                lane.abandon(self)
        return is_ours


class _TaskTurn:
    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def come(self) -> bool:
        """Whoever gives up the place may be another thread."""
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:  # the loop is closed
            return False
        return True

    async def waited(self, lane: Lane, seconds: float) -> bool:
        is_ours = False
        try:
            async with asyncio.timeout(None if seconds == math.inf else seconds):
                is_ours = await self._event.wait()
        except TimeoutError:
            pass
        finally:
            if not is_ours:
                lane.abandon(self)
        return is_ours


def _end(timeout: float | None) -> float:
    return math.inf if timeout is None else time.monotonic() + timeout


def _left(end: float) -> float:
    return end - time.monotonic()


def _crowded(request: Request) -> NotSent:
    return NotSent(request.method, request.template, "too many requests with this token are in flight")
