"""What services announce about their future, in headers: each announcement is passed on once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import attrs

from sentry_governed._values import Request, Response
from sentry_governed.typing import AsyncSender, Sender

_REMEMBERED: Final = 1000
_LOG: Final = logging.getLogger("sentry_governed")


@attrs.frozen
class ServiceChange:
    """A change that a service announces.

    Attributes:
        service: `asana` or `sentry`.
        name: Of the change (Asana), or of the path template that is going away (Sentry).
        info: What the service says about it, such as an address or a date; one line.
        affected: Whether the request that learned of it will behave differently.
    """

    service: str
    name: str
    info: str = ""
    affected: bool = False


OnChange: TypeAlias = Callable[[ServiceChange], None]
Announced: TypeAlias = Callable[[Request, Response], Iterable[ServiceChange]]


def log_change(change: ServiceChange) -> None:
    """Log a warning to the logger `sentry_governed`: what is done unless a program asks for its own."""
    _LOG.warning("%s announces a change: %s %s", change.service, change.name, change.info)


class Watch:
    """Passes each announcement on once; an error of whoever is told is logged, for the request is done.

    Args:
        announced: Reads the announcements of one response.
        tell: Whom to tell.
    """

    def __init__(self, announced: Announced, tell: OnChange) -> None:
        self._announced = announced
        self._tell = tell
        self._lock = threading.Lock()
        self._seen: set[str] = set()

    def look(self, request: Request, response: Response) -> None:
        """Tell what a response announces for the first time."""
        for change in self._announced(request, response):
            if self._is_new(change.name):
                try:
                    self._tell(change)
                except Exception:  # noqa: BLE001  # the request went through: it must not look as if it had not
                    _LOG.warning("the callback for announced changes failed on %s", change.name)

    def _is_new(self, name: str) -> bool:
        with self._lock:
            if name in self._seen or len(self._seen) >= _REMEMBERED:
                return False
            self._seen.add(name)
            return True


@attrs.frozen
class WatchedSender:
    """Looks at every response on its way."""

    sender: Sender
    watch: Watch

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `Sender.send`."""
        response = self.sender.send(request, timeout=timeout)
        self.watch.look(request, response)
        return response


@attrs.frozen
class AsyncWatchedSender:
    """`WatchedSender` for asyncio."""

    sender: AsyncSender
    watch: Watch

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `AsyncSender.send`."""
        response = await self.sender.send(request, timeout=timeout)
        self.watch.look(request, response)
        return response
