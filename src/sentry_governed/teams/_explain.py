"""Why an event has its owner, and why it has not another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from sentry_governed._yaml import did_you_mean, quoted
from sentry_governed.errors import ConfigError
from sentry_governed.teams._change import MOST_TRIES, Search
from sentry_governed.teams._compiled import Compiled
from sentry_governed.teams._engine import ranked
from sentry_governed.teams._explanation import Behind, Explanation, Fact, Judged, RunnerUp, WhyNot
from sentry_governed.teams._facts import Facts
from sentry_governed.teams._rules import Rule
from sentry_governed.teams._values import Ignore, Match, Team
from sentry_governed.teams._verdicts import verdicts_on

MOST_RUNNERS_UP: Final = 10

_RANKS: Final[tuple[Behind, ...]] = ("priority", "precedence", "terms")


@attrs.frozen
class Explainer:
    """One event before the rules of one file."""

    file: Compiled
    facts: Facts

    def explain(self, team: str | None) -> Explanation:
        """Explain who owns it, and why that team does not.

        Raises:
            ConfigError: There is no team of that name.
        """
        asked = None if team is None else self._team_named(team)
        matches = self.file.rules.all(self.facts)
        ignore = self.file.ignores.first(self.facts)
        winner = matches[0] if matches else None
        owner = winner.team if winner else self.file.declared.default
        why_not = None if asked is None or asked == owner else self._why_not(asked, winner)
        return Explanation(
            source=self.file.source,
            team=owner,
            winner=self._judged(winner) if winner else None,
            ignored=Judged(None, ignore.rule, ignore.location, verdicts_on(ignore.rule.terms, self.facts))
            if ignore
            else None,
            reason=ignore.reason if ignore else None,
            runners_up=tuple(
                RunnerUp(self._judged(match), _behind(match.rule, matches[0].rule))
                for match in matches[1 : 1 + MOST_RUNNERS_UP]
            ),
            more=max(0, len(matches) - 1 - MOST_RUNNERS_UP),
            facts=tuple(self._facts()),
            asked=asked,
            why_not=why_not,
        )

    def _team_named(self, name: str) -> Team:
        teams = {team.name: team for team in self.file.declared.teams}
        if name not in teams:
            raise ConfigError(
                f"{quoted(self.file.source)} has no team {quoted(name)} ({did_you_mean(name, teams)})"
            )
        return teams[name]

    def _judged(self, match: Match) -> Judged:
        return Judged(match.team, match.rule, match.location, verdicts_on(match.rule.terms, self.facts))

    def _facts(self) -> Iterator[Fact]:
        """What is known, and which keys of the file look at it."""
        ruled: Sequence[Match | Ignore] = (*self.file.declared.matches, *self.file.declared.ignores)
        asked = {term.key for each in ruled for term in each.rule.terms}
        prefixes = ("", *self.file.declared.prefixes)
        for name in self.facts.names:
            keys = (name.removeprefix(prefix) for prefix in prefixes if name.startswith(prefix))
            yield Fact(name, self.facts.texts(name), tuple(key for key in keys if key in asked))

    # --- why not that team

    def _why_not(self, team: Team, winner: Match | None) -> WhyNot:
        rules = ranked(match for match in self.file.declared.matches if match.team == team)
        failing = {id(match): self._failing(match.rule) for match in rules}
        nearest = sorted(rules, key=lambda match: failing[id(match)])
        search = Search(self.file, self.facts)
        change = search.change_for(team, ((failing[id(match)][1], match) for match in nearest))
        note = ""
        if not rules and team != self.file.declared.default:
            note = "no tags can make it the owner: it has no rules and is not the default team"
        elif change is None and search.tries < MOST_TRIES:
            note = "no change of tags was found that makes it the owner"
        elif change is None:
            note = f"no change of tags that makes it the owner is among the {MOST_TRIES} that were tried"
        first = nearest[0] if nearest else None
        holds = first is not None and not failing[id(first)][0]
        behind = _behind(first.rule, winner.rule) if first and winner and holds else None
        return WhyNot(team, self._judged(first) if first else None, behind, change, note)

    def _failing(self, rule: Rule) -> tuple[int, int, int]:
        """How many distinct terms fail, how many keys these have, and less the more terms hold."""
        values = self.facts.values
        terms = set(rule.terms)
        failed = {term for term in terms if not term.holds(values(term.key))}
        return len(failed), len({term.key for term in failed}), len(failed) - len(terms)


def _behind(rule: Rule, winner: Rule) -> Behind:
    for name, mine, best in zip(_RANKS, rule.rank, winner.rank, strict=True):
        if mine != best:
            return name
    return "order"
