"""Recorded alerts: a file of JSON lines, read one line at a time however long it is."""

from __future__ import annotations

import codecs
import contextlib
import json
import re
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

import attrs
import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn

from sentry_governed._convert import JsonObject, is_object
from sentry_governed.alerts import Ignored, decode_alert
from sentry_governed.cli._io import printable
from sentry_governed.errors import FileError, PayloadError, Problem
from sentry_governed.typing import HasFacts, JsonValue, Tags

LONGEST_LINE: Final = 4 * 1024 * 1024
MOST_SHOWN: Final = 20

_RECORD_KEYS: Final = frozenset({"tags", "at", "id"})
_WEBHOOK_KEYS: Final = frozenset({"data", "alert_transition"})
_RECORD: Final = re.compile(rb'\s*\{\s*"(?:tags|at|id)"\s*:')
_TOLD_EVERY: Final = 1 << 20


def recorded() -> click.Path:
    """The type of an argument that names a file of recorded alerts, or `-` for standard input."""
    return click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True)


def _refuse_constant(name: str) -> NoReturn:
    raise PayloadError(f"{name} is not JSON")


_decode: Final = json.JSONDecoder(parse_constant=_refuse_constant).decode


@attrs.define
class Recording:
    """The alerts of one file; iterate over it once.

    A line is `{"tags": {...}}`, perhaps with `at` and `id`, or the body of a webhook. An empty line is none.

    Attributes:
        name: The file, or `-`.
        lines: How many lines were read.
        bad: How many of them are neither.
        others: How many are webhooks that make no alert.
        problems: What is wrong with the first bad lines, at most 20, each with file and line.
        told: Called now and then with the number of bytes that were read.
    """

    name: str
    lines: int = 0
    bad: int = 0
    others: int = 0
    problems: list[str] = attrs.field(factory=list[str])
    told: Callable[[int], None] | None = None

    def __iter__(self) -> Iterator[Tags | HasFacts]:
        with self._opened() as file:
            count = due = 0
            while line := file.readline(LONGEST_LINE + 1):
                self.lines += 1
                count += len(line)
                if self.lines == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                if self.told and count >= due:
                    self.told(count)
                    due = count + _TOLD_EVERY
                alert = self._alert(line, file)
                if alert is not None:
                    yield alert

    def finish(self) -> None:
        """Show what was wrong, and exit with 1 if anything was."""
        for problem in self.problems:
            click.echo(printable(problem), err=True)
        if self.bad > len(self.problems):
            click.echo(f"and {self.bad - len(self.problems):,} more bad lines", err=True)
        if self.bad:
            sys.exit(1)

    def to_json(self) -> dict[str, JsonValue]:
        """The counts."""
        return {"lines": self.lines, "bad_lines": self.bad, "no_alerts": self.others}

    def summary(self) -> str:
        """The counts in words."""
        words = f"{self.lines:,} of {self.name}"
        words += f", {self.others:,} webhooks that make no alert" if self.others else ""
        return words + (f", {self.bad:,} bad" if self.bad else "")

    def _opened(self) -> contextlib.AbstractContextManager[BinaryIO]:
        if self.name == "-":
            return contextlib.nullcontext(sys.stdin.buffer)
        try:
            return Path(self.name).open("rb")
        except OSError as error:
            problem = Problem(self.name, 0, 0, f"cannot be read: {error.strerror}")
        raise FileError((problem,))

    def _alert(self, line: bytes, file: BinaryIO) -> Tags | HasFacts | None:
        try:
            if len(line) > LONGEST_LINE:
                _refuse_line(file)
            return self._decoded(line)
        except PayloadError as error:
            self.bad += 1
            if len(self.problems) < MOST_SHOWN:
                self.problems.append(f"{self.name}:{self.lines}: {error}")
        return None

    def _decoded(self, line: bytes) -> Tags | HasFacts | None:
        if _RECORD.match(line):
            found = _object(line)
            tags = found.get("tags")
            if is_object(tags) and found.keys() <= _RECORD_KEYS:
                return tags  # type: ignore[return-value]  # values that no tag has count as absent
            if not found.keys() & _WEBHOOK_KEYS:
                raise PayloadError('a record is {"tags": {...}}, with "at" and "id" besides at most')
        elif not line.strip():
            return None
        alert = decode_alert(line)
        if isinstance(alert, Ignored):
            self.others += 1
            return None
        return alert


def _object(line: bytes) -> JsonObject:
    """One JSON object; the first value of a line that has the shape of a record is one."""
    try:
        found: object = _decode(line.decode())
    except UnicodeDecodeError as error:
        problem = f"the line is not UTF-8 at byte {error.start}"
    except json.JSONDecodeError as error:
        problem = f"the line is not JSON: {error.msg.lower().removesuffix(' at')} at column {error.colno}"
    except RecursionError:
        problem = "the line is nested too deeply"
    except ValueError:  # an integer of thousands of digits
        problem = "the line holds a number that is too large"
    else:
        return found if is_object(found) else {}
    raise PayloadError(problem)


def _refuse_line(file: BinaryIO) -> NoReturn:
    """Pass by the rest of a line that is too long."""
    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass
    raise PayloadError(f"the line is longer than {LONGEST_LINE} bytes")


@contextlib.contextmanager
def recording(name: str) -> Generator[Recording, None, None]:
    """A recording to iterate over, with a progress bar while it is read if standard error is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Recording(name)
        return
    size = (name != "-" and Path(name).stat().st_size) or None  # that of a pipe is 0
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), DownloadColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=size)
        yield Recording(name, told=lambda count: progress.update(task, completed=count))
