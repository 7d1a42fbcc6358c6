"""A small declarative reader: what a section holds is a table of readers, one for each key.

A reader makes a value of a node, or raises `Refused` with everything that is wrong at the node and below it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

import attrs

from sentry_governed._yaml import MAX_BYTES, Fields, Items, Node, Scalar, did_you_mean, quoted
from sentry_governed._yaml import read as read_yaml
from sentry_governed.errors import ConfigError, FileError, Problem

T = TypeVar("T")
S = TypeVar("S")
T_co = TypeVar("T_co", covariant=True)

Reader: TypeAlias = Callable[[Node], T_co]


class Refused(Exception):
    """What is wrong; the problems name no source yet."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


def refused(node: Node, message: str, hint: str = "") -> Refused:
    """One problem at a node."""
    return Refused(Problem("", node.line, node.column, message, hint))


def content_of(path: str | os.PathLike[str], error: type[FileError]) -> bytes:
    """The bytes of a file, no more than it takes to see that it is too large.

    Raises:
        FileError: The file cannot be read; of the class that is given.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as failure:
        problem = Problem(os.fspath(path), 0, 0, f"cannot be read: {why(failure)}")
    raise error((problem,))


def why(failure: OSError | ValueError) -> str:
    """What the system says about a file."""
    return (getattr(failure, "strerror", None) or str(failure)).lower()


def document(content: str | bytes, source: str, reader: Reader[T], error: type[FileError]) -> T:
    """What a whole file says.

    Args:
        content: YAML; bytes are UTF-8.
        source: What problems call it.
        reader: Reads its root.
        error: The class of what is raised.

    Raises:
        FileError: It has problems; all of them are in it.
    """
    root, found = read_yaml(content, source)
    problems = list(found)
    if root is not None:
        try:
            value = reader(root)
        except Refused as refusal:
            problems += (attrs.evolve(problem, source=source) for problem in refusal.problems)
        else:
            if not problems:
                return value
    raise error(tuple(sorted(problems, key=lambda problem: (problem.line, problem.column))))


def collect(attempts: Iterable[Callable[[], T]]) -> list[T]:
    """What all attempts return.

    Raises:
        Refused: It holds the problems of all attempts that failed.
    """
    values: list[T] = []
    problems: list[Problem] = []
    for attempt in attempts:
        try:
            values.append(attempt())
        except Refused as refusal:
            problems.extend(refusal.problems)
    if problems:
        raise Refused(*problems)
    return values


def text(node: Node) -> str:
    """Text as it is written; numbers and dates may stand without quotes."""
    if not isinstance(node, Scalar):
        raise refused(node, "this should be text", "write one value")
    if not node.text:
        raise refused(node, "this is empty", "write a value, or remove the key")
    return node.text


def word(known: Collection[str]) -> Reader[str]:
    """One of the known words."""

    def read(node: Node) -> str:
        written = text(node)
        if written not in known:
            raise refused(node, f"{quoted(written)} is not known here", did_you_mean(written, known))
        return written

    return read


def flag(node: Node) -> bool:
    """`true` or `false`."""
    return word(("true", "false"))(node) == "true"


def number(node: Node) -> int | float:
    """A number as JSON writes it."""
    written = text(node)
    try:
        found: object = json.loads(written)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise refused(node, f"{quoted(written)} is not a number", "write digits, such as 3 or 0.5")
    return found


def made(make: Callable[[S], T], reader: Reader[S]) -> Reader[T]:
    """What `make` makes of the value; its ConfigError becomes a problem at the node."""

    def read(node: Node) -> T:
        value = reader(node)
        try:
            return make(value)
        except ConfigError as error:
            raise refused(node, str(error)) from None

    return read


def items(reader: Reader[T]) -> Reader[tuple[T, ...]]:
    """A list whose items are read alike."""

    def read(node: Node) -> tuple[T, ...]:
        if not isinstance(node, Items):
            raise refused(node, "this should be a list", "write [one, two]")
        return tuple(collect(partial(reader, item) for item in node.nodes))

    return read


def mapping(key: Reader[str], reader: Reader[T]) -> Reader[dict[str, T]]:
    """A mapping with free keys, read alike, and values read alike."""

    def read(node: Node) -> dict[str, T]:
        entries = _entries(node)
        keys: list[str] = []
        values: list[T] = []
        collect(
            [
                lambda: keys.extend(collect(partial(key, name) for name, _ in entries)),
                lambda: values.extend(collect(partial(reader, value) for _, value in entries)),
            ]
        )
        return dict(zip(keys, values, strict=True))

    return read


def tagged(kinds: Mapping[str, Reader[T]]) -> Reader[T]:
    """A mapping of exactly one key, which says how its value is read."""

    def read(node: Node) -> T:
        entries = _entries(node)
        if len(entries) != 1:
            raise refused(node, "this should have exactly one key", f"known: {', '.join(kinds)}")
        key, value = entries[0]
        return kinds[word(kinds)(key)](value)

    return read


def record(
    make: Callable[..., T],
    readers: Mapping[str, Reader[object]],
    *,
    required: Collection[str] = (),
) -> Reader[T]:
    """A mapping of known keys, given to `make` by name.

    A key whose value is left out or `null` counts as not given.
    """

    def read_entry(key: Scalar, value: Node) -> tuple[str, object]:
        name = word(readers)(key)
        return name, readers[name](value)

    def read(node: Node) -> T:
        entries = [entry for entry in _entries(node) if not _is_null(entry[1])]
        given = dict(collect(partial(read_entry, *entry) for entry in entries))
        missing = [name for name in required if name not in given]
        if missing:
            raise refused(node, f"this has no {' and no '.join(missing)}", "write key: value")
        try:
            return make(**given)
        except ConfigError as error:
            raise refused(node, str(error)) from None

    return read


def fields_of(owner: type[attrs.AttrsInstance], **readers: Reader[object]) -> dict[str, Reader[object]]:
    """Readers of an attrs class's fields, each value checked by the class where it stands."""
    return {name: _validated(attrs.fields_dict(owner)[name], reader) for name, reader in readers.items()}


def _validated(field: attrs.Attribute[object], reader: Reader[object]) -> Reader[object]:
    def make(value: object) -> object:
        if field.validator is not None:
            field.validator(None, field, value)
        return value

    return made(make, reader)


def built(make: Callable[..., T], values: Mapping[str, object]) -> T:
    """What `make` makes of values by name that were checked one by one."""
    return make(**values)


def _entries(node: Node) -> tuple[tuple[Scalar, Node], ...]:
    if not isinstance(node, Fields):
        raise refused(node, "this should be a mapping", "write key: value")
    return node.entries


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.plain and node.text in {"", "~", "null"}
