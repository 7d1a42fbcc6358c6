"""Where the problems of one file are gathered."""

from __future__ import annotations

import attrs

from sentry_governed._yaml import MAX_PROBLEMS, Node, Scalar, double_quoted, mistaken_for, quoted
from sentry_governed.errors import Problem


class Full(Exception):
    """There are more problems than anybody reads; the last one says so."""


@attrs.define
class Report:
    """The problems of one file so far, in a bounded list; what adds to it may raise `Full`."""

    source: str
    problems: list[Problem]

    def add(self, node: Node, message: str, hint: str = "") -> None:
        """Note what is wrong with a node."""
        self._append(Problem(self.source, node.line, node.column, message, hint))

    def add_about_file(self, message: str, hint: str) -> None:
        """Note what is wrong with the file as a whole."""
        self._append(Problem(self.source, 0, 0, message, hint))

    def _append(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MAX_PROBLEMS:
            message, hint = f"more than {MAX_PROBLEMS} problems", "the rest was not checked"
            self.problems.append(Problem(self.source, problem.line, problem.column, message, hint))
            raise Full

    def text(self, node: Node, what: str) -> str | None:
        """The text of a scalar that is neither empty nor something else than text to YAML."""
        if not isinstance(node, Scalar):
            self.add(node, f"{what} is not text", "write it on one line, between quotes")
        elif not node.text:
            self.add(node, f"empty {what}", "write a text")
        elif kind := mistaken_for(node):
            self.add(
                node, f"{what} {quoted(node.text)} is {kind} to YAML", f"quote it: {double_quoted(node.text)}"
            )
        else:
            return node.text
        return None


def is_left_out(node: Node) -> bool:
    """Whether a value is there in name only: nothing behind the colon, `null` or `~`."""
    return isinstance(node, Scalar) and mistaken_for(node) == "null"
