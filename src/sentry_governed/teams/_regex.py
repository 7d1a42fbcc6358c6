"""Regexes that are safe to try on what strangers send."""

from __future__ import annotations

import bisect
import contextlib
import functools
import re
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import Final

import attrs

from sentry_governed.teams._gaps import without_going_back
from sentry_governed.teams._literals import required_literals
from sentry_governed.teams._sre import Tree, parse
from sentry_governed.teams._steps import Cost, Steps, at_length, cost_of

SEEN_BY_REGEX: Final = 1_024
"""A regex sees this many characters of a value, or fewer where that many would take too long."""

LEAST_SEEN: Final = 200
MOST_STEPS: Final = 10_000_000
_MOST_STEPS_AT_LEAST: Final = 5 * MOST_STEPS

_LEADING: Final = re.compile(r"((?:\(\?[aimsux]+\))?)(?:\.\*\??)+(?![*+?{])")
_GROUPS_PARSED_ONLY: Final = 50
_ATOM: Final = r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]"
_TOKEN: Final = re.compile(
    _ATOM + r"|(?P<open>\()|(?P<close>\))|(?P<times>[*+?]|\{\d*,?\d*\})(?P<mode>[?+]?)|.", re.DOTALL
)
_NESTED: Final = re.compile(rf"\((?:\?:)?(?:{_ATOM}|[^\\()\[\]|*+?])(?:\+\)\+|\*\)[*+])(?![+?])", re.DOTALL)
_DOUBTFUL: Final = re.compile(r"\[\^?\[|--|&&|~~|\|\|")
_REFERENCE: Final = re.compile(r"\\[1-9]")
_FEW_WAYS: Final = 3
_MOST_REWRITES: Final = 8
_REWRITTEN: Final = 256
_TOO_DEEP: Final = "nested too deeply"


class BadRegex(ValueError):
    """A regex that does not compile; the text is what is wrong."""


class UnsafeRegex(ValueError):
    """A regex that could take longer than anybody waits.

    Attributes:
        atom: The part of it that makes it so.
        rewrite: The whole regex in a form that is safe, or an empty string.
    """

    def __init__(self, atom: str, rewrite: str) -> None:
        super().__init__(atom, rewrite)
        self.atom = atom
        self.rewrite = rewrite


@attrs.frozen(eq=False)
class Regex:
    """A regex that compiles and that is safe.

    Attributes:
        pattern: What is searched for.
        seen: How many characters of a value it is searched in.
        literals: Folded texts; it is found in no value that has none of them. Empty when none is known.
    """

    pattern: str
    seen: int
    literals: tuple[str, ...]

    @functools.cached_property
    def compiled(self) -> re.Pattern[str]:
        """Made when first tried: most rules of a large file are never reached in a process."""
        with _quiet(self.pattern):
            return re.compile(self.pattern)


def _quiet(pattern: str) -> contextlib.AbstractContextManager[object]:
    """Python warns of sets that it may read differently one day, such as `[[a]`."""
    return warnings.catch_warnings(action="ignore") if _DOUBTFUL.search(pattern) else contextlib.nullcontext()


@functools.lru_cache(maxsize=512)
def regex_of(pattern: str) -> Regex:
    """Check a pattern, and find what there is to know of it.

    Raises:
        BadRegex: It does not compile.
        UnsafeRegex: It could take too long even on a short value.
    """
    tree, flags = _parsed(pattern)
    if leading := _LEADING.match(pattern):  # is found wherever the rest is found, only later
        pattern = leading[1] + pattern[leading.end() :]
        tree, flags = _parsed(pattern)
    literals = required_literals(tree, flags)
    if _is_plain(pattern):
        return Regex(pattern, SEEN_BY_REGEX, literals)
    steps = _cost(tree, flags).steps
    searched = pattern
    if _most_seen(steps) < SEEN_BY_REGEX:
        searched, steps = _cheaper(pattern, steps)
    if not _is_safe(steps):
        raise UnsafeRegex(*_culprit(pattern))
    return Regex(searched, _most_seen(steps), literals)


def _cheaper(pattern: str, steps: Steps) -> tuple[str, Steps]:
    """The pattern, or one that is found in the same texts in fewer steps."""
    final = without_going_back(pattern)
    fewer = _cost(*_parsed(final)).steps if final != pattern else steps
    return (final, fewer) if at_length(fewer, LEAST_SEEN) < at_length(steps, LEAST_SEEN) else (pattern, steps)


def _parsed(pattern: str) -> tuple[Tree, int]:
    try:
        with _quiet(pattern):
            if "(?<" in pattern or pattern.count("(") > _GROUPS_PARSED_ONLY:
                re.compile(pattern)  # finds what parsing does not: look-behinds without a width, deep nesting
            return parse(pattern)
    except (re.error, ValueError, OverflowError) as error:
        reason = str(error)
    except RecursionError:
        reason = _TOO_DEEP
    raise BadRegex(reason)


def _cost(tree: Tree, flags: int) -> Cost:
    try:
        return cost_of(tree, flags)
    except RecursionError:
        pass
    raise BadRegex(_TOO_DEEP)


def _is_plain(pattern: str) -> bool:
    """Whether a glance shows that there is one loop over one thing, or no loop and only a few ways to go."""
    loops = sum(map(pattern.count, "*+?{"))
    ways = pattern.count("|")
    return not _REFERENCE.search(pattern) and (
        (loops == 1 and not ways) or (loops == 0 and ways <= _FEW_WAYS)
    )


def _is_safe(steps: Steps) -> bool:
    return at_length(steps, LEAST_SEEN) <= _MOST_STEPS_AT_LEAST


def _most_seen(steps: Steps) -> int:
    if at_length(steps, SEEN_BY_REGEX) <= MOST_STEPS:
        return SEEN_BY_REGEX
    too_long = bisect.bisect_left(
        range(SEEN_BY_REGEX), True, key=lambda seen: at_length(steps, seen) > MOST_STEPS
    )
    return max(LEAST_SEEN, too_long - 1)


# --- what to write instead


def _culprit(pattern: str) -> tuple[str, str]:
    """The part that makes a pattern unsafe, and the pattern with that part in a safe form."""
    culprit = ""
    rewrites = islice(_rewrites(pattern), _MOST_REWRITES if len(pattern) <= _REWRITTEN else 0)
    for rewrite, atom in rewrites:
        with contextlib.suppress(BadRegex):
            cost = _cost(*_parsed(rewrite))
            if _is_safe(cost.steps):
                if not cost.swallows:
                    return atom, rewrite
                culprit = culprit or atom
    return culprit or pattern, ""


def _rewrites(pattern: str) -> Iterator[tuple[str, str]]:
    """Each pattern with one loop changed, and that loop: first without its second loop, then possessive."""
    for nested in _NESTED.finditer(pattern):
        yield pattern[: nested.end() - 1] + pattern[nested.end() :], nested[0]
    opened: list[int] = []
    begin = 0
    for token in _TOKEN.finditer(pattern):
        if token["open"]:
            opened.append(token.start())
        elif token["close"] and opened:
            begin = opened.pop()
        elif token["times"] and not token["mode"]:
            yield pattern[: token.end()] + "+" + pattern[token.end() :], pattern[begin : token.end()]
        if not token["close"] and not token["times"]:
            begin = token.start()
