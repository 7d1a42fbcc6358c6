"""One assertion for all that a teams file has to do."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

import attrs

from sentry_governed.asana import TaskBuilder
from sentry_governed.teams import Teams
from sentry_governed.testing._cases import Case
from sentry_governed.testing._cases_check import Result, results
from sentry_governed.testing._cases_file import load_cases


def assert_routes(
    teams: Teams, cases: str | os.PathLike[str] | Iterable[Case], *, builder: TaskBuilder | None = None
) -> None:
    """Fail unless every case comes out as it expects.

    Args:
        teams: The rules.
        cases: The path of a file of cases, or cases.
        builder: Builds the tasks of cases that state placement or priority.

    Raises:
        AssertionError: Its text lists every case that fails: what was expected, what happened, and why.
        CasesFileError: The file of cases has problems.
        ConfigError: There are no cases, or one of them needs a builder.
    """
    __tracebackhide__ = True
    listed = load_cases(cases) if isinstance(cases, str | os.PathLike) else tuple(cases)
    found = results(teams, listed, builder)
    failed = [result for result in found if not result.passed]
    if failed:
        raise AssertionError("\n".join([f"{len(failed)} of {len(found)} cases failed", *report(failed)]))


def report(failed: Iterable[Result]) -> list[str]:
    """The failures in words: each with its name, what was not as expected, and why."""
    lines: list[str] = []
    for result in failed:
        place = f"{result.case.location}: " if result.case.location else ""
        lines.append(f"{place}{result.case.name}")
        lines += (f"    {difference}" for difference in result.differences)
        lines.append(f"    why: {result.why}")
    return lines


@attrs.frozen
class Reach:
    """How many cases come to a rule.

    Attributes:
        location: Where the rule stands.
        rule: Its terms.
        team: Whose it is; None for an ignore rule.
        cases: Of how many cases it decided.
    """

    location: str
    rule: str
    team: str | None
    cases: int


def coverage(teams: Teams, found: tuple[Result, ...]) -> tuple[Reach, ...]:
    """How often each rule decided, the ignore rules last; a rule that only matched does not count."""
    routes = [result.route for result in found if result.route]
    won = Counter(route.match.location for route in routes if route.match and not route.ignored)
    ignored = Counter(route.ignore.location for route in routes if route.ignore)
    return (
        *(Reach(rule.location, str(rule.rule), rule.team.name, won[rule.location]) for rule in teams.rules),
        *(Reach(rule.location, str(rule.rule), None, ignored[rule.location]) for rule in teams.ignores),
    )
