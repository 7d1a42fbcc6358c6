"""`sentry-governed teams explain`: who owns an event, and why not another team?"""

from __future__ import annotations

import click

from sentry_governed.alerts import Ignored
from sentry_governed.cli._io import as_json_text, read_alert, readable, refusals, show
from sentry_governed.teams import Teams
from sentry_governed.typing import HasFacts, Tags


@click.command()
@click.argument("file", type=readable())
@click.option("--payload", type=readable(), help="The webhook's body, as it was received.")
@click.option(
    "--headers",
    type=readable(),
    help="The webhook's headers: a JSON object of name to value. "
    "Without it the source is told from the body's shape.",
)
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="A tag; may be repeated.")
@click.option("--team", metavar="TEAM", help="Explain too why this team does not own it.")
@click.option("--default", metavar="TEAM", help="The default team of a file that declares none.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
@refusals
def explain(
    *,
    file: str,
    payload: str | None,
    headers: str | None,
    tags: tuple[str, ...],
    team: str | None,
    default: str | None,
    as_json: bool,
) -> None:
    """Explain which team of FILE owns an event, which rules are behind the winner, and why.

    The event is a recorded webhook, or tags. A name that is given more than once has several values.

    \b
    sentry-governed teams explain teams.yaml --payload alert.json
    sentry-governed teams explain teams.yaml --tag service=web --tag level=error --team Search

    Exit codes: 0 explained, 1 a file or the payload was refused, or there is no such team, 2 wrong usage.
    """
    event = _event(payload, headers, tags)
    if isinstance(event, Ignored):
        raise click.UsageError(f"{payload} is no alert: {event.kind}, {event.reason}")
    explanation = Teams.load(file, default=default).explain(event, team=team)
    if as_json:
        click.echo(as_json_text(explanation.to_json()))
    else:
        show(str(explanation).splitlines())


def _event(payload: str | None, headers: str | None, tags: tuple[str, ...]) -> Tags | HasFacts | Ignored:
    if payload is not None and not tags:
        return read_alert(payload, headers)
    if payload is not None or headers is not None or not tags:
        raise click.UsageError("give either --payload, perhaps with --headers, or --tag")
    event: dict[str, list[str]] = {}
    for tag in tags:
        name, equals, value = tag.partition("=")
        if not name or not equals:
            raise click.UsageError(f"--tag {tag!r} is not NAME=VALUE")
        event.setdefault(name, []).append(value)
    return event
