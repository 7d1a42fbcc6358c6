"""A diff for people: lines whose first eleven columns are a label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sentry_governed._yaml import quoted
from sentry_governed.teams._difference import Diff, Move, Witness
from sentry_governed.teams._lines import labelled, plain

_MOST_MOVES: Final = 20
_MOST_NAMES: Final = 20
_MOST_TAGS: Final = 8


def lines_of(diff: Diff) -> Iterator[str]:
    """One line after the other."""
    yield from labelled("Files", [f"{plain(diff.before)} -> {plain(diff.after)}"])
    yield from labelled("Rules", [rules_of(diff)])
    yield from labelled("Teams", teams_of(diff))
    yield from labelled("Moves", _moves(diff))
    if diff.alerts:
        yield from labelled("Alerts", [f"{diff.alerts_moved:,} of {diff.alerts:,} recorded alerts move"])


def rules_of(diff: Diff) -> str:
    """How many rules differ, in words."""
    rules = diff.rules
    return (
        f"{rules.removed:,} removed, {rules.added:,} added, {rules.moved:,} reordered; "
        f"{rules.before:,} before, {rules.after:,} after"
    )


def teams_of(diff: Diff) -> list[str]:
    """Which teams differ, in words."""
    lines: list[str] = []
    for what, teams in (
        ("added", diff.teams_added),
        ("removed", diff.teams_removed),
        ("other Asana ids", tuple(after for _, after in diff.teams_changed)),
    ):
        if teams:
            lines.append(f"{what}: {_names([plain(team) for team in teams])}")
    before, after = diff.default_before, diff.default_after
    if (before and before.name) != (after and after.name):
        lines.append(f"default: {plain(before or 'none')} -> {plain(after or 'none')}")
    return lines


def nothing_moves(diff: Diff) -> str:
    """Why it can be said that nothing moves."""
    if diff.certain:
        return "none: the two files say the same, so every event keeps its owner"
    limit = "; there was more to try" if diff.limited else ""
    return f"none was found: {diff.tried:,} events made from the rules keep their owners{limit}"


def _moves(diff: Diff) -> list[str]:
    if not diff.moves:
        return [nothing_moves(diff)]
    lines: list[str] = []
    for move in diff.moves[:_MOST_MOVES]:
        lines.append(f"{plain(move.before)} -> {plain(move.after)}{counts_of(move, diff)}")
        lines += [f"  {event_of(witness.tags)} ({rules_at(witness)})" for witness in move.witnesses]
    if len(diff.moves) > _MOST_MOVES:
        lines.append(f"and {len(diff.moves) - _MOST_MOVES:,} more from one to another")
    if diff.limited:
        lines.append("there was more to try: others may move too")
    return lines


def counts_of(move: Move, diff: Diff) -> str:
    """How often a move was seen, in words."""
    words = f": {move.witnessed:,} made from rules"
    return words + (f", {move.alerts:,} of the recorded alerts" if diff.alerts else "")


def event_of(tags: Mapping[str, tuple[str, ...]]) -> str:
    """The tags of an event on one line."""
    shown = [
        f"{plain(name)}={', '.join(map(quoted, values))}" for name, values in list(tags.items())[:_MOST_TAGS]
    ]
    more = [f"and {len(tags) - _MOST_TAGS} more"] if len(tags) > _MOST_TAGS else []
    return " ".join([*shown, *more]) or "no tags"


def rules_at(witness: Witness) -> str:
    """Where the rules stand that decide before and after."""
    return f"{plain(witness.before or 'no rule')} -> {plain(witness.after or 'no rule')}"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
