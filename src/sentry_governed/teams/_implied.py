"""Which conditions follow from others, whatever the event: only what is certain, not all that is true."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Final, cast

from sentry_governed.teams import _sre as sre
from sentry_governed.teams._sre import REPEATS, Tree, inside_group, least_width, parse
from sentry_governed.teams._terms import Term

_MAY_BE_LEFT_OUT: Final = frozenset("*?|{")
_ANCHORS_AND_MORE: Final = frozenset({sre.AT, sre.ASSERT, sre.ASSERT_NOT, sre.GROUPREF, sre.GROUPREF_EXISTS})


def all_implied(terms: Sequence[Term], by: Sequence[Term]) -> bool:
    """Whether an event for which the one terms hold is one for which the others hold too."""
    return all(any(_implies(each, term) for each in by if each.key == term.key) for term in terms)


def _implies(given: Term, term: Term) -> bool:
    if given == term:
        return True
    if given.negated or term.negated:
        return given.negated and term.negated and given.test == "present"
    if term.test == "present" or always_found(term):
        return True
    return given.test == "equal" and term.holds((given.value,))


def exclude_each_other(one: Term, other: Term) -> bool:
    """Whether no event has both, although a tag may have several values."""
    if one.key != other.key or one.negated == other.negated:
        return False
    wanted, refused = (other, one) if one.negated else (one, other)
    if refused.test == "present" or always_found(refused):
        return True
    if wanted.test == "equal":
        return not refused.holds((wanted.value,))
    return (wanted.test, wanted.value) == (refused.test, refused.value)


def no_value_suits(one: Term, other: Term) -> bool:
    """Whether two positive terms hold together only for a tag of several values."""
    if one.key != other.key or one.negated or other.negated or "equal" not in (one.test, other.test):
        return False
    exact, test = (one, other) if one.test == "equal" else (other, one)
    return not test.holds((exact.value,))


@functools.lru_cache(maxsize=65_536)
def always_found(term: Term) -> bool:
    """Whether a regex term's test passes for every value, even an empty one."""
    if term.test != "regex" or _MAY_BE_LEFT_OUT.isdisjoint(term.value):
        return False
    tree, flags = parse(term.value)
    return least_width(tree) == 0 and _ANCHORS_AND_MORE.isdisjoint(_operators(tree, flags))


@functools.lru_cache(maxsize=65_536)
def never_found(term: Term) -> bool:
    """Whether a regex term's test passes for no value, as it asks for something outside of the value."""
    if term.test != "regex":
        return False
    tree, flags = parse(term.value)
    if least_width(tree) > (term.limit or 0):
        return True
    return any(
        _is_outside(argument, flags, least_width(tree[:place]), least_width(tree[place + 1 :]))
        for place, (operator, argument) in enumerate(tree)
        if operator is sre.AT
    )


def _is_outside(anchor: object, flags: int, before: int, behind: int) -> bool:
    """Whether there is no room for so many characters on both sides of an anchor."""
    if anchor is sre.AT_BEGINNING_STRING or (anchor is sre.AT_BEGINNING and not flags & sre.MULTILINE):
        return before > 0
    if anchor is sre.AT_END and not flags & sre.MULTILINE:
        return behind > 1  # one may be the newline that ends the text
    return anchor is sre.AT_END_STRING and behind > 0


def _operators(tree: Tree, flags: int) -> Iterator[object]:
    for operator, argument in tree:
        yield operator
        if operator is sre.SUBPATTERN:
            yield from _operators(*inside_group(argument, flags))
        elif operator is sre.BRANCH:
            for branch in cast("tuple[object, Sequence[Tree]]", argument)[1]:
                yield from _operators(branch, flags)
        elif operator in REPEATS:
            yield from _operators(cast("tuple[int, int, Tree]", argument)[2], flags)
        elif operator is sre.ATOMIC_GROUP:
            yield from _operators(cast("Tree", argument), flags)
