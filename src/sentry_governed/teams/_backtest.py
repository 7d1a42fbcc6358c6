"""What a file would have made of recorded alerts: a count, in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from sentry_governed.teams._compiled import Compiled
from sentry_governed.teams._facts import Facts, facts_of
from sentry_governed.teams._file import Declared
from sentry_governed.teams._frequent import Frequent, Pair
from sentry_governed.teams._values import Ignore, Match, Team
from sentry_governed.typing import HasFacts, JsonValue, Tags

MOST_UNROUTED: Final = 100
_LONGEST: Final = 200


@attrs.frozen
class TeamCount:
    """How many alerts a team owns.

    Attributes:
        team: The team.
        by_rules: Those that its rules won.
        by_default: Those that no rule matched, if it is the default team.
    """

    team: Team
    by_rules: int
    by_default: int

    @property
    def alerts(self) -> int:
        """All of them."""
        return self.by_rules + self.by_default


@attrs.frozen
class RuleCount:
    """How many alerts a rule won.

    Attributes:
        match: The rule, whose it is, and where it stands.
        alerts: How often it was the best rule of an alert that is not ignored.
    """

    match: Match
    alerts: int


@attrs.frozen
class IgnoreCount:
    """How many alerts an ignore rule took.

    Attributes:
        ignore: The ignore rule.
        alerts: How often it was the first that matched.
    """

    ignore: Ignore
    alerts: int


@attrs.frozen
class Unrouted:
    """A value among the alerts that no rule matched.

    Attributes:
        name: The tag or fact.
        value: One of its values, up to 200 characters.
        alerts: How often it was seen.
    """

    name: str
    value: str
    alerts: int


@attrs.frozen
class Backtest:
    """What a file would have made of recorded alerts; `str(backtest)` is a text.

    Every alert is counted once: as ignored, as won by a rule, or as one that no rule matched.

    Attributes:
        source: The teams file.
        teams: One count for each team, in the order of the file.
        rules: One count for each rule, in the order of the file.
        ignores: One count for each ignore rule, in the order of the file.
        default: How many alerts no rule matched.
        default_team: Who owns these; None if the file has no default team, so that nobody does.
        unrouted: The values that occur most often among these, at most 100, the most frequent first.
        missed: By how much the counts of `unrouted` may be too low; 0 unless there are very many values.
    """

    source: str
    teams: tuple[TeamCount, ...]
    rules: tuple[RuleCount, ...]
    ignores: tuple[IgnoreCount, ...]
    default: int
    default_team: Team | None
    unrouted: tuple[Unrouted, ...]
    missed: int

    @property
    def alerts(self) -> int:
        """How many there were."""
        return self.ignored + self.routed + self.default

    @property
    def ignored(self) -> int:
        """How many alerts an ignore rule took."""
        return sum(each.alerts for each in self.ignores)

    @property
    def routed(self) -> int:
        """How many alerts a rule won."""
        return sum(each.alerts for each in self.rules)

    @property
    def default_share(self) -> float:
        """The share, among the alerts that are not ignored, of those that no rule matched; 0.0 of none."""
        return self.default / (self.alerts - self.ignored) if self.default else 0.0

    @property
    def never_hit(self) -> tuple[Match, ...]:
        """The rules that won no alert, in the order of the file."""
        return tuple(each.match for each in self.rules if not each.alerts)

    def to_json(self) -> dict[str, JsonValue]:
        """The same as JSON."""
        return {
            "alerts": self.alerts,
            "ignored": self.ignored,
            "default": {
                "team": self.default_team.name if self.default_team else None,
                "alerts": self.default,
                "share": round(self.default_share, 6),
            },
            "teams": [
                {"team": each.team.name, "alerts": each.alerts, "by_default": each.by_default}
                for each in self.teams
            ],
            "rules": [{**_rule_json(each.match), "alerts": each.alerts} for each in self.rules],
            "ignore_rules": [
                {
                    "rule": str(each.ignore.rule),
                    "location": each.ignore.location,
                    "reason": each.ignore.reason,
                    "alerts": each.alerts,
                }
                for each in self.ignores
            ],
            "never_hit": [_rule_json(match) for match in self.never_hit],
            "unrouted": [
                {"name": each.name, "value": each.value, "alerts": each.alerts} for each in self.unrouted
            ],
            "unrouted_missed": self.missed,
        }

    def __str__(self) -> str:
        from sentry_governed.teams._backtest_text import lines_of  # only those who print pay for it

        return "\n".join(lines_of(self))


def _rule_json(match: Match) -> dict[str, JsonValue]:
    return {"team": match.team.name, "rule": str(match.rule), "location": match.location}


def counted(file: Compiled, alerts: Iterable[Tags | HasFacts]) -> Backtest:
    """Route every alert and count.

    Raises:
        ConfigError: One is neither a mapping nor an object with `facts`.
    """
    declared, rules, ignores = file.declared, file.rules, file.ignores
    won: dict[int, int] = dict.fromkeys(map(id, declared.matches), 0)
    taken: dict[int, int] = dict.fromkeys(map(id, declared.ignores), 0)
    frequent = Frequent()
    default = 0
    for alert in alerts:
        facts = facts_of(alert, declared.prefixes)
        if taken and (ignore := ignores.first(facts)):
            taken[id(ignore)] += 1
        elif match := rules.first(facts):
            won[id(match)] += 1
        else:
            default += 1
            frequent.add(_pairs(facts))
    return Backtest(
        source=file.source,
        teams=_teams(declared, won, default),
        rules=tuple(RuleCount(match, won[id(match)]) for match in declared.matches),
        ignores=tuple(IgnoreCount(ignore, taken[id(ignore)]) for ignore in declared.ignores),
        default=default,
        default_team=declared.default,
        unrouted=tuple(Unrouted(*pair, count) for pair, count in frequent.top(MOST_UNROUTED)),
        missed=frequent.missed,
    )


def _pairs(facts: Facts) -> list[Pair]:
    """The values of an event, each once behind its name, both cut to what is kept in memory."""
    pairs: list[Pair] = []
    for name, value in facts.names.items():
        if type(value) is str:
            pairs.append((name[:_LONGEST], value[:_LONGEST]))
        else:
            pairs += ((name[:_LONGEST], text[:_LONGEST]) for text in dict.fromkeys(facts.texts(name)))
    return pairs


def _teams(declared: Declared, won: dict[int, int], default: int) -> tuple[TeamCount, ...]:
    by_rules = dict.fromkeys((team.name for team in declared.teams), 0)
    for match in declared.matches:
        by_rules[match.team.name] += won[id(match)]
    return tuple(
        TeamCount(team, by_rules[team.name], default if team == declared.default else 0)
        for team in declared.teams
    )
