"""Tags as pairs, the way Sentry sends them."""

from __future__ import annotations

from collections.abc import Sequence

from sentry_governed._values import Pairs
from sentry_governed.typing import Tags


def pairs(tags: Tags) -> Pairs:
    """One pair a value; True and False read `true` and `false`, None is left out."""
    found: list[tuple[str, str]] = []
    for key, value in tags.items():
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        found += [(key, _text(one)) for one in several if one is not None]
    return tuple(found)


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
