"""A frozen clock moves when it is told to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sentry_governed.testing import FrozenClock
from sentry_governed.typing import Clock


def test_stands_still() -> None:
    """Both of its times move together, and only by `advance` and `sleep`."""
    clock: Clock = FrozenClock(1000)
    assert isinstance(clock, FrozenClock)
    assert (clock.time(), clock.monotonic()) == (1000, 0)
    clock.advance(1.5)
    clock.sleep(2)
    assert (clock.time(), clock.monotonic()) == (1003.5, 3.5)


def test_start() -> None:
    """It starts with the year 2026."""
    assert FrozenClock().time() == 1_767_225_600


def test_never_back() -> None:
    """It does not go back."""
    clock = FrozenClock(1000)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1)
    assert clock.time() == 1000


def test_shared() -> None:
    """Threads that share it lose no second."""
    clock = FrozenClock(0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(clock.advance, [1] * 2000))
    assert clock.time() == 2000
