"""The smallest change of an event that makes a team its owner: a search that is bounded, and checked."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from itertools import count, islice
from typing import Final, NamedTuple

import attrs

from sentry_governed.teams._compiled import Compiled
from sentry_governed.teams._explanation import Change, Edit
from sentry_governed.teams._facts import Facts
from sentry_governed.teams._solve import Texts, solved
from sentry_governed.teams._terms import Term
from sentry_governed.teams._values import Match, Team

MOST_TRIES: Final = 1_000
_MOST_RULES: Final = 200


class _State(NamedTuple):
    """Terms that are to hold; the least number of edits first, and what was put in first."""

    edits: int
    turn: int
    required: tuple[Term, ...]
    changed: Texts | None


@attrs.define
class Search:
    """The search for one event; a step adds what would take the event from whoever owns it instead."""

    file: Compiled
    given: Facts
    tries: int = 0
    _waiting: list[_State] = attrs.field(factory=list[_State])
    _turns: count[int] = attrs.field(factory=count)
    _known: set[frozenset[Term]] = attrs.field(factory=set[frozenset[Term]])

    def change_for(self, team: Team, nearest: Iterable[tuple[int, Match]]) -> Change | None:
        """The smallest change that was found.

        Args:
            team: Who is to own the event.
            nearest: The team's rules, those with the fewest failing terms first, each with the number of
                keys that these terms have.
        """
        tags = {name: texts for name in self.given.names if (texts := self.given.texts(name))}
        was_ignored = self.file.ignores.first(self.given) is not None
        if team == self.file.declared.default:
            self._wait(0, ())
        for failing, match in islice(nearest, _MOST_RULES):
            # by an alias one changed tag may do for several keys
            self._wait(min(failing, 1) if self.file.declared.prefixes else failing, match.rule.terms)
        while self._waiting and self.tries < MOST_TRIES:
            state = heapq.heappop(self._waiting)
            if state.changed is None:
                self.tries += 1
                changed = solved(state.required, tags, self.file.declared.prefixes)
                if changed is not None:
                    heapq.heappush(self._waiting, state._replace(edits=len(changed), changed=changed))
                continue
            after = {name: values for name, values in {**tags, **state.changed}.items() if values}
            facts = self.file.facts(after)
            winner = self.file.rules.first(facts)
            owner = self.file.declared.default if winner is None else winner.team
            ignore = None if was_ignored else self.file.ignores.first(facts)
            if owner == team and ignore is None:
                edits = (Edit(name, tags.get(name, ()), values) for name, values in state.changed.items())
                return Change(tuple(edits), winner.location if winner else None, after)
            against = ignore if owner == team else winner
            if against is not None:
                self._against(state, against.rule.terms)
        return None

    def _against(self, state: _State, terms: Sequence[Term]) -> None:
        """Let one term after the other fail, of a rule that must not match."""
        for term in terms:
            if term not in state.required:
                opposite = attrs.evolve(term, negated=not term.negated)
                self._wait(state.edits, (*state.required, opposite))

    def _wait(self, edits: int, required: tuple[Term, ...]) -> None:
        known = frozenset(required)
        if known not in self._known:
            self._known.add(known)
            heapq.heappush(self._waiting, _State(edits, next(self._turns), required, None))
