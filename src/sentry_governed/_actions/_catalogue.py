"""Every action, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sentry_governed._actions._action import Action
from sentry_governed._actions._issues import ISSUE_ACTIONS
from sentry_governed._actions._organizations import ORGANIZATION_ACTIONS
from sentry_governed.errors import ConfigError

_LONGEST_SHOWN = 60

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        action.name: action
        for action in sorted(ISSUE_ACTIONS + ORGANIZATION_ACTIONS, key=lambda action: action.name)
    }
)
"""Every action by its name, sorted."""


def find(name: str) -> Action:
    """The action of that name.

    Raises:
        ConfigError: There is none.
    """
    action = ACTIONS.get(name)
    if action is not None:
        return action
    from difflib import get_close_matches  # only a mistake pays for it

    shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
    near = get_close_matches(shown.lower(), ACTIONS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "a name reads like 'issues.resolve'"
    raise ConfigError(f"unknown action {shown!r}: {hint}")
