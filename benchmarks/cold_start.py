"""What a fresh process pays: importing the package, and loading 215 rules and routing one event."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RULES = 215
ROUTE = """
import sentry_governed as sg
sg.Teams.load({path!r}).route({{"service": "service-100", "level": "error"}})
"""


def teams_file(rules: int = RULES) -> str:
    """A list of ten teams that share the rules: mostly one exact term, some regexes, some pairs."""
    lines = []
    for team in range(10):
        lines.append(f"- Name: Team {team}\n  AsanaBacklogId: '{1000 + team}'\n  Entities: [")
        for number in range(team, rules, 10):
            match number % 6:
                case 0:
                    terms = f'"functionname:/job-{number}-.*/"'
                case 1:
                    terms = f'"service:service-{number}", "environment:prod"'
                case _:
                    terms = f'"service:service-{number}"'
            lines.append(f"    {{Matchers: [{terms}]}},")
        lines.append("  ]")
    return "\n".join(lines) + "\n"


def _seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def measure(rounds: int = 15) -> dict[str, float]:
    """Median wall milliseconds over a bare interpreter, measured in turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "teams.yaml")
        path.write_text(teams_file())
        codes = {
            "bare": "pass",
            "import sentry_governed": "import sentry_governed",
            f"load {RULES} rules + first route": ROUTE.format(path=str(path)),
        }
        for code in codes.values():
            _seconds(code)
        times = {name: [] for name in codes}
        for _ in range(rounds):
            for name, code in codes.items():
                times[name].append(_seconds(code))
    medians = {name: statistics.median(values) * 1e3 for name, values in times.items()}
    bare = medians.pop("bare")
    return {name: median - bare for name, median in medians.items()}
