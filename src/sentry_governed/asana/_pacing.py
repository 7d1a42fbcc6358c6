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
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

import attrs

from sentry_governed._http.retry import wait_asked
from sentry_governed._secret import Secret
from sentry_governed._values import Request, Response
from sentry_governed.errors import NotSent
from sentry_governed.typing import AsyncSender, Sender

_TOO_MANY: Final = 429
_USUAL_PAUSE: Final = 1.0


class Lane:
    """A number of places; who finds none waits in line, and a place that is given up goes to the first."""

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._places = places
        self._taken = 0
        self._line: deque[Callable[[], None]] = deque()

    def narrow(self, places: int) -> None:
        """Have at most so many places from now on."""
        with self._lock:
            self._places = min(self._places, places)

    def enter(self, wake: Callable[[], None]) -> bool:
        """Take a place, or stand in line: `wake` is called once a place is ours."""
        with self._lock:
            if self._taken < self._places and not self._line:
                self._taken += 1
                return True
            self._line.append(wake)
            return False

    def abandon(self, wake: Callable[[], None]) -> None:
        """Leave the line; a place that was given in this very moment is passed on."""
        with self._lock:
            if wake in self._line:
                self._line.remove(wake)
                return
        self.leave()

    def leave(self) -> None:
        """Give the place up."""
        with self._lock:
            if self._taken > self._places or not self._line:
                self._taken -= 1
                return
            wake = self._line.popleft()
        wake()


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
            until = time.monotonic() + (_USUAL_PAUSE if seconds is None else max(0.0, seconds))
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
    text = f"{base_url.rstrip('/')} {token.reveal()}"
    key = hashlib.blake2b(text.encode(), key=_SALT).digest()
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
        turn = threading.Event()
        wake = turn.set
        if not lane.enter(wake):
            self._stand_in_line(request, lane, turn, wake, end)
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

    @staticmethod
    def _stand_in_line(
        request: Request, lane: Lane, turn: threading.Event, wake: Callable[[], None], end: float
    ) -> None:
        is_ours = False
        try:
            is_ours = turn.wait(min(_left(end), threading.TIMEOUT_MAX))
        finally:
            if not is_ours:
                lane.abandon(wake)
        if not is_ours:
            raise _crowded(request)


@attrs.frozen
class AsyncPacedSender:
    """`PacedSender` for asyncio."""

    sender: AsyncSender
    pace: Pace

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `PacedSender.send`."""
        end = _end(timeout)
        lane = self.pace.lane(request)
        turn = asyncio.Event()
        wake = _waker(turn)
        if not lane.enter(wake):
            await self._stand_in_line(request, lane, turn, wake, end)
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

    @staticmethod
    async def _stand_in_line(
        request: Request, lane: Lane, turn: asyncio.Event, wake: Callable[[], None], end: float
    ) -> None:
        is_ours = False
        try:
            async with asyncio.timeout(None if end == math.inf else _left(end)):
                await turn.wait()
            is_ours = True
        except TimeoutError:
            pass
        finally:
            if not is_ours:
                lane.abandon(wake)
        if not is_ours:
            raise _crowded(request)


def _waker(turn: asyncio.Event) -> Callable[[], None]:
    """Whoever gives up a place may be another thread."""
    loop = asyncio.get_running_loop()
    return lambda: loop.call_soon_threadsafe(turn.set) and None
