"""`sentry-governed asana ...`: what has to be looked up in Asana before anything can be configured."""

from __future__ import annotations

import os

import attrs
import click

from sentry_governed._secret import Secret
from sentry_governed.asana import AsanaClient, AsanaConfig, FieldOption, ProjectField, is_gid
from sentry_governed.cli._io import as_json_text, printable, refusals
from sentry_governed.errors import ConfigError

_VARIABLE = "ASANA_PAT"


@click.group()
def asana() -> None:
    """Look things up in Asana."""


def _gid(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not is_gid(value):
        raise click.BadParameter("an Asana id is decimal digits; it is in the project's address")
    return value


@asana.command()
@click.option("--project", required=True, metavar="GID", callback=_gid, help="The project's id.")
@click.option("--base-url", default="https://app.asana.com", show_default=True, help="Where Asana is.")
@click.option("--allow-http", is_flag=True, help="Let the token travel in clear text, as to a fake.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, stable for machines.")
@refusals
def fields(project: str, base_url: str, *, allow_http: bool, as_json: bool) -> None:
    """List a project's custom fields and their options, with the ids that settings ask for.

    The token is taken from the environment variable ASANA_PAT. A team's AsanaTeamId is the id of its option
    in the team field.

    \b
    sentry-governed asana fields --project 1200000000000001

    Exit codes: 0 shown (also when the project has none), 1 Asana refused or could not be reached, 2 wrong
    usage.
    """
    token = os.environ.get(_VARIABLE)
    if not token:
        raise ConfigError(f"no token: set the environment variable {_VARIABLE}")
    config = AsanaConfig(token=Secret(token), base_url=base_url, allow_http=allow_http)
    with AsanaClient(config) as client:
        found = client.custom_field_settings(project)
    if as_json:
        click.echo(as_json_text([attrs.asdict(field) for field in found]))
    else:
        click.echo("\n".join(_table(found)) if found else "the project has no custom fields")


def _table(found: tuple[ProjectField, ...]) -> list[str]:
    """Aligned columns; the ids come first, so that names may be as long as they like."""
    rows = [("ID", "TYPE", "NAME")]
    for field in found:
        rows.append((field.gid, field.resource_subtype, printable(field.name)))
        rows += (
            ("  " + option.gid, _kind(option), "  " + printable(option.name)) for option in field.enum_options
        )
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"{gid:<{widths[0]}}  {kind:<{widths[1]}}  {name}" for gid, kind, name in rows]


def _kind(option: FieldOption) -> str:
    return "option" if option.enabled else "disabled"
