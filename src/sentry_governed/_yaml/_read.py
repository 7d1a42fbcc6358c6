"""From a text to nodes, with every bound checked on the way."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Final, NoReturn, Protocol, TypeAlias, cast

import attrs
import yaml

from sentry_governed._yaml._hints import UNSAFE, quoted
from sentry_governed._yaml._nodes import Fields, Items, Node, Scalar
from sentry_governed.errors import Problem

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 20
MAX_EVENTS: Final = 2_000_000
MAX_PROBLEMS: Final = 1_000


class Mark(Protocol):
    """Where something begins, counted from 0."""

    line: int
    column: int


class Event(Protocol):
    """What a parser of PyYAML reports; which of these attributes there are depends on its class."""

    start_mark: Mark
    tag: str | None
    value: str
    style: str | None
    flow_style: bool | None
    anchor: str


class Parser(Protocol):
    """What is used of PyYAML's loaders."""

    def get_event(self) -> Event:
        """The next event."""
        ...

    def dispose(self) -> None:
        """Break its reference cycles."""
        ...


Loader: TypeAlias = Callable[[str], Parser]


def read(
    text: str | bytes, source: str, *, loader: Loader | None = None
) -> tuple[Node | None, list[Problem]]:
    """Read one document; never raises, whatever the text holds.

    Args:
        text: The whole file, UTF-8 when it is bytes.
        source: The file's name, for the problems.
        loader: What parses; `best_loader()` unless given.

    Returns:
        The root, and all problems in the order of the file. The root is None when the rest would mislead:
        after a syntax error, a broken bound, an alias or a second document. Of duplicate keys the first is
        kept; tags are dropped.
    """
    reading = _Reading(source)
    root: Node | None = None
    with contextlib.suppress(_Stopped):
        checked = reading.checked(text)
        root = reading.document((loader or best_loader())(checked), checked)
    return root, sorted(reading.problems, key=lambda problem: (problem.line, problem.column))


def best_loader() -> Loader:
    """libyaml's, or where PyYAML was built without libyaml one in pure Python that behaves alike."""
    if yaml.__with_libyaml__:
        return cast("Loader", yaml.CSafeLoader)
    from sentry_governed._yaml._pure import PureLoader  # a fallback that a cold start should not pay for

    return cast("Loader", PureLoader)


class _Stopped(Exception):
    """Nothing more can be read; why is among the problems."""


_DIRECTIVE = re.compile("(?:\\A|(?<=[\r\n]))%")
_LINE_BREAK = re.compile("\r\n|\r|\n")


_STARTS = frozenset({"SequenceStartEvent", "MappingStartEvent"})
_ENDS = frozenset({"SequenceEndEvent", "MappingEndEvent"})


def _position(before: str) -> tuple[int, int]:
    lines = _LINE_BREAK.split(before)
    return len(lines), len(lines[-1]) + 1


