"""What every command shares: arguments that are files, and how refusals are shown."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
from rich.console import Console
from rich.text import Text

from sentry_governed.alerts import Alert, Ignored, decode_alert
from sentry_governed.alerts._recorded import headers_of
from sentry_governed.errors import PayloadError, SentryGovernedError
from sentry_governed.routing import Shadowed
from sentry_governed.typing import JsonValue

P = ParamSpec("P")
T = TypeVar("T")

LABEL_WIDTH = 11


def readable() -> click.Path:
    """The type of an argument that names a file to read."""
    return click.Path(exists=True, dir_okay=False, readable=True)


def refusals(command: Callable[P, None]) -> Callable[P, None]:
    """Show the library's errors on standard error and exit with 1; a traceback is for our own bugs."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except SentryGovernedError as error:
            for line in str(error).splitlines():
                click.echo(printable(line), err=True)
            sys.exit(1)

    return wrapped


def printable(text: str) -> str:
    """The text with everything escaped that could speak to a terminal or break its line."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def show(lines: list[str]) -> None:
    """Print lines whose first columns are a label; on a terminal it stands out, elsewhere it is plain."""
    console = Console(highlight=False, soft_wrap=True)
    for line in map(printable, lines):
        console.print(Text.assemble((line[:LABEL_WIDTH], "bold cyan"), line[LABEL_WIDTH:]))


def shadow_lines(shadow: Shadowed | None) -> list[str]:
    """What rules that are tried out would have done otherwise, if anything."""
    return [] if shadow is None else [f"Shadow     {shadow}: {shadow.reason}"]


def as_json_text(value: JsonValue) -> str:
    """JSON for machines, in ASCII so that no terminal or pipe changes it."""
    return json.dumps(value, indent=2)


def read_alert(payload: str, headers: str | None) -> Alert | Ignored:
    """The alert of a recorded webhook, unverified: whoever runs the command vouches for the file.

    Raises:
        PayloadError: A file is not what it should be; the message names it.
    """
    known = _decoded(headers, headers_of) if headers else None
    return _decoded(payload, functools.partial(decode_alert, headers=known))


def _decoded(file: str, decode: Callable[[bytes], T]) -> T:
    try:
        return decode(Path(file).read_bytes())
    except PayloadError as error:
        problem = f"{file}: {error}"
    raise PayloadError(problem)
