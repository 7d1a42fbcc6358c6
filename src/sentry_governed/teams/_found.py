"""Regexes that are found in every value, in none, or wherever a text is: only what is certain."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final, cast

from sentry_governed.teams import _sre as sre
from sentry_governed.teams._letters import NEWLINE, letters_of
from sentry_governed.teams._regex import LEAST_SEEN
from sentry_governed.teams._sre import ONE_CHARACTER, REPEATS, Tree, inside_group, least_width, parse
from sentry_governed.teams._terms import Term

_MAY_FAIL: Final = re.compile(r"(?<!\A)\^|\$(?!\Z)|\\[AZ]|\(\?<?!|\[\^|\{")
_HAS_FREEDOM: Final = re.compile(r"[*+?{|\[.^$]|\\[A-Za-z0-9]")
_BEGINS: Final = frozenset({sre.AT_BEGINNING, sre.AT_BEGINNING_STRING})
_ENDS: Final = frozenset({sre.AT_END, sre.AT_END_STRING})


@functools.lru_cache(maxsize=65_536)
def always_found(term: Term) -> bool:
    """Whether a regex term's test passes for every value, even an empty one."""
    if term.test != "regex" or term.literals:
        return False
    tree, flags = parse(term.value)
    return _needs_nothing(tree, flags, _BEGINS) or _needs_nothing(tree, flags, _ENDS)


def _needs_nothing(tree: Tree, flags: int, anchors: frozenset[object] = frozenset()) -> bool:
    """Whether a part may always be passed without a character, where these anchors hold."""
    return all(_is_needless(operator, argument, flags, anchors) for operator, argument in tree)


def _is_needless(operator: object, argument: object, flags: int, anchors: frozenset[object]) -> bool:
    if operator is sre.SUBPATTERN:
        return _needs_nothing(*inside_group(argument, flags), anchors)
    if operator is sre.BRANCH:
        branches = cast("tuple[object, Sequence[Tree]]", argument)[1]
        return any(_needs_nothing(branch, flags, anchors) for branch in branches)
    if operator is sre.MAX_REPEAT or operator is sre.MIN_REPEAT:
        least, _, inner = cast("tuple[int, int, Tree]", argument)
        return not least or _needs_nothing(inner, flags, anchors)
    return operator is sre.AT and argument in anchors


@functools.lru_cache(maxsize=65_536)
def never_found(term: Term) -> bool:
    """Whether a regex term's test passes for no value, as it asks for something that there is not."""
    if term.test != "regex" or not (_MAY_FAIL.search(term.value) or len(term.value) > LEAST_SEEN):
        return False
    tree, flags = parse(term.value)
    return least_width(tree) > (term.limit or 0) or _is_impossible(tree, flags)


def _is_impossible(tree: Tree, flags: int) -> bool:
    """Whether a sequence has characters before a begin or behind an end, or a part that is impossible."""
    begun = ended = False
    room = 0  # behind an end there may be the newline that ends the value
    for operator, argument in tree:
        if operator is sre.AT and not flags & sre.MULTILINE:
            if begun and argument in _BEGINS:
                return True
            room = 1 if argument is sre.AT_END and not ended else room
            ended = ended or argument is sre.AT_END
        if operator is sre.AT and argument is sre.AT_END_STRING:
            ended, room = True, 0
        if _is_impossible_part(operator, argument, flags):
            return True
        width = _width_of(operator, argument)
        if ended and (width > room or (width and not _may_be_newline(operator, argument, flags))):
            return True
        begun = begun or width > 0
        room -= min(width, room)
    return False


def _width_of(operator: object, argument: object) -> int:
    """How many characters a part takes at least, as far as that is told here."""
    if operator in ONE_CHARACTER:
        return 1
    if operator in REPEATS:
        least, _, inner = cast("tuple[int, int, Tree]", argument)
        return least * least_width(inner)
    if operator is sre.SUBPATTERN:
        return least_width(inside_group(argument, 0)[0])
    if operator is sre.BRANCH:
        return min(map(least_width, cast("tuple[object, Sequence[Tree]]", argument)[1]))
    return 0


def _may_be_newline(operator: object, argument: object, flags: int) -> bool:
    return operator not in ONE_CHARACTER or bool(letters_of(operator, argument, flags) & NEWLINE)


def _is_impossible_part(operator: object, argument: object, flags: int) -> bool:
    if operator in ONE_CHARACTER:
        return not letters_of(operator, argument, flags)
    if operator in REPEATS:
        least, _, inner = cast("tuple[int, int, Tree]", argument)
        return least > 0 and _is_impossible(inner, flags)
    if operator is sre.SUBPATTERN:
        return _is_impossible(*inside_group(argument, flags))
    if operator is sre.BRANCH:
        branches = cast("tuple[object, Sequence[Tree]]", argument)[1]
        return all(_is_impossible(branch, flags) for branch in branches)
    return operator is sre.ASSERT_NOT and _needs_nothing(cast("tuple[int, Tree]", argument)[1], flags)


@functools.lru_cache(maxsize=65_536)
def text_of(term: Term) -> str | None:
    """The text that a regex without any freedom looks for; None for other terms."""
    if term.test != "regex" or not term.literals or _HAS_FREEDOM.search(term.value.replace(r"\.", "")):
        return None
    tree, flags = parse(term.value)
    if flags & sre.IGNORECASE or any(operator is not sre.LITERAL for operator, _ in tree):
        return None
    return "".join(chr(cast("int", code)) for _, code in tree)
