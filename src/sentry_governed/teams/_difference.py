"""What changes in effect between two teams files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import attrs

from sentry_governed.teams._values import Team
from sentry_governed.typing import JsonValue

Kind: TypeAlias = Literal["rule", "default", "ignored", "nobody"]

_MOST_MOVES: Final = 500


@attrs.frozen
class Outcome:
    """What becomes of an event; `str(outcome)` is the owner's name, or says what else.

    Attributes:
        kind: A rule's team owns it, or the default team, or it is ignored, or nobody owns it.
        team: The owner's name; None for what is ignored or nobody's.
    """

    kind: Kind
    team: str | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """The same as JSON."""
        return {"kind": self.kind, "team": self.team}

    def __str__(self) -> str:
        if self.team is None:
            return self.kind
        return f"{self.team} (default)" if self.kind == "default" else self.team


@attrs.frozen
class Witness:
    """An event that moves, made from rules.

    Attributes:
        tags: The event.
        before: The rule or ignore rule that decides in the old file; None if none does.
        after: That of the new file.
    """

    tags: Mapping[str, tuple[str, ...]] = attrs.field(hash=False)
    before: str | None
    after: str | None

    def to_json(self) -> dict[str, JsonValue]:
        """The same as JSON."""
        tags: dict[str, JsonValue] = {name: list(values) for name, values in self.tags.items()}
        return {"tags": tags, "before": self.before, "after": self.after}


@attrs.frozen
class Move:
    """From whom to whom events move.

    Attributes:
        before: What becomes of them by the old file.
        after: What becomes of them by the new file.
        witnesses: Events that show it, at most 3.
        witnessed: How many such events were found.
        alerts: How many of the recorded alerts move so.
    """

    before: Outcome
    after: Outcome
    witnesses: tuple[Witness, ...]
    witnessed: int
    alerts: int

    def to_json(self) -> dict[str, JsonValue]:
        """The same as JSON."""
        return {
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "witnesses": [witness.to_json() for witness in self.witnesses],
            "witnessed": self.witnessed,
            "alerts": self.alerts,
        }


@attrs.frozen
class RuleChanges:
    """How many rules differ; two are the same if the team and the set of terms are.

    Attributes:
        before: The rules of the old file.
        after: The rules of the new file.
        removed: Those that the new file does not have.
        added: Those that the old file does not have.
        moved: The fewest of the others that have to change their place in the order in which rules win.
    """

    before: int
    after: int
    removed: int
    added: int
    moved: int


@attrs.frozen
class Diff:
    """What changes in effect between two files; `str(diff)` is a text.

    Attributes:
        before: The old file.
        after: The new file.
        moves: From whom to whom events move, those with the most recorded alerts first.
        alerts: How many recorded alerts were routed.
        tried: How many events were made from the rules of both files, and routed.
        certain: Whether the two files say the same, so that no event at all moves.
        limited: Whether there were more events to try than was thought bearable.
        rules: How many rules differ.
        teams_added: The teams that only the new file has.
        teams_removed: The teams that only the old file has.
        teams_changed: The teams whose Asana ids differ, each as it was and as it is.
        default_before: The default team of the old file.
        default_after: The default team of the new file.
    """

    before: str
    after: str
    moves: tuple[Move, ...]
    alerts: int
    tried: int
    certain: bool
    limited: bool
    rules: RuleChanges
    teams_added: tuple[Team, ...]
    teams_removed: tuple[Team, ...]
    teams_changed: tuple[tuple[Team, Team], ...]
    default_before: Team | None
    default_after: Team | None

    @property
    def alerts_moved(self) -> int:
        """How many recorded alerts move."""
        return sum(move.alerts for move in self.moves)

    def to_json(self) -> dict[str, JsonValue]:
        """The same as JSON; at most 500 moves are listed."""
        return {
            "before": self.before,
            "after": self.after,
            "moves": [move.to_json() for move in self.moves[:_MOST_MOVES]],
            "more_moves": max(0, len(self.moves) - _MOST_MOVES),
            "alerts": self.alerts,
            "alerts_moved": self.alerts_moved,
            "tried": self.tried,
            "certain": self.certain,
            "limited": self.limited,
            "rules": dict(attrs.asdict(self.rules)),
            "teams_added": _names(self.teams_added),
            "teams_removed": _names(self.teams_removed),
            "teams_changed": _names([after for _, after in self.teams_changed]),
            "default_before": self.default_before.name if self.default_before else None,
            "default_after": self.default_after.name if self.default_after else None,
        }

    def to_markdown(self) -> str:
        """A comment for a pull request: bounded, and with every name and value escaped."""
        from sentry_governed.teams._diff_markdown import markdown_of  # only those who print pay for it

        return markdown_of(self)

    def __str__(self) -> str:
        from sentry_governed.teams._diff_text import lines_of  # as above

        return "\n".join(lines_of(self))


def _names(teams: Sequence[Team]) -> list[JsonValue]:
    return [team.name for team in teams]
