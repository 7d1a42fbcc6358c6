"""Finds out whether an audit file is as it was written, and where not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

import attrs

from sentry_governed._secret import Secret
from sentry_governed.errors import AuditError
from sentry_governed.policy._audit_lines import (
    LONGEST_LINE,
    RECOVERED,
    Content,
    Head,
    Line,
    head_of,
    read_head,
    read_line,
)
from sentry_governed.policy._audit_lock import locked
from sentry_governed.policy._keys import check_key

_MOST_PROBLEMS: Final = 100


@attrs.frozen
class AuditProblem:
    """One place where an audit file is not as it was written.

    Attributes:
        line: 1-based; 0 when the head file is meant. For what is missing, the line before which it belongs.
        message: What is wrong.
    """

    line: int
    message: str


@attrs.frozen(kw_only=True)
class AuditReport:
    """What `verify_audit` found.

    Attributes:
        file: The file's name, without its directory.
        records: How many records there are.
        problems: What was changed, and where; the first 100.
        unfinished: What a writer that was killed or cut off left half done, or an empty text. The next
            writer completes it and records that it did.
        recovered: How many times a writer did so.
        start: What the first record continues: the `end` of an earlier file, or a random text.
        end: The last record's signature; `start` while there is none.
    """

    file: str
    records: int
    problems: tuple[AuditProblem, ...] = ()
    unfinished: str = ""
    recovered: int = 0
    start: str = ""
    end: str = ""

    @property
    def intact(self) -> bool:
        """Whether nothing is changed, missing or half done."""
        return not self.problems and not self.unfinished


def verify_audit(path: str | os.PathLike[str], key: Secret) -> AuditReport:
    """Check every line of an audit file against its chain, and its end against its head file.

    It waits for a writer that is at work, and changes nothing.

    Raises:
        ConfigError: The key is too short.
        AuditError: The file cannot be read.
    """
    check_key(key, "an audit key")
    file = Path(path)
    try:
        with file.open("rb") as log, locked(log.fileno(), exclusive=False):
            beside = head_of(file)
            head = beside.read_bytes() if beside.exists() else None
            return examine(file.name, _lines(log), head, key)
    except OSError as error:
        problem = f"{file}: it cannot be read: {error.strerror}"
    raise AuditError(problem)


def examine(file: str, lines: Iterable[bytes], head: bytes | None, key: Secret) -> AuditReport:
    """`verify_audit` for bytes.

    Args:
        file: A name for the report.
        lines: The audit file's lines with their newlines.
        head: The whole head file, or None if there is none.
        key: What both were signed with.
    """
    known = None if head is None else read_head(head, key)
    reader = _Reader(known, key)
    for raw in lines:
        reader.read(raw)
    reader.finish(missing=head is None)
    return AuditReport(
        file=file,
        records=reader.records,
        problems=tuple(reader.problems[:_MOST_PROBLEMS]),
        unfinished=reader.unfinished,
        recovered=reader.recovered,
        start=known.start if known else "",
        end=reader.end,
    )


class _Reader:
    """Goes through the lines once, and knows which record has to come next."""

    def __init__(self, head: Head | None, key: Secret) -> None:
        self.problems: list[AuditProblem] = []
        self.records = 0
        self.recovered = 0
        self.unfinished = ""
        self.end = head.start if head else ""
        self._head = head
        self._key = key
        self._line = 0
        self._size = 0
        self._next = 1
        self._prev = head.start if head else None

    def read(self, raw: bytes) -> None:
        self._line += 1
        self._size += len(raw)
        if not raw.endswith(b"\n"):
            self._read_rest(raw)
        elif (line := read_line(raw[:-1], self._key)) is None:
            self._problem("it was edited or put in, or it is signed with another key")
            self._next += 1
            self._prev = None
        else:
            self._place(line)

    def _read_rest(self, raw: bytes) -> None:
        if self._head is not None and self._next <= self._head.records:
            self._problem("it was cut in its middle")
            self._next += 1
        else:
            self.unfinished = f"line {self._line} was never finished: it ends after {len(raw)} bytes"

    def _place(self, line: Line) -> None:
        if line.number < self._next and not (self._prev is None and line.number == self._next - 1):
            self._problem(f"record {line.number} was repeated or moved here")
            return
        if line.number > self._next:
            self._problem(f"{_records(self._next, line.number - 1)} missing before it")
        elif self._prev not in {None, line.prev}:
            self._problem(f"record {line.number} does not continue the record before it")
        elif self._head is not None and line.number == self._head.records and line.mac != self._head.mac:
            self._problem(f"record {line.number} is not the one that the head file names")
        self._next, self._prev = line.number + 1, line.mac
        self._note(line)

    def _note(self, line: Line) -> None:
        self.records += 1
        self.end = line.mac
        content: Content = json.loads(line.raw)
        self.recovered += content["event"] == RECOVERED

    def finish(self, *, missing: bool) -> None:
        if self._head is None:
            self._finish_without_head(missing=missing)
            return
        reached, told = self._next - 1, self._head.records
        if reached < told:
            self._line += 1
            self._problem(f"{_records(reached + 1, told)} missing at the end")
        elif reached > told and not self.unfinished:
            self.unfinished = f"{_records(told + 1, reached)} not in the head file yet"

    def _finish_without_head(self, *, missing: bool) -> None:
        self._line, lines = 0, self._line
        if missing and not lines:
            self.unfinished = "it is empty, and its head file was never made"
        elif missing:
            self._problem("the head file is missing, so the end cannot be checked")
        else:
            self._problem("the head file was edited, or it is signed with another key")

    def _problem(self, message: str) -> None:
        self.problems.append(AuditProblem(self._line, message))


def _records(first: int, last: int) -> str:
    return f"record {first} is" if first == last else f"records {first} to {last} are"


def _lines(log: IO[bytes]) -> Iterator[bytes]:
    """A file's lines; of one that is longer than any record, the beginning."""
    while raw := log.readline(LONGEST_LINE + 2):
        rest = raw
        while rest and not rest.endswith(b"\n"):
            rest = log.readline(LONGEST_LINE)
        yield raw if rest is raw or not rest else raw + b"\n"
