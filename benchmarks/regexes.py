"""Regexes that are meant to be slow: how long each is looked at when a file is loaded, and a search takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from tests.teams.test_regex_safety import BOUNDED, REFUSED

from sentry_governed.errors import ConfigError
from sentry_governed.teams import Term
from sentry_governed.teams._regex import regex_of

TIMES = 5


def measure() -> dict[str, float]:
    """Milliseconds of the slowest of the corpus, each the best of five."""
    return {
        "refuse": max(_milliseconds(lambda pattern=pattern: _load(pattern)) for pattern, *_ in REFUSED),
        "accept": max(_milliseconds(lambda pattern=pattern: _load(pattern)) for pattern, _ in BOUNDED),
        "search": max(_search(pattern, pump) for pattern, pump in BOUNDED),
    }


def _load(pattern: str) -> None:
    regex_of.cache_clear()
    with contextlib.suppress(ConfigError):
        Term("k", "regex", pattern)


def _search(pattern: str, pump: str) -> float:
    term = Term("k", "regex", pattern)
    values = (pump * 1_024, pump * 100 + "#" + pump * 1_000, pump * 511 + "!", "x" + pump * 1_024)
    return max(_milliseconds(lambda value=value: term.holds((value,))) for value in values)


def _milliseconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(TIMES):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best * 1_000
