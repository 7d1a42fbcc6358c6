"""Which conditions follow from others, whatever the event: only what is certain, not all that is true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from sentry_governed.teams._found import always_found, never_found, text_of
from sentry_governed.teams._terms import Term

_MOST_TERMS: Final = 100
"""So many terms of a rule are compared with each other."""


def all_implied(terms: Iterable[Term], by: Sequence[Term]) -> bool:
    """Whether an event for which the one terms hold is one for which the others hold too."""
    return all(is_implied(term, by) for term in terms)


def is_implied(term: Term, by: Sequence[Term]) -> bool:
    """Whether a term holds wherever these do."""
    if term.negated:
        return never_found(term) or any(
            each.negated and _passes_also(term, each) for each in by if each.key == term.key
        )
    return any(not each.negated and _passes_also(each, term) for each in by if each.key == term.key)


def _passes_also(narrow: Term, wide: Term) -> bool:
    """Whether each value that passes the one test passes the other; of two terms of one key."""
    if (narrow.test, narrow.value) == (wide.test, wide.value) or wide.test == "present":
        return True
    if narrow.test == "equal":
        return wide.holds((narrow.value,)) is not wide.negated
    if always_found(wide) or never_found(narrow):
        return True
    inner, outer = text_of(wide), text_of(narrow)
    return inner is not None and outer is not None and inner in outer and wide.limit == narrow.limit


def opposite(term: Term) -> Term:
    """The term that is true where this one is not."""
    return attrs.evolve(term, negated=not term.negated)


def exclusive(terms: Sequence[Term]) -> Iterator[tuple[Term, Term]]:
    """Pairs of terms that no event has both of, although a tag may have several values."""
    refused = [term for term in terms if term.negated][:_MOST_TERMS]
    for wanted in [term for term in terms if not term.negated][:_MOST_TERMS]:
        for other in refused:
            if other.key == wanted.key and _passes_also(wanted, other):
                yield wanted, other


def apart(terms: Iterable[Term]) -> Iterator[tuple[Term, Term]]:
    """Pairs of terms, the one exact, that hold together only for a tag of several values."""
    exact: dict[str, Term] = {}
    rest: list[Term] = []
    for term in terms:
        if term.negated or term.test == "present":
            continue
        if term.test == "equal" and exact.setdefault(term.key, term) is term:
            continue
        rest.append(term)
    for term in rest:
        value = exact.get(term.key)
        if value is not None and not term.holds((value.value,)):
            yield value, term


def never_holds(terms: Sequence[Term]) -> bool:
    """Whether no event makes all of these true."""
    return any(never_found(term) and not term.negated for term in terms) or any(exclusive(terms))
