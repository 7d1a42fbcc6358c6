"""A regex of texts with gaps between, such as `a.*b.*c`, in a form that is searched without going back.

Behind a gap that is followed by a part of fixed width and then by another gap, or by nothing, the first place
where the part fits is as good as any later one: whatever a later one leaves to find, the first leaves too.
So `.*b` may be `(?>.*?b)`, which finds the first place and stays there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

from sentry_governed.teams import _sre as sre
from sentry_governed.teams._letters import NEWLINE, letters_of
from sentry_governed.teams._sre import ONE_CHARACTER, REPEATS, Tree, inside_group, parse, widths

_FLAGS: Final = re.compile(r"(?:\(\?[aimsu]+\))?")
_LOOKS_BACK: Final = re.compile(r"\\[1-9]|\(\?P=|\(\?\(|\(\?[a-z]*x")
_TOKEN: Final = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]"
    r"|(?P<gap>\.\*\??(?![*+?{]))|(?P<open>\()|(?P<close>\))|(?P<or>\|)|.",
    re.DOTALL,
)


def without_going_back(pattern: str) -> str:
    """A pattern that is found in the same texts, with every gap made final where that changes nothing."""
    flags = cast("re.Match[str]", _FLAGS.match(pattern))[0]
    gaps = None if _LOOKS_BACK.search(pattern) else _gaps(pattern)
    if not gaps:
        return pattern
    ends = [begin for begin, _ in gaps[1:]] + [len(pattern)]
    sealed = pattern[: gaps[0][0]]
    for (begin, end), next_gap in zip(gaps, ends, strict=True):
        part = pattern[end:next_gap]
        is_final = _is_final(*parse(flags + part), is_last=next_gap == len(pattern))
        sealed += f"(?>.*?{part})" if is_final else pattern[begin:next_gap]
    return sealed


def _gaps(pattern: str) -> list[tuple[int, int]] | None:
    """Where the gaps outside of groups are; None where alternatives stand beside each other."""
    found: list[tuple[int, int]] = []
    depth = 0
    for token in _TOKEN.finditer(pattern):
        depth += bool(token["open"]) - bool(token["close"])
        if token["or"] and not depth:
            return None
        if token["gap"] and not depth:
            found.append(token.span())
    return found


def _is_final(part: Tree, flags: int, *, is_last: bool) -> bool:
    least, most = widths(part)
    return 0 < least == most and (is_last or bool(flags & sre.DOTALL) or not any(_newlines(part, flags)))


def _newlines(tree: Tree, flags: int) -> Iterator[bool]:
    """For each character of a part, whether it may end the line, beyond which no gap reaches."""
    for operator, argument in tree:
        if operator in ONE_CHARACTER:
            yield bool(letters_of(operator, argument, flags) & NEWLINE)
        elif operator is sre.SUBPATTERN:
            yield from _newlines(*inside_group(argument, flags))
        elif operator is sre.BRANCH:
            for branch in cast("tuple[object, list[Tree]]", argument)[1]:
                yield from _newlines(branch, flags)
        elif operator in REPEATS:
            yield from _newlines(cast("tuple[int, int, Tree]", argument)[2], flags)
        elif operator is sre.ATOMIC_GROUP:
            yield from _newlines(cast("Tree", argument), flags)
