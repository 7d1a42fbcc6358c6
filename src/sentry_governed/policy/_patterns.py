"""Lists of patterns for names, compiled: exact ones are looked up, globs are matched one after the other.

Names and patterns are compared in lower case. Both are ASCII, so that no other letter folds into theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import attrs

from sentry_governed._actions import ACTIONS
from sentry_governed._grammar import is_org_slug, is_project_slug

_LONGEST_SHOWN: Final = 60
_WILD: Final = frozenset("*?[")
_SET_ITEM: Final = re.compile(r"([a-z])-([a-z])|([0-9])-([0-9])|[a-z0-9_.-]")


class NotAList(str):
    """A bare text where a list of patterns belongs."""

    __slots__ = ()


@attrs.frozen
class Kind:
    """What a list names.

    Attributes:
        what: In words.
        letters: The characters that such a name may have, in lower case.
        refused: Says why a name without wildcards can never match, or None when it can.
    """

    what: str
    letters: frozenset[str]
    refused: Callable[[str], str | None]


@attrs.frozen
class Names:
    """A compiled list.

    Attributes:
        exact: The names without wildcards.
        globs: What the others match, each with its text, in alphabetic order.
    """

    exact: frozenset[str]
    globs: tuple[tuple[re.Pattern[str], str], ...]

    def match(self, name: str) -> str | None:
        """The pattern that matches a name in lower case, or None."""
        if name in self.exact:
            return name
        for glob, text in self.globs:
            if glob.fullmatch(name):
                return text
        return None


def compiled(patterns: Iterable[str], kind: Kind, where: str, problems: list[str]) -> Names:
    """Compile a list; what is wrong with it is added to the problems, each naming its place."""
    exact: set[str] = set()
    globs: dict[str, re.Pattern[str]] = {}
    for place, pattern in enumerate(patterns):
        problem = _refused(pattern, kind)
        text = "" if problem else pattern.lower()
        if not problem and not _WILD.isdisjoint(text):
            glob = _glob(text, kind)
            if isinstance(glob, str):
                problem = glob
            elif kind is ACTION and not any(map(glob.fullmatch, ACTIONS)):
                problem = "it matches no known action"
            else:
                globs[text] = glob
        elif not problem:
            problem = kind.refused(text)
            exact.add(text)
        if problem:
            problems.append(f"{where}[{place}] {_shown(pattern)}: {problem}")
    return Names(frozenset(exact), tuple((glob, text) for text, glob in sorted(globs.items())))


def _refused(pattern: object, kind: Kind) -> str | None:
    """What is wrong with a pattern before it is taken apart."""
    if isinstance(pattern, NotAList):
        return "one text where a list of patterns belongs; put it in brackets"
    if not isinstance(pattern, str):
        return "it is not text; quote it"
    if not pattern:
        return "it is empty; leave it out"
    if not pattern.isascii():
        return "it is not ASCII, and no name is anything else"
    if kind is PROJECT and (pattern.count("/") != 1 or "/" in {pattern[0], pattern[-1]}):
        return "a project is written 'org/project'"
    return None


def _glob(text: str, kind: Kind) -> re.Pattern[str] | str:
    """The expression of a glob, or what is wrong with it.

    Between two stars the first place that fits is taken for good, so that matching takes no more than the
    length of the name times that of the glob.
    """
    pieces = [""]
    for token in _tokens(text):
        if token == "*":  # noqa: S105  # a wildcard, not a secret
            pieces.append("")
        elif token == "?":  # noqa: S105  # as above
            pieces[-1] += "[^/]"
        elif token[0] == "[":
            found = _set(token)
            if found is None:
                return f"{token!r} is not a set such as '[a-z]' or '[!0-9]'"
            pieces[-1] += found
        elif token in kind.letters:
            pieces[-1] += re.escape(token)
        else:
            return f"{token!r} cannot be in the name of {kind.what}"
    first, *others = pieces
    if "" in others[:-1]:
        return "'**' means no more than '*'; write one"
    expression = first + "".join(f"(?>[^/]*?{piece})" for piece in others[:-1])
    return re.compile(expression + "".join(f"[^/]*{piece}" for piece in others[-1:]))


def _tokens(text: str) -> Iterator[str]:
    """The wildcards, sets and single characters of a glob."""
    yield from re.findall(r"\[[^\]]*\]?|.", text, re.DOTALL)


def _set(token: str) -> str | None:
    """The expression of a set of characters, or None when it is malformed."""
    if not token.endswith("]"):
        return None
    inside = token[1:-1]
    negated = inside[:1] in {"!", "^"}
    members = inside[1:] if negated else inside
    parts: list[str] = []
    place = 0
    while place < len(members):
        item = _SET_ITEM.match(members, place)
        if item is None:
            return None
        ends = [end for end in item.groups() if end]
        if ends and ends[0] > ends[1]:
            return None
        parts.append(item[0] if ends else re.escape(item[0]))
        place = item.end()
    return f"[{'^/' if negated else ''}{''.join(parts)}]" if parts else None


def _shown(pattern: object) -> str:
    text = ascii(pattern)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _no_org(name: str) -> str | None:
    return None if is_org_slug(name) else "it is no organization's slug, so it would never match"


def _no_project(name: str) -> str | None:
    org, _, project = name.partition("/")
    if is_org_slug(org) and is_project_slug(project):
        return None
    return "it is not the slugs of an organization and a project, so it would never match"


def _no_action(name: str) -> str | None:
    if name in ACTIONS:
        return None
    from difflib import get_close_matches  # only a mistake pays for it

    near = get_close_matches(name, ACTIONS, n=1)
    return "there is no such action" + (f"; did you mean {near[0]!r}?" if near else "")


_SLUG: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
ORG: Final = Kind("an organization", _SLUG, _no_org)
PROJECT: Final = Kind("a project", _SLUG | {"_", "/"}, _no_project)
ACTION: Final = Kind("an action", _SLUG - {"-"} | {"_", "."}, _no_action)
