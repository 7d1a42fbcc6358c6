"""`sentry-governed teams backtest`: what would a teams file have made of recorded alerts?"""

from __future__ import annotations

import click

from sentry_governed.cli._io import as_json_text, readable, refusals, show
from sentry_governed.cli._recorded import recorded, recording
from sentry_governed.teams import Teams


@click.command()
@click.argument("file", type=readable())
@click.argument("alerts", type=recorded())
@click.option("--default", metavar="TEAM", help="The default team of a file that declares none.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@refusals
def backtest(*, file: str, alerts: str, default: str | None, as_json: bool) -> None:
    """Route the recorded ALERTS by FILE and count who would have owned them, and by which rules.

    Each line of ALERTS is {"tags": {...}}, perhaps with "at" and "id", or the body of a webhook. `-` is
    standard input. Any number of lines takes the same memory. Signatures are not checked.

    \b
    sentry-governed teams backtest teams.yaml alerts.ndjson
    zcat alerts.ndjson.gz | sentry-governed teams backtest teams.yaml -

    Exit codes: 0 counted, 1 FILE was refused, or a line of ALERTS (the others are counted), 2 wrong usage.
    """
    teams = Teams.load(file, default=default)
    with recording(alerts) as read:
        found = teams.backtest(read)
    if as_json:
        click.echo(as_json_text({"recording": read.to_json(), **found.to_json()}))
    else:
        show([f"Lines      {read.summary()}", *str(found).splitlines()])
    read.finish()
