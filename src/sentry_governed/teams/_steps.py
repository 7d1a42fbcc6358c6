"""How many steps a regex can take: an upper bound that holds for every value, by the value's length.

`re` tries one way after the other. How many ways there are is read from the parts that can end in more than
one place: a loop that may give characters back, where what follows it fits there too. The bound errs on the
side of too many: what follows is looked at a few characters ahead, and what cannot be told counts as fitting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias, cast

import attrs

from sentry_governed.teams import _sre as sre
from sentry_governed.teams._ahead import SURE, UNKNOWN, Ahead, Outlook, exclude, most_that_fit, one_character
from sentry_governed.teams._letters import ALL
from sentry_governed.teams._sre import ONE_CHARACTER, REPEATS, Tree, inside_group, least_width

Steps: TypeAlias = tuple[float, ...]
"""The coefficients of n^k/k! for k = 0, 1, ...: ordered choices of k places among n characters."""

ONE: Final[Steps] = (1.0,)
NONE: Final[Steps] = (0.0,)
ENDLESS: Final[Steps] = (math.inf,)

_MOST_FACTORS: Final = 12
_MOST_VISITS: Final = 5_000
_MANY: Final = 64
_LARGEST: Final = 1e15
_FACTORIALS: Final = tuple(float(math.factorial(power)) for power in range(_MOST_FACTORS + 1))
_A_CHARACTER: Final = 2.0
_A_SET: Final = 4.0
_A_PART: Final = 10.0


def at_length(steps: Steps, length: int) -> float:
    """The number of steps for values of this length, each about a nanosecond."""
    return sum(each * float(length) ** power / _FACTORIALS[power] for power, each in enumerate(steps) if each)


def _times(left: Steps, right: Steps) -> Steps:
    if ONE in (left, right):
        return right if left == ONE else left
    if len(left) + len(right) > _MOST_FACTORS or max(left) * max(right) > _LARGEST:
        return ENDLESS
    product = [0.0] * (len(left) + len(right) - 1)
    for power, each in enumerate(left):
        for other, factor in enumerate(right):
            product[power + other] += each * factor
    return tuple(product)


def _plus(left: Steps, right: Steps) -> Steps:
    short, long = (left, right) if len(left) < len(right) else (right, left)
    return (*map(sum, zip(short, long, strict=False)), *long[len(short) :])


def _larger(left: Steps, right: Steps) -> Steps:
    short, long = (left, right) if len(left) < len(right) else (right, left)
    return (*map(max, zip(short, long, strict=False)), *long[len(short) :])


def _power(steps: Steps, exponent: int) -> Steps:
    product: Steps = ONE
    if steps != ONE:
        for _ in range(min(exponent, sre.ENDLESS)):
            product = _times(product, steps)
            if product == ENDLESS:
                break
    return product


class _Bound(NamedTuple):
    """What it takes to pass a part of a regex.

    Attributes:
        ways: In how many ways it may be passed so that what follows fits.
        work: The steps for all of them.
        glide: Steps a character besides, for characters that are passed only once however often the part is
            repeated, as long as there is only one way to pass it.
    """

    ways: Steps = ONE
    work: Steps = (_A_PART,)
    glide: float = 0.0

    @property
    def total(self) -> Steps:
        """All steps of passing it once."""
        return _plus(self.work, (0.0, self.glide)) if self.glide else self.work

    def repeated(self, times: Steps) -> _Bound:
        """All steps of passing it so often, one after the other."""
        if self.ways == ONE:
            return _Bound(ONE, _times(times, self.work), self.glide)
        return _Bound(ONE, _times(times, self.total))


def _ends(letters: int, least: int, most: int, follow: Ahead) -> Steps:
    """In how many places a loop over these letters may end, so that what follows fits each time.

    If it fits both here and `shift` characters further on, then the characters between are the loop's, and
    those behind are what follows, twice: once from here, once from there.
    """
    known = len(follow)
    shifts = [
        shift
        for shift in range(1, known + 2)
        if all(
            there & (letters if place < shift else follow[place - shift])
            for place, there in enumerate(follow)
        )
    ]
    if not shifts:
        return ONE
    if most - least < _MANY:
        return (float((most - least) // shifts[0] + 1),)
    if shifts[-1] <= known:
        return (float(len(shifts) + 1),)
    return (1.0, 1.0 / shifts[0])


@attrs.frozen
class Cost:
    """What searching a whole value takes.

    Attributes:
        steps: A bound; infinite where the ways multiply without end.
        swallows: Whether a possessive loop may take what should follow it.
    """

    steps: Steps
    swallows: bool


def cost_of(tree: Tree, flags: int) -> Cost:
    """The cost of `search`."""
    analysis = _Analysis()
    bound = analysis.sequence(tree, flags, SURE)
    starts: Steps = ONE
    if not _is_anchored(tree, flags):
        starts = _ends(ALL, 0, sre.ENDLESS, analysis.outlook.at(tree, flags, SURE))
    return Cost(_plus(_times(starts, bound.total), (0.0, _A_CHARACTER)), analysis.swallows)


def _is_anchored(tree: Tree, flags: int) -> bool:
    operator, argument = tree[0] if tree else (None, None)
    if operator is not sre.AT:
        return False
    return argument is sre.AT_BEGINNING_STRING or (argument is sre.AT_BEGINNING and not flags & sre.MULTILINE)


def _step_of(operator: object, flags: int) -> float:
    """What a loop over one character takes for each; a group has to note where it stands."""
    if operator not in ONE_CHARACTER:
        return 2 * _A_PART
    return _A_SET if operator is sre.IN or flags & sre.IGNORECASE else _A_CHARACTER


@attrs.define
class _Analysis:
    """The analysis of one regex; it gives up on what has too many loops within loops."""

    outlook: Outlook = attrs.field(factory=Outlook)
    visits: int = 0
    swallows: bool = False

    def sequence(self, tree: Tree, flags: int, follow: Ahead) -> _Bound:
        """Pass one part after the other; each is tried again for each way to pass those before it."""
        passed: list[_Bound] = []
        letters = 0
        for operator, argument in reversed(tree):
            if operator in ONE_CHARACTER:
                letters += 1
            else:
                passed.append(self._part(operator, argument, flags, follow))
            follow = self.outlook.before(operator, argument, flags, follow)
        ways: Steps = ONE
        work: Steps = (_A_CHARACTER * letters,)
        glide = 0.0
        for bound in reversed(passed):
            if ways == ONE:
                work, glide = _plus(work, bound.work), glide + bound.glide
            else:
                work = _plus(work, _times(ways, bound.total))
            ways = _times(ways, bound.ways)
        if ways != ONE:
            work = _plus(work, _times(ways, (_A_CHARACTER * letters,)))
        return _Bound(ways, work, glide)

    def _part(self, operator: object, argument: object, flags: int, follow: Ahead) -> _Bound:
        self.visits += 1
        if self.visits > _MOST_VISITS:
            return _Bound(ENDLESS, ENDLESS)
        if operator is sre.SUBPATTERN:
            return self.sequence(*inside_group(argument, flags), follow)
        if operator in REPEATS:
            least, most, inner = cast("tuple[int, int, Tree]", argument)
            if operator is sre.POSSESSIVE_REPEAT:
                self.swallows |= not exclude(self.outlook.at(inner, flags, UNKNOWN), follow)
                return _Bound(work=self._repeat(least, most, inner, flags, SURE).total)
            return self._repeat(least, most, inner, flags, follow)
        if operator is sre.BRANCH:
            return self._branch(cast("tuple[object, Sequence[Tree]]", argument)[1], flags, follow)
        return self._sealed(operator, argument, flags)

    def _sealed(self, operator: object, argument: object, flags: int) -> _Bound:
        """What is never entered again once it was passed."""
        if operator is sre.ATOMIC_GROUP:
            return _Bound(work=self.sequence(cast("Tree", argument), flags, SURE).total)
        if operator in (sre.ASSERT, sre.ASSERT_NOT):
            return _Bound(work=self.sequence(cast("tuple[int, Tree]", argument)[1], flags, SURE).total)
        if operator is sre.GROUPREF_EXISTS:
            _, *branches = cast("tuple[int, Tree, Tree | None]", argument)
            return self._branch([branch or () for branch in branches], flags, UNKNOWN)
        return _Bound(work=(_A_PART, _A_CHARACTER)) if operator is sre.GROUPREF else _Bound()

    def _branch(self, branches: Sequence[Tree], flags: int, follow: Ahead) -> _Bound:
        ways: Steps = ONE
        work: Steps = (_A_PART,)
        glide = 0.0
        for branch in branches:
            bound = self.sequence(branch, flags, follow)
            ways, work, glide = _larger(ways, bound.ways), _plus(work, bound.work), glide + bound.glide
        fitting = most_that_fit([self.outlook.at(branch, flags, follow) for branch in branches])
        return _Bound(_times((float(fitting),), ways), work, glide)

    def _repeat(self, least: int, most: int, inner: Tree, flags: int, follow: Ahead) -> _Bound:
        if letters := one_character(inner, flags):
            a_step = _step_of(inner[0][0], flags)
            fixed = follow is SURE or least == most
            ways = ONE if fixed else _ends(letters, least, most, follow)
            if most < _MANY:
                return _Bound(ways, (_A_PART + a_step * most,))
            return _Bound(ways, (_A_PART,), a_step) if ways == ONE else _Bound(ways, (_A_PART, a_step))
        if most > 1:
            return self._rounds(least, most, inner, flags, follow)
        body = self.sequence(inner, flags, follow)
        if least == 1 or follow is SURE or exclude(self.outlook.at(inner, flags, follow), follow):
            return body
        return body._replace(ways=_plus(ONE, body.ways))

    def _rounds(self, least: int, most: int, inner: Tree, flags: int, follow: Ahead) -> _Bound:
        """A loop over more than a character: the ways to come round multiply, those to leave do not."""
        width = max(1, least_width(inner))
        rounds: Steps = (float(most),) if most < _MANY else (1.0, 1.0 / width)
        last = self.sequence(inner, flags, follow)
        if follow is SURE and least <= 1:
            return last.repeated(rounds)
        begin = self.outlook.at(inner, flags, UNKNOWN)
        again = self.sequence(inner, flags, begin)
        ways = _power(again.ways, least if follow is SURE else most)
        leaving = ONE if least == most or exclude(begin, follow) else rounds
        coming = again.repeated(_times(ways, rounds))
        going = last.repeated(_times(ways, leaving))
        out = _times(_times(ways, leaving), last.ways)
        return _Bound(out, _plus(coming.work, going.work), coming.glide + going.glide)
