"""Sets of characters as bits: one for each ASCII character, and one for each class of all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from sentry_governed.teams import _sre as sre
from sentry_governed.teams._sre import Tree

_ASCII: Final = 128
_OTHER_DIGITS, _OTHER_LETTERS, _OTHER_SPACES, _OTHER_SIGNS = (1 << _ASCII + place for place in range(4))
_OTHERS: Final = _OTHER_DIGITS | _OTHER_LETTERS | _OTHER_SPACES | _OTHER_SIGNS
ALL: Final = (1 << _ASCII + 4) - 1
NEWLINE: Final = 1 << ord("\n")


def _bits(member: Callable[[str], bool]) -> int:
    return sum(1 << code for code in range(_ASCII) if member(chr(code)))


_DIGIT: Final = _bits(str.isdecimal) | _OTHER_DIGITS
_SPACE: Final = _bits(str.isspace) | _OTHER_SPACES
_WORD: Final = _bits(lambda letter: letter.isalnum() or letter == "_") | _OTHER_DIGITS | _OTHER_LETTERS
_UPPER: Final = _bits(str.isupper)
_LOWER: Final = _bits(str.islower)
_CASES_APART: Final = ord("a") - ord("A")
_WITH_COUSINS: Final = _bits("iIkKsS".__contains__)  # letters with other cases beyond ASCII
_ASCII_ONLY_DIFFERS: Final = _OTHERS | _bits(
    "\x1c\x1d\x1e\x1f".__contains__
)  # what (?a) takes out of classes
_CATEGORIES: Final = {
    sre.CATEGORY_DIGIT: _DIGIT,
    sre.CATEGORY_NOT_DIGIT: ALL & ~_DIGIT,
    sre.CATEGORY_SPACE: _SPACE,
    sre.CATEGORY_NOT_SPACE: ALL & ~_SPACE,
    sre.CATEGORY_WORD: _WORD,
    sre.CATEGORY_NOT_WORD: ALL & ~_WORD,
}


def letters_of(operator: object, argument: object, flags: int) -> int:
    """What one of the operators for one character takes; more where it is in doubt, never less."""
    if operator is sre.LITERAL:
        code = cast("int", argument)
        return _both_cases(_bit(code), flags) if code >= _ASCII or flags & sre.IGNORECASE else 1 << code
    if operator is sre.ANY:
        return ALL if flags & sre.DOTALL else ALL & ~NEWLINE
    if operator is sre.NOT_LITERAL:
        return ALL & ~_bit(cast("int", argument)) | _OTHERS
    return _of_set(cast("Tree", argument), flags)


def _of_set(members: Tree, flags: int) -> int:
    listed = classes = 0
    for operator, argument in members:
        if operator is sre.LITERAL:
            listed |= _bit(cast("int", argument))
        elif operator is sre.RANGE:
            listed |= _range(*cast("tuple[int, int]", argument))
        elif operator is sre.CATEGORY:
            classes |= _CATEGORIES[argument]
    if members[0][0] is not sre.NEGATE:
        taken = listed | classes
        return _both_cases(taken | _ASCII_ONLY_DIFFERS if classes and flags & sre.ASCII else taken, flags)
    taken = ALL & ~(listed & ~_OTHERS | classes)  # one other character leaves the rest of its class
    return taken | _ASCII_ONLY_DIFFERS if flags & sre.ASCII else taken


def _bit(code: int) -> int:
    if code < _ASCII:
        return 1 << code
    letter = chr(code)
    if letter.isspace():
        return _OTHER_SPACES
    if letter.isdecimal():
        return _OTHER_DIGITS
    return _OTHER_LETTERS if letter.isalnum() else _OTHER_SIGNS


def _range(low: int, high: int) -> int:
    within = (2 << min(high, _ASCII - 1)) - (1 << min(low, _ASCII))
    return max(within, 0) | (_OTHERS if high >= _ASCII else 0)


def _both_cases(bits: int, flags: int) -> int:
    if not flags & sre.IGNORECASE:
        return bits
    bits |= (bits & _UPPER) << _CASES_APART | (bits & _LOWER) >> _CASES_APART
    if bits & _OTHERS:
        return bits | _OTHERS | _WITH_COUSINS
    return bits | _OTHERS if bits & _WITH_COUSINS else bits
