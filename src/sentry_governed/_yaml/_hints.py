"""Words for problems: what a text looks like on one line, and what may have been meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import yaml

from sentry_governed._yaml._nodes import Scalar

UNSAFE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""A character that is not read as it is: controls, other line breaks, surrogates, byte order marks."""

_SHOWN: Final = 80
_LISTED: Final = 20


def quoted(text: str) -> str:
    """The text for a message: on one line and of bounded length."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def double_quoted(text: str) -> str:
    """The text as a YAML double-quoted scalar on one line."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character in "\t\r\n" or UNSAFE.match(character):
        return f"\\U{ord(character):08x}"
    return character


_KINDS: Final = {
    "bool": "a boolean",
    "float": "a number",
    "int": "a number",
    "merge": "a merge key",
    "null": "null",
    "timestamp": "a date",
    "value": "a default value",
}
_RESOLVERS: Final = yaml.SafeLoader.yaml_implicit_resolvers


def mistaken_for(scalar: Scalar) -> str | None:
    """What YAML 1.1 reads an unquoted scalar as, such as `a boolean` or `a date`; None means text."""
    if not scalar.plain:
        return None
    for tag, pattern in _RESOLVERS.get(scalar.text[:1], ()):
        if pattern.match(scalar.text):
            return _KINDS[tag.rpartition(":")[2]]
    return None


def did_you_mean(word: str, known: Iterable[str], also: Iterable[str] = ()) -> str:
    """A hint that names the nearest of all these words, or else lists the known ones."""
    import difflib  # only a file with problems pays for it

    names = list(known)
    by_folded = {name.casefold(): name for name in [*also, *names]}
    near = difflib.get_close_matches(word[:_SHOWN].casefold(), by_folded, 1)
    if near:
        return f"did you mean {quoted(by_folded[near[0]])}?"
    if not names:
        return ""
    return "known: " + ", ".join(quoted(name) for name in names[:_LISTED])
