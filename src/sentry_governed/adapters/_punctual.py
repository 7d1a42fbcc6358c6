"""HTTP connections that end when no request comes; uvicorn by itself waits for one without end."""

from __future__ import annotations

import asyncio
from typing import cast


def punctual(seconds: float) -> type[asyncio.Protocol]:
    """A protocol for uvicorn, whose connections hold a place among the others only while they use it.

    Args:
        seconds: How long a whole head of a request may take to come, after the connection was made or the
            last answer was given. Single bytes do not extend it.
    """
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Punctual(H11Protocol):
        _due: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast("asyncio.Transport", transport))
            self._await_request()

        def connection_lost(self, exc: Exception | None) -> None:
            self._await_nothing()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            self._await_request()
            super().on_response_complete()

        def _await_request(self) -> None:
            self._await_nothing()
            self._due = self.loop.call_later(seconds, self._end_unless_asked)

        def _await_nothing(self) -> None:
            if self._due is not None:
                self._due.cancel()

        def _end_unless_asked(self) -> None:
            cycle = getattr(self, "cycle", None)  # uvicorn types it as if there always were one
            if cycle is None or cycle.response_complete:
                self.transport.close()

    return Punctual
