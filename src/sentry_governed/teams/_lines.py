"""Lines of text for people, whose first eleven columns are a label."""

from __future__ import annotations

from collections.abc import Iterator

from sentry_governed._yaml import quoted


def labelled(label: str, lines: list[str]) -> Iterator[str]:
    """The lines, the first with the label before it, the others with blank space."""
    for line in lines:
        yield f"{label:<10} {line}"
        label = ""


def plain(value: object) -> str:
    """A name or text on one line."""
    return str(value) if str(value).isprintable() else quoted(str(value))
