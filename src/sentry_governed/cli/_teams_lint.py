"""`sentry-governed teams lint`: what is wrong with a teams file although it loads?"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

import attrs
import click

from sentry_governed.cli._io import as_json_text, printable, readable, refusals
from sentry_governed.teams import SEVERITIES, Finding, Teams
from sentry_governed.typing import JsonValue

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


@click.command()
@click.argument("file", type=readable())
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, stable for machines.")
@click.option("--github", is_flag=True, help="Print workflow commands, which GitHub shows beside the lines.")
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "never"]),
    default="error",
    show_default=True,
    help="The mildest finding that makes the exit code 1.",
)
@click.option("--default", metavar="TEAM", help="The default team of a file that declares none.")
@refusals
def lint(*, file: str, as_json: bool, github: bool, fail_on: str, default: str | None) -> None:
    """Check what FILE says, beyond that it loads.

    It finds rules that never win or never match, rules of two teams that only their order keeps apart,
    literals that were meant as regexes, and more. A finding about two rules has the tags of an event that
    shows it.

    \b
    sentry-governed teams lint teams.yaml
    sentry-governed teams lint teams.yaml --github --fail-on warning

    Exit codes: 0 nothing as bad as --fail-on was found, 1 something was, or the file does not load, 2 wrong
    usage.
    """
    if as_json and github:
        raise click.UsageError("--json and --github exclude each other")
    found = Teams.load(file, default=default).lint()
    if as_json:
        click.echo(as_json_text([_fields(finding) for finding in found]))
    elif github:
        for finding in found:
            click.echo(_command(file, finding))
    else:
        _show(file, found)
    bad = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on in SEVERITIES else ()
    sys.exit(any(finding.severity in bad for finding in found))


def _fields(finding: Finding) -> dict[str, JsonValue]:
    line, column = finding.place
    return {"severity": finding.severity, "line": line, "column": column, **attrs.asdict(finding)}


def _show(file: str, found: Sequence[Finding]) -> None:
    for finding in found:
        click.echo(printable(str(finding)))
        if finding.witness is not None:
            click.echo(f"    {printable(_event(finding))}")
    counts = Counter(finding.severity for finding in found)
    told = ", ".join(f"{count} {each}{'s' * (count > 1)}" for each in SEVERITIES if (count := counts[each]))
    click.echo(f"{printable(file)}: {told or 'nothing found'}")


def _event(finding: Finding) -> str:
    tags = [f"{name}={value!r}" for name, values in (finding.witness or {}).items() for value in values]
    return f"seen with {' '.join(tags) or 'no tags at all'}"


def _command(file: str, finding: Finding) -> str:
    line, column = finding.place
    places = {"file": file, "line": str(line), "col": str(column), "title": finding.code}
    properties = ",".join(f"{name}={_escaped(value, in_property=True)}" for name, value in places.items())
    text = f"{finding.message} ({finding.hint})"
    if finding.witness is not None:
        text += f"\n{_event(finding)}"
    return f"::{_LEVELS[finding.severity]} {properties}::{_escaped(text)}"


def _escaped(text: str, *, in_property: bool = False) -> str:
    """The text as GitHub reads it back: a command is one line, and a property ends at a comma or colon."""
    for letter in "%\r\n" + ":," * in_property:
        text = text.replace(letter, f"%{ord(letter):02X}")
    return printable(text)
