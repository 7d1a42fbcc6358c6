"""`sentry-governed handle`: does for one recorded alert what the running service does."""

from __future__ import annotations

import sys

import attrs
import click

from sentry_governed.cli._io import as_json_text, read_alert, readable, refusals, shadow_lines, show
from sentry_governed.cli._outcomes import exit_code, meaning
from sentry_governed.routing import Commented, Created, Deferred, Duplicate, Outcome, Uncertain
from sentry_governed.settings import Settings, open_router


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
    sys.exit(exit_code(outcome))


def _lines(outcome: Outcome) -> list[str]:
    lines = [f"Outcome    {type(outcome).__name__}: {meaning(outcome)}"]
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
