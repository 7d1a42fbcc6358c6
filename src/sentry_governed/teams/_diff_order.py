"""Which rules of two files are the same, and which of these changed their place."""

from __future__ import annotations

import bisect
import functools
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, TypeAlias

import attrs

from sentry_governed.teams._engine import ranked
from sentry_governed.teams._file import Declared
from sentry_governed.teams._rules import Rule
from sentry_governed.teams._terms import Term
from sentry_governed.teams._values import Match

Identity: TypeAlias = tuple[str, frozenset[Term]]

NOWHERE: Final = -1


@attrs.frozen
class Order:
    """The rules of one file in the order in which they win, and where the other file has each.

    Attributes:
        rules: The best first.
        identities: What makes each the same as one of the other file: its team and the set of its terms.
        elsewhere: The place of the same rule in the other file, or -1.
        moved: The places of those that are in both and changed their place among these.
    """

    rules: tuple[Match, ...]
    identities: Sequence[Identity]
    elsewhere: Sequence[int]
    moved: frozenset[int]

    @property
    def lonely(self) -> Iterator[int]:
        """The places of the rules that only this file has."""
        return (place for place, other in enumerate(self.elsewhere) if other == NOWHERE)

    @functools.cached_property
    def places(self) -> Mapping[int, int]:
        """The place of each rule by its `id`, as rules are not quick to compare."""
        return {id(match): place for place, match in enumerate(self.rules)}


def says(declared: Declared, order: Order) -> Hashable:
    """The same for two files that route every event alike; it may differ for others that do too."""
    runs = [
        (team, frozenset(terms for _, terms in run))
        for team, run in groupby(order.identities, key=itemgetter(0))
    ]
    ignored = frozenset(frozenset(ignore.rule.terms) for ignore in declared.ignores)
    default = declared.default.name if declared.default else None
    return frozenset(declared.prefixes), default, ignored, tuple(runs)


def orders(before: Declared, after: Declared) -> tuple[Order, Order]:
    """The orders of two files; of rules that are there twice the first is the same as the first."""
    old, new = ranked(before.matches), ranked(after.matches)
    old_ids, new_ids = list(map(_identity, old)), list(map(_identity, new))
    places: dict[Identity, list[int]] = defaultdict(list)
    for place in reversed(range(len(new))):
        places[new_ids[place]].append(place)
    there = [found.pop() if (found := places.get(identity)) else NOWHERE for identity in old_ids]
    back = [NOWHERE] * len(new)
    for place, other in enumerate(there):
        if other != NOWHERE:
            back[other] = place
    kept = [place for place in there if place != NOWHERE]
    moved = set(kept) - set(_longest_rise(kept))
    return (
        Order(old, old_ids, there, frozenset(back[place] for place in moved)),
        Order(new, new_ids, back, frozenset(moved)),
    )


def _identity(match: Match) -> Identity:
    return match.team.name, frozenset(match.rule.terms)


def _longest_rise(numbers: Sequence[int]) -> list[int]:
    """The longest part that rises from each to the next, leaving out as few as possible."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        length = bisect.bisect_left(tails, number)
        before.append(ends[length - 1] if length else NOWHERE)
        tails[length : length + 1] = [number]
        ends[length : length + 1] = [index]
    rise: list[int] = []
    index = ends[-1] if ends else NOWHERE
    while index != NOWHERE:
        rise.append(numbers[index])
        index = before[index]
    return rise[::-1]


def never_meet(one: Rule, other: Rule) -> bool:
    """Whether no event with one value for each tag can match both, by the exact terms alone."""
    wanted = {term.key: term.value for term in one.terms if term.test == "equal" and not term.negated}
    return any(
        term.test == "equal" and not term.negated and wanted.get(term.key, term.value) != term.value
        for term in other.terms
    )
