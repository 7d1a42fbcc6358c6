"""The line of a task's notes that says which alert the task is for."""

from __future__ import annotations

from typing import Final

_PREFIX: Final = "sentry-governed: "


def marker_line(key: str) -> str:
    """The line for an alert's key."""
    return _PREFIX + key


def has_marker(notes: str, key: str) -> bool:
    """Whether notes, as Asana returns them, hold the line for the key."""
    wanted = marker_line(key)
    return any(line.strip() == wanted for line in notes.splitlines())


def without_markers(text: str) -> str:
    """Text that cannot pass for a marker: an alert's words must not decide what counts as a duplicate."""
    return "\n".join(f"> {line}" if _shows_prefix(line) else line for line in text.splitlines())


def _shows_prefix(line: str) -> bool:
    visible = "".join(filter(str.isprintable, line))
    return visible.lstrip().startswith(_PREFIX.rstrip())
