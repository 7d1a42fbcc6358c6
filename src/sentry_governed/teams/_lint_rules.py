"""What rules do to each other: one never wins because of another, or only their order decides.

Each rule is looked at with the plainest event that it asks for, through the index, so that it meets only the
rules that this event leads to. What is reported is certain: that a rule never wins follows from its terms,
and each finding has an event for which the rules match.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Final

import attrs

from sentry_governed._yaml import quoted
from sentry_governed.teams._engine import Index, Ruled
from sentry_governed.teams._facts import Facts, facts_of
from sentry_governed.teams._finding import Finding
from sentry_governed.teams._implied import all_implied
from sentry_governed.teams._rules import Rule
from sentry_governed.teams._solve import solved
from sentry_governed.teams._strings import likely_text
from sentry_governed.teams._terms import Term
from sentry_governed.teams._together import Together
from sentry_governed.teams._values import Ignore, Match

MOST_NEIGHBOURS: Final = 64
"""So many rules, the best first, is each rule compared with."""

_Witness = Mapping[str, tuple[str, ...]]


@attrs.define
class Rules:
    """All rules of a file, to be asked about one after the other in the order of the file."""

    rules: Index[Match]
    ignores: Index[Ignore]
    prefixes: tuple[str, ...]
    _pairs: set[frozenset[str]] = attrs.field(init=False, factory=set[frozenset[str]])
    _together: Together = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._together = Together(self.rules, self.prefixes)

    def about(self, match: Match) -> Iterator[Finding]:
        """Findings about one rule and the others."""
        facts = facts_of(_likely_event(match.rule), self.prefixes)
        neighbours = self.rules.near(facts, MOST_NEIGHBOURS)
        winners = self._winners(match, neighbours, facts)
        ignore = self._ignored(match, self.ignores.near(facts, MOST_NEIGHBOURS))
        rivals = [] if winners else self._rivals(match, neighbours)
        witness = self._witness(match.rule) if winners or ignore or rivals else None
        if witness is None:
            return
        if winners:
            yield _beaten(winners, match, witness)
        if ignore:
            yield _ignored(ignore, match, witness)
        if rivals:
            yield from self._conflicts(match, rivals, witness)

    def about_ignore(self, ignore: Ignore) -> Iterator[Finding]:
        """Findings about one ignore rule and those before it."""
        facts = facts_of(_likely_event(ignore.rule), self.prefixes)
        first = _always_better(ignore, self.ignores.near(facts, MOST_NEIGHBOURS))
        witness = self._witness(ignore.rule) if first else None
        if first and witness is not None:
            yield Finding(
                "unreachable-ignore",
                ignore.location,
                f"whatever the rule matches is ignored by {first.rule} at {first.location} before it",
                hint="delete it, or put it first if its Reason is the better one",
                related=first.location,
                witness=witness,
            )

    def _winners(self, match: Match, neighbours: tuple[Match, ...], facts: Facts) -> tuple[Match, ...]:
        """A better rule that always wins, or better ones of which one always does."""
        one = _always_better(match, neighbours)
        if one is not None:
            return (one,)
        if neighbours[:1] == (match,) or not self._together.may_ask(facts):
            return ()
        return () if self.rules.first(facts) is match else self._together.over(match)

    def _conflicts(self, match: Match, rivals: list[Match], witness: _Witness) -> Iterator[Finding]:
        facts = facts_of(witness, self.prefixes)
        best = self.rules.first(facts) if self._together.may_ask(facts) else None
        if best is None:
            return
        for other in rivals if best is match else [other for other in rivals if other is best]:
            if all(term.holds(facts.values(term.key)) for term in other.terms):
                self._pairs.add(frozenset({match.location, other.location}))
                yield _conflict(best, other if best is match else match, witness)

    def _ignored(self, match: Match, ignores: tuple[Ignore, ...]) -> Ignore | None:
        return next((each for each in ignores if all_implied(each.rule.terms, match.rule.terms)), None)

    def _rivals(self, match: Match, neighbours: tuple[Match, ...]) -> list[Match]:
        """Rules of other teams that rank the same; not those that this one makes useless."""
        return [
            other
            for other in neighbours
            if other.team != match.team
            and other.rule.rank == match.rule.rank
            and frozenset({match.location, other.location}) not in self._pairs
            and not all_implied(match.rule.terms, other.rule.terms)
        ]

    def _witness(self, rule: Rule) -> _Witness | None:
        """An event with only what a rule asks for."""
        changed = solved(rule.terms, {}, self.prefixes)
        return None if changed is None else {name: values for name, values in changed.items() if values}


def _always_better(ruled: Ruled, neighbours: tuple[Ruled, ...]) -> Ruled | None:
    """A better rule that matches whatever this one does; the neighbours are in order of rank."""
    better = takewhile(lambda other: other is not ruled, neighbours)
    return next((other for other in better if all_implied(other.rule.terms, ruled.rule.terms)), None)


def _likely_event(rule: Rule) -> _Witness:
    event: dict[str, tuple[str, ...]] = {}
    for term in rule.terms:
        if not term.negated:
            event[term.key] = (*event.get(term.key, ()), _likely_value(term))
    return event


def _likely_value(term: Term) -> str:
    if term.test == "regex":
        return likely_text(term)
    return term.value if term.test == "equal" else "any"


def _ignored(ignore: Ignore, match: Match, witness: _Witness) -> Finding:
    return Finding(
        "ignored-rule",
        match.location,
        f"whatever the rule matches is ignored: {ignore.reason}",
        hint=f"delete it, or make the ignore rule at {ignore.location} narrower",
        team=match.team.name,
        related=ignore.location,
        witness=witness,
    )


def _beaten(winners: tuple[Match, ...], match: Match, witness: _Witness) -> Finding:
    winner, *others = winners
    same = set(winner.rule.terms) == set(match.rule.terms)
    whose = "" if winner.team == match.team else f" of team {quoted(winner.team.name)}"
    what = "has the same terms and" if same else "matches whatever it matches and"
    if others:
        whose = f"{whose}, or one of {len(others)} more,"
    return Finding(
        "duplicate-rule" if same else "unreachable-rule",
        match.location,
        f"the rule never wins: {winner.rule} at {winner.location}{whose} {what} {_why(winner, match)}",
        hint="delete it, or make it rank better with a Priority",
        team=match.team.name,
        related=winner.location,
        witness=witness,
    )


def _why(winner: Match, match: Match) -> str:
    better, worse = winner.rule, match.rule
    if better.priority != worse.priority:
        return f"has priority {better.priority} over {worse.priority}"
    if better.precedence != worse.precedence:
        return "names the team or the service, which goes first"
    return "has more terms" if better.rank != worse.rank else "stands first"


def _conflict(winner: Match, loser: Match, witness: _Witness) -> Finding:
    return Finding(
        "conflict",
        loser.location,
        f"only the order in the file lets {winner.rule} at {winner.location} of team "
        f"{quoted(winner.team.name)} win over this rule",
        hint="give one of them a Priority, or a further term",
        team=loser.team.name,
        related=winner.location,
        witness=witness,
    )
