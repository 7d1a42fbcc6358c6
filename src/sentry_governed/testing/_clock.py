"""A clock that stands still until it is told to move."""

from __future__ import annotations

import threading

START = 1_767_225_600.0
"""2026-01-01T00:00:00Z, the moment at which a frozen clock starts unless told otherwise."""


class FrozenClock:
    """A `Clock` that only moves when `advance` or `sleep` moves it; several threads may share it.

    Args:
        start: Seconds since the epoch.
    """

    def __init__(self, start: float = START) -> None:
        self._lock = threading.Lock()
        self._start = start
        self._elapsed = 0.0

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._start + self._elapsed

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Move forward.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: {seconds}")
        with self._lock:
            self._elapsed += seconds

    def sleep(self, seconds: float) -> None:
        """Advance instead of waiting: pass it where a function that sleeps is asked for."""
        self.advance(seconds)
