"""Comparing two files of 10,000 rules."""

from __future__ import annotations

import statistics
import time

from benchmarks.engine import teams_file
from sentry_governed.teams import Teams

RULES = 10_000
CHANGED = 100


def measure(rounds: int = 3) -> dict[str, float]:
    """Median seconds to compare a file with itself, one with changed rules, and one with a rule for all."""
    lines = teams_file(RULES).splitlines()
    rules = [number for number, line in enumerate(lines) if "Matchers" in line]
    changed = list(lines)
    for number in rules[:: RULES // CHANGED]:
        changed[number] = changed[number].replace(":", ":x", 2).replace("Matchers:x", "Matchers:")
    catch_all = [*lines[: rules[0]], '    {Matchers: ["!region"], Priority: 9},', *lines[rules[0] :]]
    others = {
        "comments only": ["# the same", *lines],
        f"{CHANGED} rules changed": changed,
        "one rule that takes everything": catch_all,
    }
    return {name: _seconds(lines, other, rounds) for name, other in others.items()}


def _seconds(lines: list[str], other: list[str], rounds: int) -> float:
    """Each round has files of its own, as a regex is compiled only once for each."""
    times: list[float] = []
    for _ in range(rounds):
        old, new = Teams.parse("\n".join(lines)), Teams.parse("\n".join(other))
        start = time.perf_counter()
        found = old.diff(new)
        times.append(time.perf_counter() - start)
        assert found.certain is (not found.moves)
    return statistics.median(times)
