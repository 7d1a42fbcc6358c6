"""`sentry-governed teams diff`: what changes in effect between two teams files?"""

from __future__ import annotations

import sys

import click

from sentry_governed.cli._io import as_json_text, readable, refusals, show
from sentry_governed.cli._recorded import Recording, recorded, recording
from sentry_governed.teams import Diff, Teams


@click.command()
@click.argument("old", type=readable())
@click.argument("new", type=readable())
@click.option("--alerts", type=recorded(), help="Recorded alerts, as for `teams backtest`.")
@click.option("--default", metavar="TEAM", help="The default team of files that declare none.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a comment for a pull request.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@click.option("--allow-moves", is_flag=True, help="Exit with 0 although events move.")
@refusals
def diff(
    *,
    old: str,
    new: str,
    alerts: str | None,
    default: str | None,
    as_markdown: bool,
    as_json: bool,
    allow_moves: bool,
) -> None:
    """Say which events change their owner when the file NEW takes the place of OLD.

    Events are made from the rules of both files and routed in both. With --alerts recorded alerts are routed
    in both too, and those that move are counted. Comments, layout and names of files make no difference.

    \b
    sentry-governed teams diff <(git show main:teams.yaml) teams.yaml --alerts alerts.ndjson

    Exit codes: 0 nothing moves that was tried, or it may, 1 events move, a file was refused, or a line of the
    recorded alerts, 2 wrong usage.
    """
    if as_markdown and as_json:
        raise click.UsageError("give --markdown or --json, not both")
    before, after = Teams.load(old, default=default), Teams.load(new, default=default)
    if alerts is None:
        read, found = Recording("-"), before.diff(after)
    else:
        with recording(alerts) as read:
            found = before.diff(after, read)
    _print(found, as_markdown=as_markdown, as_json=as_json)
    read.finish()
    if found.moves and not allow_moves:
        sys.exit(1)


def _print(found: Diff, *, as_markdown: bool, as_json: bool) -> None:
    if as_json:
        click.echo(as_json_text(found.to_json()))
    elif as_markdown:
        click.echo(found.to_markdown(), nl=False)
    else:
        show(str(found).splitlines())
