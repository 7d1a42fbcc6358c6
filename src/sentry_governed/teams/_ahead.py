"""What may come next in a regex: the letters at each of the next few places, as far as that is certain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Final, TypeAlias, cast

import attrs

from sentry_governed.teams import _sre as sre
from sentry_governed.teams._letters import ALL, NEWLINE, letters_of
from sentry_governed.teams._sre import ONE_CHARACTER, REPEATS, Tree, inside_group

Ahead: TypeAlias = tuple[int, ...]
"""Sets of letters, one a place; beyond the last one anything may come, even the end."""

UNKNOWN: Final[Ahead] = ()
SURE: Final[Ahead] = (0, 0)
"""Nothing can fail any more, so nothing is ever given back: as if no letter fitted. Told by identity."""

_END: Final[Ahead] = (0,)
_PLACES: Final = 8
_COUNTED: Final = 2  # counting is slow, and further on there is little to gain
_MANY_BRANCHES: Final = 256

_WITHOUT_WIDTH: Final = frozenset({sre.AT, sre.ASSERT, sre.ASSERT_NOT})
_AT_END: Final = frozenset({sre.AT_END, sre.AT_END_STRING})


def either(left: Ahead, right: Ahead) -> Ahead:
    """What comes when it is not known which of two comes."""
    if left is SURE or right is SURE:
        return SURE
    return tuple(one | other for one, other in zip(left, right, strict=False))


def exclude(left: Ahead, right: Ahead) -> bool:
    """Whether no text begins in both ways."""
    return any(not one & other for one, other in zip(left, right, strict=False))


def one_character(tree: Tree, flags: int) -> int:
    """The letters of a part that is one character, else 0."""
    if len(tree) == 1:
        operator, argument = tree[0]
        if operator in ONE_CHARACTER:
            return letters_of(operator, argument, flags)
        if operator is sre.SUBPATTERN:
            return one_character(*inside_group(argument, flags))
    return 0


def most_that_fit(branches: Sequence[Ahead]) -> int:
    """How many of several ways one text may begin in, judged place by place."""
    most = len(branches)
    for place in range(_PLACES):
        taken = 0
        for ahead in branches:
            letters = ahead[place] if place < len(ahead) else ALL
            if taken & letters:
                break
            taken |= letters
        else:
            return 1
        if place < _COUNTED and len(branches) <= _MANY_BRANCHES:
            most = min(most, _most_at(branches, place))
    return max(1, most)


def _most_at(branches: Sequence[Ahead], place: int) -> int:
    fitting = [0] * ALL.bit_length()
    for ahead in branches:
        left = ahead[place] if place < len(ahead) else ALL
        while left:
            lowest = left & -left
            fitting[lowest.bit_length() - 1] += 1
            left ^= lowest
    return max(fitting)


@attrs.define
class Outlook:
    """What comes at each part of one regex; what was found is remembered, so that nesting costs little."""

    _known: dict[tuple[int, int, Ahead], Ahead] = attrs.field(factory=dict[tuple[int, int, Ahead], Ahead])

    def at(self, tree: Tree, flags: int, follow: Ahead) -> Ahead:
        """What comes at the beginning of a sequence behind which `follow` comes."""
        key = (id(tree), id(SURE) if follow is SURE else flags, follow)
        found = self._known.get(key)
        if found is None:
            found = follow
            for operator, argument in reversed(tree):
                found = self.before(operator, argument, flags, found)
            self._known[key] = found
        return found

    def before(self, operator: object, argument: object, flags: int, follow: Ahead) -> Ahead:  # noqa: PLR0911 - one for each operator
        """What comes at one part behind which `follow` comes."""
        if operator in ONE_CHARACTER:
            return (letters_of(operator, argument, flags), *follow[: _PLACES - 1])
        if operator is sre.SUBPATTERN:
            return self.at(*inside_group(argument, flags), follow)
        if operator in REPEATS:
            return self._repeat(*cast("tuple[int, int, Tree]", argument), flags, follow)
        if operator is sre.BRANCH:
            _, branches = cast("tuple[object, Sequence[Tree]]", argument)
            return reduce(either, (self.at(branch, flags, follow) for branch in branches))
        if operator is sre.ATOMIC_GROUP:
            return self.at(cast("Tree", argument), flags, follow)
        if operator is sre.AT and argument in _AT_END:
            return (NEWLINE,) if flags & sre.MULTILINE and argument is sre.AT_END else _END
        return follow if operator in _WITHOUT_WIDTH and follow is not SURE else UNKNOWN

    def _repeat(self, least: int, most: int, inner: Tree, flags: int, follow: Ahead) -> Ahead:
        if least == 0:
            return either(self.at(inner, flags, UNKNOWN), follow)
        if letters := one_character(inner, flags):
            taken = (letters,) * min(least, _PLACES)
            return (*taken, *follow)[:_PLACES] if least == most < _PLACES else taken
        return self.at(inner, flags, follow if most == 1 else UNKNOWN)
