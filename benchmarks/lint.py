"""Linting 10,000 rules: the usual mixture, and the files that leave most to compare."""

from __future__ import annotations

import statistics
import time

from benchmarks.engine import WORST, one_team, teams_file
from sentry_governed.teams import Teams

RULES = 10_000


def measure() -> dict[str, float]:
    """Seconds, medians of three; each time of a file just loaded, as on the command line."""
    files = {"the usual mixture": teams_file(RULES)}
    files |= {name: one_team(terms) for name, terms in WORST.items()}
    return {name: statistics.median(_lint(text) for _ in range(3)) for name, text in files.items()}


def _lint(text: str) -> float:
    teams = Teams.parse(text)
    start = time.perf_counter()
    teams.lint()
    return time.perf_counter() - start
