"""What every command shares: arguments that are files, and how refusals are shown."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

import click
from rich.console import Console
from rich.text import Text

from sentry_governed.errors import SentryGovernedError

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
