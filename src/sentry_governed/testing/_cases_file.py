"""The file that cases are written in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs

from sentry_governed._yaml import Items, Node, Scalar, mistaken_for, quoted
from sentry_governed.alerts import Alert, Ignored, decode_alert
from sentry_governed.alerts._recorded import headers_of
from sentry_governed.asana import Priority
from sentry_governed.errors import CasesFileError, PayloadError, Problem
from sentry_governed.settings._reader import (
    Reader,
    Refused,
    content_of,
    document,
    flag,
    items,
    made,
    mapping,
    record,
    refused,
    text,
    why,
    word,
)
from sentry_governed.teams import Rule
from sentry_governed.teams._report import Full, Report
from sentry_governed.teams._rules import terms_of
from sentry_governed.testing._cases import Case, plan_of, rule_of

T = TypeVar("T")


def load_cases(path: str | os.PathLike[str]) -> tuple[Case, ...]:
    """Read a file of cases; the payloads that it names are read too, relative to its folder.

    Raises:
        CasesFileError: The file cannot be read, or has problems; all of them are in it.
    """
    content = content_of(path, CasesFileError)
    return document(content, os.fspath(path), _File(os.fspath(path), Path(path).parent).cases, CasesFileError)


@attrs.frozen
class _Content:
    """A file that a case names."""

    name: str
    content: bytes
    node: Node


@attrs.frozen
class _File:
    """One file of cases on its way from nodes to values."""

    source: str
    folder: Path
    names: dict[str, int] = attrs.field(factory=dict[str, int])

    def cases(self, node: Node) -> tuple[Case, ...]:
        """All cases, at least one."""
        found = items(self._case)(node)
        if not found:
            raise refused(node, "no cases", "write - name: ...")
        return found

    def _case(self, node: Node) -> Case:
        location = f"{self.source}:{node.line}:{node.column}"
        return record(partial(_made, location=location), self._readers(), required=("name",))(node)

    def _readers(self) -> Mapping[str, Reader[object]]:
        return {
            "name": self._name,
            "tags": mapping(text, _tag),
            "payload": self._content,
            "headers": self._content,
            "team": text,
            "rule": _rule,
            "default": flag,
            "ignored": _ignored,
            "placement": made(plan_of, _placement),
            "priority": made(Priority, word([known.value for known in Priority])),
        }

    def _name(self, node: Node) -> str:
        name = text(node)
        if name in self.names:
            raise refused(node, f"a second case of the name {quoted(name)}", "rename one of the two")
        self.names[name] = node.line
        return name

    def _content(self, node: Node) -> _Content:
        name = text(node)
        problem: str
        try:
            return _Content(name, (self.folder / name).read_bytes(), node)
        except (OSError, ValueError) as error:
            problem = f"{quoted(name)} cannot be read: {why(error)}"
        raise refused(node, problem, "paths begin in the folder of this file")


def _made(
    *, payload: _Content | None = None, headers: _Content | None = None, location: str, **stated: object
) -> Case:
    if headers is not None and payload is None:
        raise refused(headers.node, "headers without a payload", "write payload: alert.json")
    alert = None if payload is None else _alert(payload, headers)
    return Case(**stated, alert=alert, location=location)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # read by type


def _alert(payload: _Content, headers: _Content | None) -> Alert | Ignored:
    at = payload if headers is None else headers
    try:
        known = None if headers is None else headers_of(headers.content)
        at = payload
        return decode_alert(payload.content, known)
    except PayloadError as error:
        problem = f"{quoted(at.name)}: {error}"
    raise refused(at.node, problem)


def _tag(node: Node) -> tuple[str, ...]:
    if isinstance(node, Items):
        return items(_tag_text)(node)
    return (_tag_text(node),)


def _tag_text(node: Node) -> str:
    """Any text, also an empty one; numbers and booleans are the text that is written."""
    if not isinstance(node, Scalar):
        raise refused(node, "this should be text, or a list of texts", "write one value")
    if mistaken_for(node) == "null":
        raise refused(node, "no value", 'write "" for the empty text, or leave the tag out')
    return node.text


def _rule(node: Node) -> Rule | str | None:
    if not isinstance(node, Items):
        return made(rule_of, text)(node)
    problems: list[Problem] = []
    try:
        terms = terms_of(node, Report("", problems))
    except Full:
        terms = ()
    if problems:
        raise Refused(*problems)
    return Rule(terms)


def _ignored(node: Node) -> bool | str:
    return flag(node) if text(node) in {"true", "false"} else text(node)


def _placement(node: Node) -> str | tuple[str | tuple[str, ...], ...]:
    return items(_choice)(node) if isinstance(node, Items) else text(node)


def _choice(node: Node) -> str | tuple[str, ...]:
    return items(text)(node) if isinstance(node, Items) else text(node)
