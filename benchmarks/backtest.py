"""Routing recorded alerts, reading their lines included."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.engine import EVENT, teams_file
from sentry_governed.cli._recorded import Recording
from sentry_governed.teams import Teams

RULES = 10_000
ALERTS = 50_000
BODIES = 1_000
_BODY = Path(__file__).parent.parent / "examples" / "alerts" / "event_alert.json"


def _line(number: int) -> str:
    """A line of 17 tags; of five alerts three hang on a rule's exact term, one on its regex, one on none."""
    tags = {**EVENT, "user": f"id:{number}"}
    if number % 5 < 3:
        tags["service"] = f"service-{number * 20 % RULES + 5}"
    elif number % 5 == 3:
        tags["functionname"] = f"job-{number * 20 % RULES}-export"
    return json.dumps({"tags": tags})


def _rate(work: Callable[[], object], count: int, rounds: int = 5) -> float:
    """How many a second, the median of some rounds."""
    times: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return count / statistics.median(times)


def _only_json(bodies: Path) -> None:
    with bodies.open("rb") as file:
        for line in file:
            json.loads(line)


def measure() -> dict[str, float]:
    """Alerts a second: facts, facts that no rule matches, webhook bodies, and only `json.loads` of these."""
    teams = Teams.parse(teams_file(RULES))
    with tempfile.TemporaryDirectory() as folder:
        facts, misses, bodies = (Path(folder) / name for name in ("facts", "misses", "bodies"))
        facts.write_text("".join(f"{_line(number)}\n" for number in range(ALERTS)))
        misses.write_text("".join(f"{_line(5 * number + 4)}\n" for number in range(ALERTS)))
        bodies.write_bytes((_BODY.read_bytes().strip() + b"\n") * BODIES)
        found = teams.backtest(Recording(str(facts)))
        assert (found.alerts, found.default) == (ALERTS, ALERTS // 5)
        return {
            "facts": _rate(lambda: teams.backtest(Recording(str(facts))), ALERTS),
            "misses": _rate(lambda: teams.backtest(Recording(str(misses))), ALERTS),
            "bodies": _rate(lambda: teams.backtest(Recording(str(bodies))), BODIES),
            "json": _rate(lambda: _only_json(bodies), BODIES),
        }
