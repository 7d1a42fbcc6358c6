"""`sentry-governed teams schema`: the format of a teams file, for editors."""

from __future__ import annotations

import click

from sentry_governed.cli._io import as_json_text, refusals
from sentry_governed.teams import file_schema


@click.command()
@refusals
def schema() -> None:
    """Print a JSON Schema (draft 2020-12) of teams files, for editors.

    Put it beside the file and name it in the file's first line:

    \b
    sentry-governed teams schema > teams.schema.json
    # yaml-language-server: $schema=teams.schema.json

    It accepts every file that loads, and cannot see all that is wrong with one that does not: `teams check`
    can.

    Exit codes: 0 printed, 2 wrong usage.
    """
    click.echo(as_json_text(file_schema()))
