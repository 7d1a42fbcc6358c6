"""What every command shares: arguments that are files, and how refusals are shown."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec

import click
from rich.console import Console
from rich.text import Text

from sentry_governed._convert import is_object
from sentry_governed.errors import PayloadError, SentryGovernedError
from sentry_governed.typing import JsonValue

P = ParamSpec("P")

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
            click.echo(str(error), err=True)
            sys.exit(1)

    return wrapped


def show(lines: list[str]) -> None:
    """Print lines whose first columns are a label; on a terminal it stands out, elsewhere it is plain."""
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble((line[:LABEL_WIDTH], "bold cyan"), line[LABEL_WIDTH:]))


def as_json_text(value: JsonValue) -> str:
    """JSON for machines, which people can read too."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def read_headers(file: str | None) -> Mapping[str, str] | None:
    """The headers of a recorded webhook.

    Raises:
        PayloadError: The file is not one JSON object of names and texts.
    """
    if file is None:
        return None
    try:
        found = json.loads(Path(file).read_bytes())
    except (ValueError, RecursionError):
        found = None
    named = (
        {name: value for name, value in found.items() if isinstance(value, str)} if is_object(found) else None
    )
    if named is None or named != found:
        raise PayloadError(f"{file} is not one JSON object of header name to text")
    return named
