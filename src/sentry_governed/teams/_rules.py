"""Conditions that must hold together, and what makes one rule win over another."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import attrs

from sentry_governed._yaml import Items, Node, Scalar, double_quoted, quoted, read
from sentry_governed.errors import ConfigError, TeamsFileError
from sentry_governed.teams._report import Full, Report, is_left_out
from sentry_governed.teams._terms import BadTerm, Term, encloses, parsed

Rank: TypeAlias = tuple[int, int, int]

_PRECEDENCE = {"team": 3, "service": 2}


def _not_empty(_rule: object, _field: object, terms: tuple[Term, ...]) -> None:
    if not terms:
        raise ConfigError("a rule without terms would match everything")


@attrs.frozen
class Rule:
    """The AND of its terms; `str(rule)` is a YAML flow list of double-quoted terms, without the priority.

    Attributes:
        terms: At least one, as written.
        priority: A higher one wins over everything else about a rule.

    Raises:
        ConfigError: There are no terms.
    """

    terms: tuple[Term, ...] = attrs.field(validator=_not_empty)
    priority: int = 0

    @classmethod
    def parse(cls, text: str, *, priority: int = 0) -> Rule:
        """Read a YAML list of terms, such as `["service:web", "!environment:dev"]`.

        Raises:
            TeamsFileError: The text is not such a list; all problems at once.
        """
        node, problems = read(text, "<string>")
        terms: tuple[Term, ...] = ()
        with contextlib.suppress(Full):
            terms = () if node is None else terms_of(node, Report("<string>", problems))
        if problems:
            raise TeamsFileError(tuple(problems))
        return cls(terms, priority)

    @property
    def precedence(self) -> int:
        """3 with a positive `team` term, 2 with a positive `service` term, else 1."""
        return max(1 if term.negated else _PRECEDENCE.get(term.key, 1) for term in self.terms)

    @property
    def rank(self) -> Rank:
        """Sorts the better rule first; equal ranks go by their order in the file."""
        return -self.priority, -self.precedence, -len(set(self.terms))

    def __str__(self) -> str:
        return f"[{', '.join(double_quoted(str(term)) for term in self.terms)}]"


def terms_of(node: Node, report: Report) -> tuple[Term, ...]:
    """The terms of a `Matchers` list; what is wrong with it goes to the report."""
    if is_left_out(node) or (isinstance(node, Items) and not node.nodes):
        report.add(node, "empty Matchers would match everything", "write at least one term: [key:value]")
        return ()
    if not isinstance(node, Items):
        report.add(node, "Matchers is not a list", "write [key:value]")
        return ()
    pieces = _pieces(node, report)
    found = (_term(term, report) for index, term in enumerate(node.nodes) if index not in pieces)
    return tuple(term for term in found if term is not None)


def _term(node: Node, report: Report) -> Term | None:
    if not isinstance(node, Scalar):
        report.add(
            node, "a term is not text", "leave no space behind the ':', or put the term between quotes"
        )
        return None
    if node.text and report.text(node, "term") is None:
        return None
    try:
        return parsed(node.text)
    except BadTerm as error:
        report.add(node, error.message, error.hint)
        return None


def _pieces(items: Items, report: Report) -> set[int]:
    """Which terms are pieces of a regex or quoted value without quotes, which YAML splits at its commas."""
    pieces: set[int] = set()
    for first, node in enumerate(items.nodes):
        mark = "" if first in pieces else _opened(node)
        last = _closing(items.nodes, first, mark) if mark and items.flow else None
        if last is not None:
            pieces.update(range(first, last + 1))
            whole = _as_written(items.nodes[first : last + 1])
            report.add(node, f"YAML splits {quoted(whole)} at the comma", f"quote it: {double_quoted(whole)}")
        elif mark == '"' and isinstance(node, Scalar):
            pieces.add(first)
            hint = f"quote it: {double_quoted(node.text)}"
            report.add(node, f"term {quoted(node.text)} does not end its quoted value", hint)
    return pieces


def _opened(node: Node) -> str:
    """The mark that a term without quotes opens and does not close, or an empty text."""
    if not isinstance(node, Scalar) or not node.plain:
        return ""
    value = node.text.partition(":")[2]
    mark = value[:1]
    return mark if mark in ("/", '"') and not encloses(mark, value) else ""


def _closing(nodes: Sequence[Node], first: int, mark: str) -> int | None:
    touching = True
    for index in range(first + 1, len(nodes)):
        before, node = nodes[index - 1], nodes[index]
        if not isinstance(before, Scalar) or not isinstance(node, Scalar) or not node.plain:
            return None
        if _opened(node):
            return None
        touching = touching and _gap(before, node) == ""
        value = node.text.partition(":")[2]
        surely = touching or not value or mark == '"'
        if node.text.endswith(mark) and not encloses(mark, value) and surely:
            return index
    return None


def _as_written(nodes: Sequence[Node]) -> str:
    scalars = [node for node in nodes if isinstance(node, Scalar)]
    rest = (f",{_gap(before, node)}{node.text}" for before, node in pairwise(scalars))
    return scalars[0].text + "".join(rest)


def _gap(before: Scalar, node: Scalar) -> str:
    """The blank space between the comma and the second of two terms, a line's end as YAML folds it."""
    if node.line != before.line:
        return " "
    return " " * (node.column - before.column - len(before.text) - 1)
