"""Routing one event at any number of rules, beside trying every rule, and loading and holding them."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.teams.naive import matching, ranked

from sentry_governed.teams import Match, Teams
from sentry_governed.teams._facts import facts_of

SIZES = (215, 1_000, 10_000, 100_000)

EVENT = {
    "environment": "prod",
    "level": "error",
    "release": "shop@4.17.2",
    "server_name": "ip-10-0-3-41.eu-west-1.compute.internal",
    "transaction": "/api/v2/orders/{order_id}/items",
    "url": "https://shop.example.com/api/v2/orders/81723/items?currency=eur",
    "title": "TimeoutError: no answer from inventory within 3000 ms",
    "browser": "Chrome 126.0.0",
    "browser.name": "Chrome",
    "client_os": "Windows 10",
    "device.family": "Other",
    "runtime": "CPython 3.11.7",
    "handled": "no",
    "mechanism": "logging",
    "user": "id:18273645",
    "functionname": "shop-orders-export-eu",
    "service": "storefront-gateway",
}


def teams_file(rules: int) -> str:
    """Ten teams that share the rules: of 20, 14 have one exact term, 3 a regex, 3 two terms."""
    lines = ["version: 1\ndefault: Team 0\nteams:"]
    for team in range(10):
        lines.append(f"- Name: Team {team}\n  Entities: [")
        lines += [f"    {{Matchers: [{_terms(number)}]}}," for number in range(team, rules, 10)]
        lines.append("  ]")
    return "\n".join(lines) + "\n"


def _terms(number: int) -> str:
    match number % 20:
        case 0:
            return f"'functionname:/^job-{number}-.*/'"
        case 7:
            return f"'url:/\\/shops\\/{number}\\/.*\\/items/'"
        case 14:
            return f"'title:/(Timeout|Connection)Error.*warehouse-{number}/'"
        case 3 | 9:
            return f'"service:service-{number}", "environment:prod"'
        case 17:
            return f'"service:service-{number}", "!environment:dev"'
        case _:
            return f'"service:service-{number}"'


def one_team(terms: Callable[[int], str], rules: int = 10_000) -> str:
    """One team with rules of these terms."""
    listed = "\n".join(f"    {{Matchers: [{terms(number)}]}}," for number in range(rules))
    return f"default: A\nteams:\n- Name: A\n  Entities: [\n{listed}\n  ]\n"


def _shared_literal(number: int) -> str:
    return f"'title:/Timeout.*[{number}][x]$/'"


def _no_literal(number: int) -> str:
    return f"'title:/^[A-Z][a-z]{{{number % 50 + 1}}}[0-9]+[{number}]$/'"


def _negations(number: int) -> str:
    return f"'!service', '!user:{number}'"


def _shared_term(number: int) -> str:
    return f"'level:error', '!service', '!user:{number}'"


WORST: Mapping[str, Callable[[int], str]] = {
    "one literal that 10,000 rules share": _shared_literal,
    "10,000 regexes without a literal": _no_literal,
    "10,000 rules of negations, none of which holds": _negations,
    "one exact term that 10,000 rules share": _shared_term,
}


def _microseconds(work: Callable[[], object], seconds: float = 0.3) -> float:
    """The median time of one call, over runs of calls that take long enough to be measured."""
    start = time.perf_counter()
    work()
    calls = max(1, int(0.002 / max(time.perf_counter() - start, 1e-7)))
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        for _ in range(calls):
            work()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times) * 1e6


def _naive(teams: Teams) -> Callable[[Mapping[str, str | tuple[str, ...]]], Match | None]:
    """Routing without the index: every rule is tried, the best first, up to the one that matches."""
    declared = teams._declared  # noqa: SLF001 - what the file says
    rules = ranked(declared.matches)
    return lambda tags: next(matching(rules, facts_of(tags, declared.prefixes)), None)


Routes = dict[tuple[int, str], tuple[float, float]]


def measure_routes() -> Routes:
    """Median microseconds of one route by number of rules and kind of event: with the index, and naive."""
    found: Routes = {}
    for rules in SIZES:
        teams = Teams.parse(teams_file(rules))
        naive = _naive(teams)
        events: dict[str, Mapping[str, str | tuple[str, ...]]] = {
            "miss": EVENT,
            "miss, an alert's facts": {name: (value,) for name, value in EVENT.items()},
            "hit": {**EVENT, "service": f"service-{rules // 20 * 20 - 15}"},
            "hit by a regex": {
                **EVENT,
                "title": f"ConnectionError at warehouse-{rules // 20 * 20 - 6} (prod)",
            },
        }
        for kind, event in events.items():
            assert teams.match(event) == naive(event), kind
            assert (teams.match(event) is None) is kind.startswith("miss"), kind
            found[rules, kind] = (
                _microseconds(partial(teams.route, event)),
                _microseconds(partial(naive, event)),
            )
    return found


def measure_worst() -> dict[str, tuple[float, float]]:
    """Median microseconds of one route where the index helps least: with the index, and naive."""
    found: dict[str, tuple[float, float]] = {}
    for name, terms in WORST.items():
        teams = Teams.parse(one_team(terms))
        naive = _naive(teams)
        assert teams.match(EVENT) is naive(EVENT) is None, name
        found[name] = _microseconds(partial(teams.route, EVENT)), _microseconds(partial(naive, EVENT))
    return found


def measure_load(rounds: int = 5) -> dict[str, float]:
    """Median seconds to read 10,000 rules and index them, each time in a process of its own."""
    times: dict[str, list[float]] = {name: [] for name in LOADS}
    for _ in range(rounds):
        for name in LOADS:
            times[name].append(_in_process("load", name))
    return {name: statistics.median(values) for name, values in times.items()}


def measure_memory() -> float:
    """The most megabytes that a process takes which loads 100,000 rules and routes one event."""
    return _in_process("memory", "")


LOADS: Mapping[str, Callable[[], str]] = {
    "as above": lambda: teams_file(10_000),
    "with a regex each": lambda: one_team(lambda number: f"'functionname:/^job-{number}-.*/'"),
}


def _in_process(what: str, which: str) -> float:
    command = [sys.executable, "-m", "benchmarks.engine", what, which]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _load(which: str) -> float:
    text = LOADS[which]()
    Teams.parse("- Name: A\n  Entities: [Matchers: ['k:/a*/']]")
    start = time.perf_counter()
    Teams.parse(text)
    return time.perf_counter() - start


def _memory() -> float:
    Teams.parse(teams_file(SIZES[-1])).route(EVENT)
    return _most_kilobytes() / 1_024


def _most_kilobytes() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # there ru_maxrss begins with the size of whoever started the process
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line)


if __name__ == "__main__":
    print(_load(sys.argv[2]) if sys.argv[1] == "load" else _memory())
