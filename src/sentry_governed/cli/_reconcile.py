"""`sentry-governed reconcile`: makes up for webhooks that never came."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Final

import attrs
import click

from sentry_governed.cli._io import as_json_text, readable, refusals, show
from sentry_governed.cli._outcomes import exit_code, meaning
from sentry_governed.errors import ConfigError
from sentry_governed.routing import AsyncReconciler, Commented, Created, Outcome, ReconcileReport
from sentry_governed.settings import Settings, open_async_router, parse_duration

_TRY_AGAIN: Final = 3


def _seconds(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else parse_duration(value)
    except ConfigError as error:
        problem = str(error)
    raise click.BadParameter(problem)


def _some_seconds(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    found = _seconds(context, parameter, value)
    if found == 0:
        raise click.BadParameter(f"{value!r} is no time at all; write one such as 90s, 15m or 1h")
    return found


@click.command()
@click.option("--config", required=True, type=readable(), help="The configuration file.")
@click.option(
    "--since",
    required=True,
    metavar="TIME",
    callback=_some_seconds,
    help="How far back, such as 90s, 15m, 1h or 2d: by when an issue was first seen.",
)
@click.option(
    "--project", "projects", multiple=True, metavar="SLUG", help="Only this project; may be repeated."
)
@click.option(
    "--query",
    default="is:unresolved",
    show_default=True,
    help="Sentry's search; an empty one finds issues of every status.",
)
@click.option(
    "--grace",
    metavar="TIME",
    callback=_seconds,
    help="Leave issues alone that are younger than this: their webhooks may be on their way.",
)
@click.option(
    "--deadline", metavar="TIME", callback=_some_seconds, help="Begin no further issue after so long."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@refusals
def reconcile(
    *,
    config: str,
    since: float,
    projects: tuple[str, ...],
    query: str,
    grace: float | None,
    deadline: float | None,
    as_json: bool,
) -> None:
    """Make the tasks of Sentry issues that none of the webhooks has made one for.

    It lists the issues of the configured organization that were first seen lately, leaves those alone that
    have a task, and handles the others as the running service would handle a webhook about their latest
    event. It may run beside the service: of both only one makes the first task of an issue.

    \b
    sentry-governed reconcile --config sentry-governed.yaml --since 1h

    Exit codes: 0 every issue has a task or wants none, 1 a problem is shown (an issue or the list could not
    be read, or a task was refused) or the configuration was refused, 2 wrong usage, 3 some have to be tried
    again.
    """
    settings = Settings.load(config)

    async def work() -> ReconcileReport:
        async with open_async_router(settings) as runtime:
            return await AsyncReconciler(runtime.router).reconcile(
                since, projects=projects, query=query, grace=grace or 0.0, deadline=deadline
            )

    report = asyncio.run(work())
    if as_json:
        click.echo(_json(report))
    else:
        show(list(_lines(report)))
    codes = {exit_code(outcome) for outcome in report.outcomes}
    sys.exit(1 if report.problems or 1 in codes else _TRY_AGAIN if _TRY_AGAIN in codes else 0)


def _json(report: ReconcileReport) -> str:
    outcomes = [
        {"outcome": type(outcome).__name__.lower(), **attrs.asdict(outcome)} for outcome in report.outcomes
    ]
    return as_json_text(
        {
            "listed": report.listed,
            "covered": report.covered,
            "waiting": report.waiting,
            "withheld": report.withheld,
            "counts": {name.lower(): count for name, count in sorted(report.counts.items())},
            "outcomes": outcomes,
            "problems": list(report.problems),
        }
    )


def _lines(report: ReconcileReport) -> Iterator[str]:
    withheld = f", and {report.withheld} that policy withholds" if report.withheld else ""
    yield f"Issues     {report.listed}{withheld}"
    yield f"Covered    {report.covered}"
    if report.waiting:
        yield f"Waiting    {report.waiting}"
    for outcome in report.outcomes:
        yield f"{type(outcome).__name__:<10} {_told(outcome)}"
    for problem in report.problems:
        yield f"Problem    {problem}"


def _told(outcome: Outcome) -> str:
    if isinstance(outcome, Created | Commented):
        return f"{outcome.url} for {outcome.team}"
    return f"{outcome.key}: {meaning(outcome)}"
