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
from sentry_governed.teams._engine import Index
from sentry_governed.teams._facts import facts_of
from sentry_governed.teams._finding import Finding
from sentry_governed.teams._implied import all_implied
from sentry_governed.teams._rules import Rule
from sentry_governed.teams._solve import solved
from sentry_governed.teams._strings import likely_text
from sentry_governed.teams._terms import Term
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

    def about(self, match: Match) -> Iterator[Finding]:
        """Findings about one rule and the others."""
        facts = facts_of(_likely_event(match.rule), self.prefixes)
        neighbours = self.rules.near(facts, MOST_NEIGHBOURS)
        winner = self._winner(match, neighbours)
        ignore = self._ignored(match, self.ignores.near(facts, MOST_NEIGHBOURS))
        rivals = [] if winner else self._rivals(match, neighbours)
        witness = self._witness(match.rule) if winner or ignore or rivals else None
        if witness is None:
            return
        if winner:
            yield _beaten(winner, match, witness)
        if ignore:
            yield _ignored(ignore, match, witness)
        matching = self.rules.all(facts_of(witness, self.prefixes))
        for other in rivals:
            if other in matching and matching[0] in (match, other):
                self._pairs.add(frozenset({match.location, other.location}))
                yield _conflict(matching[0], other if matching[0] is match else match, witness)

    def _winner(self, match: Match, neighbours: tuple[Match, ...]) -> Match | None:
        """A better rule that always wins; the neighbours are in order of rank."""
        better = takewhile(lambda other: other is not match, neighbours)
        return next((other for other in better if all_implied(other.rule.terms, match.rule.terms)), None)

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


def _beaten(winner: Match, match: Match, witness: _Witness) -> Finding:
    same = set(winner.rule.terms) == set(match.rule.terms)
    whose = "" if winner.team == match.team else f" of team {quoted(winner.team.name)}"
    what = "has the same terms and" if same else "matches whatever it matches and"
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
