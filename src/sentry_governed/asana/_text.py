"""Text as Asana takes it: without what it refuses, and measured the way it may measure."""

from __future__ import annotations

import re
from itertools import accumulate, takewhile
from typing import Final, Literal

CUT: Final = "... [cut]"
"""Stands where text was left out."""

_ELLIPSIS = "\u2026"
_REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = "&<>\"'"
_ESCAPE_ADDS = len("&quot;") - 1


def clean(text: str) -> str:
    """The text without what XML 1.0 refuses, with plain line ends and no blank space around it."""
    return "\n".join(_REFUSED.sub("", line) for line in text.splitlines()).strip()


def one_line(text: str) -> str:
    """The cleaned text with every run of blank space as one space, so that it cannot start a line."""
    return " ".join(clean(text).split())


def size(text: str) -> int:
    """The most bytes Asana may count: markup characters escaped, the rest of non-ASCII as `&#...;`."""
    escapes = sum(map(text.count, _ESCAPED))
    return len(text.encode("ascii", "xmlcharrefreplace")) + escapes * _ESCAPE_ADDS


def fit(text: str, room: int) -> str:
    """The text if its size is within the room, else its first whole lines (or part of one) and `CUT`.

    It is empty where there is no room for the mark either.
    """
    if size(text) <= room:
        return text
    room -= size(CUT) + 1
    if room < 0:
        return ""
    lines = text.split("\n")
    ends = accumulate(size(line) + 1 for line in lines)
    whole = sum(1 for _ in takewhile(lambda end: end <= room + 1, ends))
    if whole:
        return "\n".join([*lines[:whole], CUT])
    return f"{_beginning(lines[0], room)} {CUT}".lstrip()


def _beginning(line: str, room: int) -> str:
    ends = accumulate(map(size, line[:room]))
    return line[: sum(1 for _ in takewhile(lambda end: end <= room, ends))]


def shares(sizes: list[int], room: int) -> list[int]:
    """What each gets of the room: the small ones all they need, the large ones equal parts of the rest."""
    given = [0] * len(sizes)
    ascending = sorted(range(len(sizes)), key=sizes.__getitem__)
    for served, index in enumerate(ascending):
        given[index] = min(sizes[index], room // (len(sizes) - served))
        room -= given[index]
    return given


def shorten(text: str, limit: int, encoding: Literal["utf-8", "utf-16-le"]) -> str:
    """The text if it encodes to at most `limit` bytes, else its beginning and an ellipsis."""
    encoded = text.encode(encoding)
    if len(encoded) <= limit:
        return text
    room = limit - len(_ELLIPSIS.encode(encoding))
    return encoded[:room].decode(encoding, "ignore").rstrip() + _ELLIPSIS


def is_visible(text: str) -> bool:
    """Whether a person would see anything."""
    return any(character.isprintable() and not character.isspace() for character in text)
