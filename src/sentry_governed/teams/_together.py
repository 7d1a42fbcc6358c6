"""Rules that only together leave another one nothing to win."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from sentry_governed.teams._engine import Index
from sentry_governed.teams._facts import Facts, facts_of
from sentry_governed.teams._implied import is_implied, never_holds, opposite
from sentry_governed.teams._solve import solved
from sentry_governed.teams._terms import Term
from sentry_governed.teams._values import Match

_MOST_EVENTS: Final = 32
_MOST_TRIED: Final = 1_000_000
_AN_EVENT: Final = 1_000  # making one costs about what looking at so many rules does


class _NotSo(Exception):
    """There is an event that the rule wins, or whether there is was not found out."""


@attrs.define
class Together:
    """The search in one file; it ends after so many events for one rule, and so many rules looked at."""

    rules: Index[Match]
    prefixes: tuple[str, ...]
    _tried: int = 0
    _events: int = 0

    def may_ask(self, facts: Facts) -> bool:
        """Whether the search may still go on, with an event that makes it look at some more rules."""
        self._tried += self.rules.tried(facts)
        return self._tried <= _MOST_TRIED

    def over(self, match: Match) -> tuple[Match, ...]:
        """Rules of which one is better in each event that this one matches; none if that is not certain."""
        self._events = 0
        try:
            return tuple({id(each): each for each in self._better(match, match.terms)}.values())
        except _NotSo:
            return ()

    def _better(self, match: Match, terms: Sequence[Term]) -> list[Match]:
        """The rules that are better wherever these terms hold, beside those of the rule.

        Whichever rule wins one such event wins all of them, but for those in which one of its terms fails.
        """
        if never_holds(terms):
            return []
        best = self._winner(terms)
        if best is match:
            raise _NotSo
        found = [best]
        for term in dict.fromkeys(best.terms):
            if not is_implied(term, terms):
                found += self._better(match, (*terms, opposite(term)))
        return found

    def _winner(self, terms: Sequence[Term]) -> Match:
        self._events += 1
        event = solved(terms, {}, self.prefixes) if self._events <= _MOST_EVENTS else None
        self._tried += _AN_EVENT
        facts = None if event is None else facts_of(event, self.prefixes)
        best = self.rules.first(facts) if facts is not None and self.may_ask(facts) else None
        if best is None:
            raise _NotSo
        return best
