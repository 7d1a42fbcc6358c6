"""What is said about one event: who owns it, who does not, and what would change that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import attrs

from sentry_governed.teams._rules import Rule
from sentry_governed.teams._values import Team
from sentry_governed.teams._verdicts import Verdict
from sentry_governed.typing import JsonValue

Behind: TypeAlias = Literal["priority", "precedence", "terms", "order"]
"""What puts a rule behind the winner: a lower priority or precedence, fewer terms, or a later place."""

CUT = 1_024


@attrs.frozen
class Judged:
    """A rule with the verdict on each of its distinct terms.

    Attributes:
        team: Whose rule it is; None for an ignore rule.
        rule: The rule.
        location: Its `Matchers` key, such as `teams.yaml:42:7`.
        verdicts: One for each distinct term, in the order written.
    """

    team: Team | None
    rule: Rule
    location: str
    verdicts: tuple[Verdict, ...]

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The verdicts on the terms that do not hold."""
        return tuple(verdict for verdict in self.verdicts if not verdict.holds)

    def to_json(self) -> dict[str, JsonValue]:
        """The same as JSON."""
        return {
            "team": self.team.name if self.team else None,
            "rule": str(self.rule),
            "location": self.location,
            "priority": self.rule.priority,
            "precedence": self.rule.precedence,
            "terms": [verdict.to_json() for verdict in self.verdicts],
        }


@attrs.frozen
class RunnerUp:
    """A rule that matches and does not win.

    Attributes:
        judged: The rule.
        behind: What puts it behind the winner.
    """

    judged: Judged
    behind: Behind


@attrs.frozen
class Fact:
    """What the event has under one name.

    Attributes:
        name: The name.
        values: Its values as texts; empty where the value counts as absent.
        keys: The keys of terms in the file that look at it, its own name or that without an alias prefix.
    """

    name: str
    values: tuple[str, ...]
    keys: tuple[str, ...]


@attrs.frozen
class Edit:
    """A changed tag.

    Attributes:
        name: The tag.
        before: Its values in the event; empty where it is absent.
        after: Its values after the change; empty to remove it.
    """

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@attrs.frozen
class Change:
    """A change of an event that makes a team its owner; found by search and checked by routing.

    Attributes:
        edits: The tags that change, as few as were found.
        location: The rule that wins then; None when the team is the default and no rule matches.
        tags: All the tags of the changed event.
    """

    edits: tuple[Edit, ...]
    location: str | None
    tags: Mapping[str, tuple[str, ...]] = attrs.field(repr=False, hash=False)


@attrs.frozen
class WhyNot:
    """Why a team does not own an event.

    Attributes:
        team: The team.
        nearest: Its rule with the fewest terms that fail, of these the one with the most that hold, then the
            best; None for a team without rules.
        behind: What puts the nearest rule behind the winner, if all its terms hold.
        change: The smallest change of tags that was found to make it the owner.
        note: Why there is no change, or an empty text.
    """

    team: Team
    nearest: Judged | None
    behind: Behind | None
    change: Change | None
    note: str

    def to_json(self) -> dict[str, JsonValue]:
        """The same as JSON."""
        edits: list[JsonValue] = [
            {"name": edit.name, "before": cut(edit.before), "after": cut(edit.after)}
            for edit in (self.change.edits if self.change else ())
        ]
        change: JsonValue = {"edits": edits, "location": self.change.location} if self.change else None
        return {
            "team": self.team.name,
            "nearest": self.nearest.to_json() if self.nearest else None,
            "behind": self.behind,
            "change": change,
            "note": self.note,
        }


@attrs.frozen
class Explanation:
    """Who owns an event and why, and who does not; `str(explanation)` is a text of a few lines.

    Attributes:
        source: The teams file.
        team: The owner; None when no rule matches and there is no default team.
        winner: The rule that wins, or None.
        ignored: The ignore rule that matches, or None; the owner is then the one that it would have had.
        reason: The Reason of that ignore rule, or None.
        runners_up: The rules that match besides, the best first, at most 10.
        more: How many further rules match.
        facts: What the event has, by name.
        asked: The team that was asked about, or None.
        why_not: Why that team is not the owner; None when it is, or when none was asked about.
    """

    source: str
    team: Team | None
    winner: Judged | None
    ignored: Judged | None
    reason: str | None
    runners_up: tuple[RunnerUp, ...]
    more: int
    facts: tuple[Fact, ...]
    asked: Team | None
    why_not: WhyNot | None

    @property
    def is_default(self) -> bool:
        """Whether no rule matches, so that the default team owns the event if there is one."""
        return self.winner is None

    def to_json(self) -> dict[str, JsonValue]:
        """The same as JSON; of a value the first 1,024 characters."""
        return {
            "team": self.team.name if self.team else None,
            "is_default": self.is_default,
            "winner": self.winner.to_json() if self.winner else None,
            "ignored": {**self.ignored.to_json(), "reason": self.reason} if self.ignored else None,
            "runners_up": [{**each.judged.to_json(), "behind": each.behind} for each in self.runners_up],
            "more_runners_up": self.more,
            "facts": [
                {"name": fact.name, "values": cut(fact.values), "keys": list(fact.keys)}
                for fact in self.facts
            ],
            "asked": self.asked.name if self.asked else None,
            "why_not": self.why_not.to_json() if self.why_not else None,
        }

    def __str__(self) -> str:
        from sentry_governed.teams._explanation_text import lines_of  # only those who print pay for it

        return "\n".join(lines_of(self))


def cut(values: Sequence[str]) -> list[JsonValue]:
    """Values as JSON, each with its first 1,024 characters."""
    return [value[:CUT] for value in values]
