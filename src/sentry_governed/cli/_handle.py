"""`sentry-governed handle`: does for one recorded alert what the running service does."""

from __future__ import annotations

import math
import sys
from typing import Final

import attrs
import click

from sentry_governed.cli._io import as_json_text, read_alert, readable, refusals, shadow_lines, show
from sentry_governed.routing import (
    Commented,
    Created,
    Deferred,
    Duplicate,
    Outcome,
    Rejected,
    Skipped,
    Uncertain,
)
from sentry_governed.settings import Settings, open_router

_EXIT_CODES: Final[dict[type[Outcome], int]] = {Rejected: 1, Deferred: 3, Uncertain: 3}


@click.command()
@click.option("--config", required=True, type=readable(), help="The configuration file.")
@click.option("--payload", required=True, type=readable(), help="The webhook's body, as it was received.")
@click.option(
    "--headers",
    type=readable(),
    help="The webhook's headers: a JSON object of name to value. "
    "Without it the source is told from the body's shape.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@refusals
def handle(*, config: str, payload: str, headers: str | None, as_json: bool) -> None:
    """Make the task of a recorded alert, as the running service would.

    This is how a lost alert is made up for by hand. It uses the configured ledger, so that an alert which has
    a task gets no second one. To see what it would do, use the command `route` first.

    Signatures are not checked: whoever runs this vouches for the file. Secrets come from the environment
    variables that the configuration names.

    \b
    sentry-governed handle --config sentry-governed.yaml --payload alert.json

    Exit codes: 0 settled (a task or comment was made, was there already, or is not wanted), 1 a file, the
    configuration or the alert was refused, 2 wrong usage, 3 try again after the seconds that are shown.
    """
    settings = Settings.load(config)
    alert = read_alert(payload, headers)
    with open_router(settings) as runtime:
        outcome = runtime.router.handle(alert)
    if as_json:
        click.echo(as_json_text({"outcome": type(outcome).__name__.lower(), **attrs.asdict(outcome)}))
    else:
        show(_lines(outcome))
    sys.exit(_EXIT_CODES.get(type(outcome), 0))


def _lines(outcome: Outcome) -> list[str]:
    lines = [f"Outcome    {type(outcome).__name__}: {_meaning(outcome)}"]
    if outcome.key:
        lines.append(f"Key        {outcome.key}")
    shadow = [] if isinstance(outcome, Deferred | Uncertain) else shadow_lines(outcome.shadow)
    match outcome:
        case Created() | Commented():
            lines += [
                f"Task       {outcome.url}",
                f"Team       {outcome.team}",
                f"Why        {outcome.reason}",
            ]
        case Duplicate():
            lines.append(f"Task       {outcome.url}")
        case _:
            return lines + shadow
    if isinstance(outcome, Created):
        lines.append(f"Projects   {', '.join(outcome.projects)}")
    return lines + shadow + [f"Note       {note}" for note in outcome.notes]


def _meaning(outcome: Outcome) -> str:
    match outcome:
        case Created():
            return "a task was created"
        case Commented():
            return "an earlier task was commented on"
        case Duplicate():
            return "the task was there already"
        case Skipped():
            return outcome.reason
        case Rejected():
            return outcome.problem
        case Deferred() | Uncertain():
            return f"{outcome.reason}; try again after {math.ceil(outcome.retry_after)} s"