@attrs.define
class _Reading:
    source: str
    problems: list[Problem] = attrs.field(factory=list[Problem])
    aliased: bool = False

    def report(self, line: int, column: int, message: str, hint: str) -> None:
        self.problems.append(Problem(self.source, line, column, message, hint))
        if len(self.problems) == MAX_PROBLEMS:
            self.stop(line, column, f"more than {MAX_PROBLEMS} problems", "the rest was not read")

    def stop(self, line: int, column: int, message: str, hint: str) -> NoReturn:
        self.problems.append(Problem(self.source, line, column, message, hint))
        raise _Stopped

    def checked(self, text: str | bytes) -> str:
        """The text without what parsers disagree on: other encodings, controls, directives."""
        size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "replace"))
        if size > MAX_BYTES:
            self.stop(0, 0, f"the file is larger than {MAX_BYTES >> 20} MiB", "split it")
        decoded = self._decoded(text) if isinstance(text, bytes) else text
        decoded = decoded.removeprefix("\ufeff")
        if unsafe := UNSAFE.search(decoded):
            at = _position(decoded[: unsafe.start()])
            hint = "remove it, or write it as an escape between double quotes"
            self.stop(*at, f"character U+{ord(unsafe[0]):04X} cannot be used as it is", hint)
        if directive := _DIRECTIVE.search(decoded):
            at = _position(decoded[: directive.start()])
            self.stop(*at, "a line begins with '%', a YAML directive", "remove the line")
        return decoded if decoded.endswith("\n") else decoded + "\n"

    def _decoded(self, text: bytes) -> str:
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as error:
            at = _position(text[: error.start].decode("utf-8"))
            return self.stop(*at, f"byte 0x{text[error.start]:02x} is not UTF-8", "save the file as UTF-8")

    def document(self, parser: Parser, text: str) -> Node | None:
        """Parse text that was checked."""
        try:
            root = self._root(parser)
        except yaml.MarkedYAMLError as error:
            self.stop(*_syntax_problem(text, error.context_mark, error.problem_mark))
        finally:
            parser.dispose()
        return None if self.aliased else root

    def _root(self, parser: Parser) -> Node:
        """The loop over the parser's events: the stack is ours, so that depth is bounded while reading."""
        next_event = parser.get_event
        nodes: list[Node] = []
        stack = [(next_event(), nodes)]
        for _ in range(MAX_EVENTS):
            event = next_event()
            kind = event.__class__.__name__
            if kind == "ScalarEvent":
                mark = event.start_mark
                nodes.append(Scalar(event.value, not event.style, mark.line + 1, mark.column + 1))
                if event.tag is not None:
                    self.report(*_tag_problem(mark))
            elif kind in _STARTS:
                self._check_start(event, len(stack))
                nodes = []
                stack.append((event, nodes))
            elif kind in _ENDS:
                collection = self._collection(stack.pop()[0], nodes)
                nodes = stack[-1][1]
                nodes.append(collection)
            elif kind == "StreamEndEvent":
                return nodes[0] if nodes else self.stop(1, 1, "the file is empty", "")
            else:
                self._check_other(event, nodes)
        return self.stop(0, 0, "the file holds too many values", "split it")

    def _check_start(self, event: Event, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.stop(*_at(event), f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        if event.tag is not None:
            self.report(*_tag_problem(event.start_mark))

    def _check_other(self, event: Event, nodes: list[Node]) -> None:
        kind = event.__class__.__name__
        if kind == "AliasEvent":
            self.aliased = True
            nodes.append(Scalar("", False, *_at(event)))
            self.report(*_at(event), f"alias {quoted('*' + event.anchor)}", "write the value out again")
        elif kind == "DocumentStartEvent" and nodes:
            self.stop(*_at(event), "a second document begins here", "keep one document per file")

    def _collection(self, start: Event, nodes: list[Node]) -> Node:
        if start.__class__.__name__ == "SequenceStartEvent":
            return Items(tuple(nodes), bool(start.flow_style), *_at(start))
        entries: dict[str, tuple[Scalar, Node]] = {}
        turns = iter(nodes)
        for key, value in zip(turns, turns, strict=True):
            if not isinstance(key, Scalar):
                self.report(key.line, key.column, "a key is not text", "put the key between quotes")
            elif key.text in entries:
                hint = f"first given on line {entries[key.text][0].line}"
                self.report(key.line, key.column, f"duplicate key {quoted(key.text)}", hint)
            else:
                entries[key.text] = key, _settled(value, key)
        return Fields(tuple(entries.values()), *_at(start))


def _at(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _settled(value: Node, key: Scalar) -> Node:
    """A value that was left out stands where its key does: parsers disagree on its place."""
    if isinstance(value, Scalar) and value.plain and not value.text:
        return attrs.evolve(value, line=key.line, column=key.column)
    return value


_Report: TypeAlias = tuple[int, int, str, str]


def _tag_problem(mark: Mark) -> _Report:
    hint = "put text that begins with '!' between quotes"
    return mark.line + 1, mark.column + 1, "a '!' without quotes is a YAML tag", hint


def _syntax_problem(text: str, context: Mark | None, place: Mark | None) -> _Report:
    """What to say of the place where a parser gave up, from the text alone: parsers use different words."""
    lines = _LINE_BREAK.split(text)
    opened = lines[context.line][context.column : context.column + 1] if context is not None else ""
    if context is not None and opened == "!":
        return _tag_problem(context)
    line, column = (place.line, place.column) if place is not None else (0, 0)
    found = lines[line][column : column + 1]
    escape = lines[line].rfind("\\", 0, column + 1) if opened == '"' else -1
    if line >= len(lines) - 1:
        message, hint = "the file ends too early", "look for a bracket or quote that is not closed"
    elif escape >= 0:
        column = escape
        message, hint = "unknown escape", "between double quotes write \\\\ for \\, or use single quotes"
    elif found == "\t":
        message, hint = "a tab stands here", "use spaces"
    elif found in tuple(":?-,[]{}#&*!|>'\"%@`\\"):
        message, hint = f"unexpected {found!r}", "put text that holds it between quotes"
    else:
        message, hint = "unexpected text", "look for wrong indentation, or a missing comma, quote or ':'"
    return line + 1, column + 1, f"not valid YAML: {message}", hint
