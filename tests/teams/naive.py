"""The written-out meaning of a list of rules: every rule is tried, in order of rank."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from sentry_governed.teams._facts import Facts
from sentry_governed.teams._rules import Rule


class HasRule(Protocol):
    """Anything that stands for a rule."""

    @property
    def rule(self) -> Rule:
        """The rule."""
        ...


Ruled = TypeVar("Ruled", bound=HasRule)


def ranked(candidates: Iterable[Ruled]) -> tuple[Ruled, ...]:
    """The best first; equals stay in the order given."""
    return tuple(sorted(candidates, key=lambda candidate: candidate.rule.rank))


def matching(candidates: Iterable[Ruled], facts: Facts) -> Iterator[Ruled]:
    """Those whose terms all hold, in the order given."""
    values = facts.values
    for candidate in candidates:
        for term in candidate.rule.terms:
            if not term.holds(values(term.key)):
                break
        else:
            yield candidate
