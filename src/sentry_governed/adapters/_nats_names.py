"""What JetStream calls things, and how it writes times."""

from __future__ import annotations

import re
from typing import Final

from sentry_governed.errors import ConfigError

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BILLION: Final = 1_000_000_000


def check_name(name: str, what: str) -> None:
    """Refuse what would not be one token of a subject.

    Raises:
        ConfigError: It is not 1 to 64 of letters, digits, `_` and `-`.
    """
    if _NAME.fullmatch(name) is None:
        raise ConfigError(f"{name!a} cannot be the name of {what}: use 1 to 64 of A-Z a-z 0-9 _ -")


def check_subject(subject: str, *, wildcards: bool = False) -> None:
    """Refuse a subject that is not made of plain tokens; a server takes `a..b` and `a.>` for more than one.

    Args:
        subject: What to check.
        wildcards: Whether a token may be `*`, and the last one `>`.

    Raises:
        ConfigError: A token is empty or holds something else than letters, digits, `_` and `-`.
    """
    parts = (subject.removesuffix(".>") if wildcards else subject).split(".")
    if not all(_NAME.fullmatch(part) or (wildcards and part == "*") for part in parts):
        raise ConfigError(
            f"{subject!a} cannot be a subject: use tokens of A-Z a-z 0-9 _ - with a dot in between"
        )


def nanoseconds(seconds: float) -> int:
    """Seconds as JetStream writes them."""
    return round(seconds * _BILLION)


def seconds(nanoseconds: object) -> float:
    """JetStream's time in seconds; 0 where it says nothing."""
    return nanoseconds / _BILLION if isinstance(nanoseconds, int) else 0.0
