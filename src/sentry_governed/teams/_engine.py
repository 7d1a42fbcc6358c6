"""Rules compiled into an index: the cost of an event depends on the event, not on the number of rules.

Each rule hangs on one condition that must hold for the rule to match, the rarest that it has, and is looked
at only when the event meets that condition. Ranks are known beforehand, so that a search for the best rule
stops where nothing better can come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import attrs

from sentry_governed.teams._facts import Facts
from sentry_governed.teams._grams import Grams, grams_of
from sentry_governed.teams._literals import folded
from sentry_governed.teams._regex import SEEN_BY_REGEX
from sentry_governed.teams._rules import Rule
from sentry_governed.teams._terms import Term

_FEW: Final = 16  # an exact term that more rules share gives way to a literal that fewer rules share


class HasRule(Protocol):
    """Anything that stands for a rule."""

    @property
    def rule(self) -> Rule:
        """The rule."""
        ...


Ruled = TypeVar("Ruled", bound=HasRule)


class Candidate(NamedTuple, Generic[Ruled]):
    """A rule, its place among all (0 is the best), and what is left to test when it was found."""

    place: int
    rest: tuple[Term, ...]
    ruled: Ruled


Bucket: TypeAlias = tuple[Candidate[Ruled], ...]
"""Candidates that are found together, the best first; never empty within a table."""


@attrs.frozen
class _Key(Generic[Ruled]):
    """The rules that hang on one key; `best` is the best place among those that no dict lookup finds."""

    exact: Mapping[str, Bucket[Ruled]]
    literals: tuple[Grams[Bucket[Ruled]], ...]
    loose: Bucket[Ruled]
    best: int

    def buckets(self, values: Sequence[str]) -> Iterable[Bucket[Ruled]]:
        """What may match beside what `exact` finds, when the key is there."""
        if self.loose:
            yield self.loose
        if self.literals:
            for value in values:
                text = folded(value[:SEEN_BY_REGEX])
                for grams in self.literals:
                    yield from grams.within(text)


@attrs.frozen
class Index(Generic[Ruled]):
    """Rules that can be asked for those that match; immutable, so that threads may share it."""

    _by_name: Mapping[str, tuple[_Key[Ruled], ...]]
    _always: Bucket[Ruled]
    _count: int

    def first(self, facts: Facts) -> Ruled | None:
        """The best rule whose terms all hold."""
        met = self._met(facts)
        exact = (bucket for key, values in met for value in values if (bucket := key.exact.get(value)))
        best = _best(exact, None, facts)
        for key, values in met:
            if key.best < (self._count if best is None else best.place):
                best = _best(key.buckets(values), best, facts)
        best = _best((self._always,), best, facts)
        return None if best is None else best.ruled

    def all(self, facts: Facts) -> tuple[Ruled, ...]:
        """Every rule whose terms all hold, the best first."""
        found = {candidate.place: candidate for candidate in chain.from_iterable(self._buckets(facts))}
        places = sorted(found)
        return tuple(found[place].ruled for place in places if _holds(found[place].rest, facts))

    def near(self, facts: Facts, most: int) -> tuple[Ruled, ...]:
        """The best few of the rules that are looked at for an event, whether or not their terms hold."""
        heads = (bucket[:most] for bucket in self._buckets(facts))
        found = {candidate.place: candidate.ruled for candidate in chain.from_iterable(heads)}
        return tuple(found[place] for place in sorted(found)[:most])

    def tried(self, facts: Facts) -> int:
        """How many rules are looked at for an event at most."""
        return sum(map(len, self._buckets(facts)))

    def _buckets(self, facts: Facts) -> Iterator[Bucket[Ruled]]:
        yield self._always
        for key, values in self._met(facts):
            yield from (key.exact[value] for value in values if value in key.exact)
            yield from key.buckets(values)

    def _met(self, facts: Facts) -> list[tuple[_Key[Ruled], tuple[str, ...]]]:
        """The keys that the event has, by whichever name, with the texts that it has there."""
        return [
            (key, values)
            for name in self._by_name.keys() & facts.names.keys()
            if (values := facts.texts(name))
            for key in self._by_name[name]
        ]


def _best(
    buckets: Iterable[Bucket[Ruled]], best: Candidate[Ruled] | None, facts: Facts
) -> Candidate[Ruled] | None:
    """The best of all that hold, unless what is known already is better."""
    for bucket in buckets:
        for candidate in bucket:
            if best is not None and candidate.place > best.place:
                break
            if _holds(candidate.rest, facts):
                best = candidate
                break
    return best


def _holds(terms: tuple[Term, ...], facts: Facts) -> bool:
    for term in terms:  # noqa: SIM110 - all() over a generator takes twice as long
        if not term.holds(facts.values(term.key)):
            return False
    return True


def ranked(rules: Iterable[Ruled]) -> tuple[Ruled, ...]:
    """The best first; equals stay in the order given."""
    return tuple(sorted(rules, key=lambda ruled: ruled.rule.rank))


def index_of(rules: Sequence[Ruled], prefixes: tuple[str, ...]) -> Index[Ruled]:
    """Compile rules, the best first, for facts that are looked up with these alias prefixes."""
    terms = [term for ruled in rules for term in set(ruled.rule.terms) if not term.negated]
    shared = _Shared(
        Counter((term.key, term.value) for term in terms if term.test == "equal"),
        Counter((term.key, text) for term in terms for text in term.literals),
        Counter(term.key for term in terms),
    )
    keys: dict[str, _Draft[Ruled]] = defaultdict(_Draft[Ruled])
    always: list[Candidate[Ruled]] = []
    for place, ruled in enumerate(rules):
        access = shared.access(ruled.rule)
        if access is None:
            always.append(Candidate(place, ruled.rule.terms, ruled))
        else:
            keys[access.key].add(access, place, ruled)
    by_name: dict[str, list[_Key[Ruled]]] = defaultdict(list)
    for key, draft in keys.items():
        finished = draft.finished(len(rules))
        for prefix in ("", *prefixes):
            by_name[prefix + key].append(finished)
    return Index({name: tuple(found) for name, found in by_name.items()}, tuple(always), len(rules))


@attrs.frozen
class _Shared:
    """How many rules have each exact term, each required literal and each key."""

    exact: Mapping[tuple[str, str], int]
    literals: Mapping[tuple[str, str], int]
    keys: Mapping[str, int]

    def access(self, rule: Rule) -> Term | None:
        """The term that a rule hangs on; None when all are negated."""
        positive = [term for term in rule.terms if not term.negated]
        return min(positive, key=self._cost, default=None)

    def _cost(self, term: Term) -> tuple[int, int]:
        """What a dict finds comes first, then what a literal finds, then what is tried for every value."""
        if term.test == "equal":
            count = self.exact[term.key, term.value]
            return (0 if count <= _FEW else 1), count
        if term.literals:
            return 1, _FEW + max(self.literals[term.key, text] for text in term.literals)
        return 2, self.keys[term.key]


_Lists: TypeAlias = defaultdict[str, list[Candidate[Ruled]]]


@attrs.define
class _Draft(Generic[Ruled]):
    """The rules that hang on one key, while they are gathered in the order of their places."""

    exact: dict[str, list[Candidate[Ruled]]] = attrs.field(factory=lambda: _Lists[Ruled](list))
    literals: dict[str, list[Candidate[Ruled]]] = attrs.field(factory=lambda: _Lists[Ruled](list))
    loose: list[Candidate[Ruled]] = attrs.field(factory=list[Candidate[Ruled]])

    def add(self, access: Term, place: int, ruled: Ruled) -> None:
        if access.test == "equal":
            rest = tuple(term for term in ruled.rule.terms if term is not access)
            self.exact[access.value].append(Candidate(place, rest, ruled))
            return
        candidate = Candidate(place, ruled.rule.terms, ruled)
        for text in access.literals:
            self.literals[text].append(candidate)
        if not access.literals:
            self.loose.append(candidate)

    def finished(self, count: int) -> _Key[Ruled]:
        slow = [*self.literals.values(), *([self.loose] if self.loose else [])]
        return _Key(
            {value: tuple(found) for value, found in self.exact.items()},
            grams_of({text: tuple(found) for text, found in self.literals.items()}),
            tuple(self.loose),
            min((found[0].place for found in slow), default=count),
        )
