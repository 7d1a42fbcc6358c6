"""`sentry-governed teams test`: does a teams file do what its cases say?"""

from __future__ import annotations

import sys

import attrs
import click

from sentry_governed.asana import TaskBuilder
from sentry_governed.cli._io import as_json_text, printable, readable, refusals
from sentry_governed.settings import Settings
from sentry_governed.teams import Teams
from sentry_governed.testing import load_cases
from sentry_governed.testing._cases_check import Result, results
from sentry_governed.testing._routes import Reach, coverage, report
from sentry_governed.typing import JsonValue


@click.command()
@click.argument("file", type=readable())
@click.argument("cases", metavar="CASES.yaml", type=readable())
@click.option("--coverage", "covers", is_flag=True, help="List the rules that no case reaches.")
@click.option(
    "--settings",
    "settings_file",
    type=readable(),
    help="The configuration file, for cases that state placement or priority; its asana and routing sections "
    "are read, secrets never are.",
)
@click.option("--default", metavar="TEAM", help="The default team of a file that declares none.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@refusals
def test(
    *, file: str, cases: str, covers: bool, settings_file: str | None, default: str | None, as_json: bool
) -> None:
    """Route every case of CASES.yaml with the rules of FILE, and say which ones come out otherwise.

    Nothing is sent. Every failure is shown with what was expected, what happened, and why.

    \b
    sentry-governed teams test teams.yaml cases.yaml --coverage

    Exit codes: 0 all cases pass (also where --coverage lists rules), 1 a case failed or a file was refused,
    2 wrong usage, also a case that states placement or priority without --settings.
    """
    settings = Settings.load(settings_file) if settings_file else None
    teams = Teams.load(file, default=default or (settings.routing.default_team if settings else None))
    loaded = load_cases(cases)
    unbuilt = [case for case in loaded if case.needs_builder]
    if unbuilt and settings is None:
        raise click.UsageError(f"{unbuilt[0].location} states placement or priority; give --settings")
    found = results(teams, loaded, TaskBuilder(settings.task) if settings else None)
    reach = coverage(teams, found) if covers else None
    if as_json:
        click.echo(as_json_text(_object(found, reach)))
    else:
        for line in _lines(cases, found, reach):
            click.echo(printable(line))
    sys.exit(0 if all(result.passed for result in found) else 1)


def _lines(file: str, found: tuple[Result, ...], reach: tuple[Reach, ...] | None) -> list[str]:
    failed = [result for result in found if not result.passed]
    said = f"{len(failed)} failed" if failed else "all pass"
    lines = [*report(failed), f"{file}: {len(found)} case{'' if len(found) == 1 else 's'}, {said}"]
    if reach is not None:
        missed = [rule for rule in reach if not rule.cases]
        lines.append(f"{len(reach) - len(missed)} of {len(reach)} rules reached")
        lines += (f"{each.location}: no case reaches {each.rule} ({_whose(each)})" for each in missed)
    return lines


def _whose(rule: Reach) -> str:
    return "ignore" if rule.team is None else rule.team


def _object(found: tuple[Result, ...], reach: tuple[Reach, ...] | None) -> dict[str, JsonValue]:
    failed = sum(not result.passed for result in found)
    shown: dict[str, JsonValue] = {
        "cases": [_case(result) for result in found],
        "failed": failed,
        "passed": len(found) - failed,
    }
    if reach is not None:
        shown["coverage"] = [attrs.asdict(rule) for rule in reach]
    return shown


def _case(result: Result) -> dict[str, JsonValue]:
    route = result.route
    return {
        "name": result.case.name,
        "location": result.case.location,
        "passed": result.passed,
        "team": route.team.name if route else None,
        "rule": route.match.location if route and route.match else None,
        "is_default": route.is_default if route else False,
        "ignored": route.ignored if route else False,
        "why": result.why,
        "differences": [attrs.asdict(difference) for difference in result.differences],
    }
