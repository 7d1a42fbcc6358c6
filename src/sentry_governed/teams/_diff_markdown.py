"""A diff as a comment on a pull request.

Names and values come from files that strangers may have written: each stands in `<code>`, where nothing is a
mention or a link, and of its characters only those stay as they are that mean nothing in Markdown or HTML.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sentry_governed.teams._diff_text import event_of, nothing_moves, rules_at, rules_of, teams_of
from sentry_governed.teams._difference import Diff, Move

_MOST_MOVES: Final = 20
_LONGEST: Final = 160
_LONGEST_COMMENT: Final = 60_000
_HARMLESS: Final = frozenset(" -/=,()")


def markdown_of(diff: Diff) -> str:
    """The comment; at most 60,000 characters, GitHub takes 65,536."""
    head = "\n".join(_head(diff)) + "\n"
    details = "\n".join(_details(diff)) + "\n"
    whole = f"{head}\n{details}"
    return whole if len(whole) <= _LONGEST_COMMENT else head


def _head(diff: Diff) -> Iterator[str]:
    yield f"### Who owns what: {_code(diff.before)} → {_code(diff.after)}"
    yield ""
    if diff.alerts:
        yield f"**{diff.alerts_moved:,} of {diff.alerts:,} recorded alerts move.**"
        yield ""
    if not diff.moves:
        yield f"Moves: {nothing_moves(diff)}."
        return
    yield "| from | to | recorded alerts | for example |"
    yield "|---|---|---:|---|"
    yield from (_row(move, diff) for move in diff.moves[:_MOST_MOVES])
    yield ""
    if len(diff.moves) > _MOST_MOVES:
        yield f"And {len(diff.moves) - _MOST_MOVES:,} more from one to another."
        yield ""
    if diff.limited:
        yield "There was more to try: others may move too."
        yield ""


def _row(move: Move, diff: Diff) -> str:
    alerts = f"{move.alerts:,}" if diff.alerts else "-"
    example = _code(event_of(move.witnesses[0].tags)) if move.witnesses else "-"
    return f"| {_code(str(move.before))} | {_code(str(move.after))} | {alerts} | {example} |"


def _details(diff: Diff) -> Iterator[str]:
    yield "<details><summary>Rules, teams and more examples</summary>"
    yield ""
    yield f"- Rules: {rules_of(diff)}"
    yield from (f"- {_code(line)}" for line in teams_of(diff))
    for move in diff.moves[:_MOST_MOVES]:
        for witness in move.witnesses:
            yield f"- {_code(event_of(witness.tags))}: {_code(rules_at(witness))}"
    yield ""
    yield "</details>"


def _code(text: str) -> str:
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    return f"<code>{''.join(map(_escaped, short))}</code>"


def _escaped(character: str) -> str:
    if character in _HARMLESS or (character.isascii() and character.isalnum()):
        return character
    if not character.isprintable():
        return _code_point(character)
    return f"&#{ord(character)};"


def _code_point(character: str) -> str:
    """What cannot be shown, by its number."""
    return f"(U&#43;{ord(character):04X})"
