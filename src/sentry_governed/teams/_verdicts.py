"""What the terms of a rule saw of one event, and whether they hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from sentry_governed._yaml import quoted
from sentry_governed.teams._facts import Facts
from sentry_governed.teams._terms import Term
from sentry_governed.typing import JsonValue

SHOWN_VALUES: Final = 3
_CUT: Final = 1_024


@attrs.frozen
class Verdict:
    """What one term saw, and whether it holds; `str(verdict)` is such as `service:web (service='db')`.

    Attributes:
        term: The term.
        holds: Whether it is true of the event.
        seen: The names and values that decided it: the first that passes, or else all that were tried. Empty
            where the tag is absent.
    """

    term: Term
    holds: bool
    seen: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, JsonValue]:
        """The same as JSON; at most 3 values are listed, each with its first 1,024 characters."""
        seen: list[JsonValue] = [
            {"name": name, "value": value[:_CUT]} for name, value in self.seen[:SHOWN_VALUES]
        ]
        return {"term": str(self.term), "holds": self.holds, "seen": seen, "more": len(self.seen) - len(seen)}

    def __str__(self) -> str:
        seen = " ".join(f"{name}={quoted(value)}" for name, value in self.seen[:SHOWN_VALUES])
        return f"{shown(self.term)} ({seen or f'{self.term.key} is absent'})"


def shown(term: Term) -> str:
    """A term on one line."""
    return str(term) if str(term).isprintable() else quoted(str(term))


def verdict_on(term: Term, facts: Facts) -> Verdict:
    """Judge one term."""
    pairs = facts.named(term.key)
    holds = term.holds(facts.values(term.key))
    if holds and not term.negated:
        pairs = tuple(pair for pair in pairs if term.holds((pair[1],)))[:1]
    return Verdict(term, holds, pairs)


def verdicts_on(terms: Iterable[Term], facts: Facts) -> tuple[Verdict, ...]:
    """Judge every term, each once."""
    return tuple(verdict_on(term, facts) for term in dict.fromkeys(terms))
