"""`sentry-governed teams check`: does a teams file load?"""

from __future__ import annotations

import click

from sentry_governed.cli._io import readable, refusals
from sentry_governed.teams import Teams


@click.command()
@click.argument("file", type=readable())
@refusals
def check(file: str) -> None:
    """Load FILE and print every problem in it, one a line, as FILE:LINE:COLUMN.

    Exit codes: 0 the file loads, 1 it has problems, 2 wrong usage.
    """
    loaded = Teams.load(file)
    default = f"default {loaded.default}" if loaded.default else "no default team"
    click.echo(f"{file}: ok, {len(loaded.teams)} teams, {default}")
