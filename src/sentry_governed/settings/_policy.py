"""The `policy` section."""

from __future__ import annotations

from functools import partial
from typing import Final

from sentry_governed.policy import Policy
from sentry_governed.settings._reader import Reader, built, items, made, record, text, word

_LISTS: Final = (
    "allowed_orgs",
    "denied_orgs",
    "allowed_projects",
    "denied_projects",
    "allowed_actions",
    "denied_actions",
)


def _checked(name: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    built(Policy, {name: patterns})
    return patterns


def _patterns(name: str) -> Reader[tuple[str, ...]]:
    return made(partial(_checked, name), items(text))


read_policy: Final = record(
    Policy,
    {
        **{name: _patterns(name) for name in _LISTS},
        "writes": word(("require_approval", "allow", "deny")),
    },
)
