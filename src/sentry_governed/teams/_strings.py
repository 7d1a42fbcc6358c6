"""Texts that a regex is found in: made by walking along it, and kept only if it is found in them."""

from __future__ import annotations

import functools
import string
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final, cast

import attrs

from sentry_governed.teams import _sre as sre
from sentry_governed.teams._letters import letters_of
from sentry_governed.teams._sre import ONE_CHARACTER, REPEATS, Tree, inside_group, parse
from sentry_governed.teams._terms import Term

MOST_TEXTS: Final = 8
_WALKS: Final = 12
_LONGEST: Final = 1_024

_PREFERRED: Final = string.ascii_lowercase + string.digits + "-_/." + string.ascii_uppercase
_PICKED: Final = tuple(
    sorted(map(chr, range(128)), key=lambda letter: (_PREFERRED.find(letter) % 128, letter))
)
_BEYOND_ASCII: Final = "é€\u2003٣"
_FRAMES: Final[tuple[Callable[[str], str], ...]] = (str, "a{}a".format, " {} ".format, "{}a".format)


def texts_found_by(term: Term) -> Iterator[str]:
    """Up to 8 different texts that pass the test of a regex term; none when none could be made."""
    found: set[str] = set()
    for text in chain((_text(term, number) for number in range(_WALKS)), _with_more_around(term)):
        if text is not None and text not in found:
            found.add(text)
            yield text
        if len(found) == MOST_TEXTS:
            return


def _with_more_around(term: Term) -> Iterator[str]:
    """The first text with a letter around it: an exact term of another rule may have taken it as it is."""
    first = _text(term, 0)
    if first is not None:
        framed = (frame(first) for frame in _FRAMES)
        yield from (text for text in framed if _is_found(term, text))


def _is_found(term: Term, text: str) -> bool:
    return term.holds((text,)) is not term.negated


@functools.lru_cache(maxsize=16_384)
def _text(term: Term, number: int) -> str | None:
    """The text of one way through the regex, with what it takes around it; None if it is not found there."""
    text = _Walk(number).along(*_parsed(term.value))
    framed = (frame(text) for frame in _FRAMES)
    return next((each for each in framed if _is_found(term, each)), None)


_parsed = functools.lru_cache(maxsize=1_024)(parse)


def likely_text(term: Term) -> str:
    """The plainest text that should pass the test of a regex term; it was not tried."""
    return _Walk(0).along(*parse(term.value))


@attrs.define
class _Walk:
    """One way through a regex; the number says which of several ways to take."""

    number: int
    groups: dict[int, str] = attrs.field(factory=dict[int, str])
    length: int = 0

    def along(self, tree: Tree, flags: int) -> str:
        """The text of the parts, one after the other."""
        return "".join(self._part(operator, argument, flags) for operator, argument in tree)

    def _part(self, operator: object, argument: object, flags: int) -> str:
        if operator in ONE_CHARACTER:
            self.length += 1
            return self._letter(operator, argument, flags)
        if operator in REPEATS:
            return self._repeated(*cast("tuple[int, int, Tree]", argument), flags)
        if operator is sre.BRANCH:
            branches = cast("tuple[object, Sequence[Tree]]", argument)[1]
            return self.along(branches[self.number % len(branches)], flags)
        if operator is sre.GROUPREF:
            return self.groups.get(cast("int", argument), "")
        return self._inside(operator, argument, flags)

    def _inside(self, operator: object, argument: object, flags: int) -> str:
        if operator is sre.SUBPATTERN:
            text = self.along(*inside_group(argument, flags))
            group = cast("tuple[int | None, object]", argument)[0]
            if group is not None:
                self.groups[group] = text
            return text
        if operator is sre.ATOMIC_GROUP:
            return self.along(cast("Tree", argument), flags)
        if operator is sre.ASSERT and self.number % 2:
            return self.along(cast("tuple[int, Tree]", argument)[1], flags)
        return ""

    def _repeated(self, least: int, most: int, inner: Tree, flags: int) -> str:
        """As few rounds as may be, on some ways one more, and never more than a value could hold."""
        rounds = min(max(least, (self.number + 1) % 2), most)
        pieces: list[str] = []
        for _ in range(rounds):
            if self.length > _LONGEST:
                break
            pieces.append(self.along(inner, flags))
        return "".join(pieces)

    def _letter(self, operator: object, argument: object, flags: int) -> str:
        if operator is sre.LITERAL:
            return chr(cast("int", argument))
        letters = _letters_in(letters_of(operator, argument, flags))
        if letters:
            return letters[self.number % len(letters)]
        listed = _listed(cast("Tree", argument)) if operator is sre.IN else ""
        beyond = listed or _BEYOND_ASCII
        return beyond[self.number % len(beyond)]


@functools.lru_cache(maxsize=1_024)
def _letters_in(mask: int) -> tuple[str, ...]:
    """The ASCII characters among these, the plainest first."""
    return tuple(letter for letter in _PICKED if mask >> ord(letter) & 1)


def _listed(members: Tree) -> str:
    """The characters that begin the parts of a set; none of one that excludes them."""
    letters = ""
    for operator, argument in members:
        if operator is sre.NEGATE:
            return ""
        if operator is sre.LITERAL:
            letters += chr(cast("int", argument))
        elif operator is sre.RANGE:
            letters += chr(cast("tuple[int, int]", argument)[0])
    return letters
