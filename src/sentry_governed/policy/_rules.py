"""A policy, compiled: what its lists say of an organization, a project and each action."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

import attrs

from sentry_governed._actions import ACTIONS, Action
from sentry_governed.errors import ConfigError
from sentry_governed.policy._patterns import ACTION, ORG, PROJECT, Kind, Names, compiled

Writes: TypeAlias = Literal["allow", "deny", "require_approval"]
Why: TypeAlias = tuple[str, str | None]
"""A reason, and the rule that it names."""
Lists: TypeAlias = Mapping[str, tuple[str, ...] | None]

_VERSION: Final = 1
_KINDS: Final = {"orgs": ORG, "projects": PROJECT, "actions": ACTION}
LISTS: Final = tuple(f"{side}_{name}" for name in _KINDS for side in ("allowed", "denied"))
_NOBODY: Final = Names(frozenset(), ())


@attrs.frozen
class Filter:
    """The two lists for one kind of name."""

    what: str
    allowed_list: str
    denied_list: str
    allowed: Names | None
    denied: Names

    def refuses(self, name: str) -> Why | None:
        """Why a name in lower case is refused, or None."""
        denied = self.denied.match(name)
        if denied is not None:
            return f"{self.what} {name!r} is denied", f"{self.denied_list}: {denied}"
        if self.allowed is not None and self.allowed.match(name) is None:
            return f"{self.what} {name!r} is not in {self.allowed_list}", self.allowed_list
        return None

    def allowing(self, name: str) -> str | None:
        """The rule that allows a name that is not refused, or None when every name is."""
        return None if self.allowed is None else f"{self.allowed_list}: {self.allowed.match(name)}"


@attrs.frozen
class Known:
    """What a policy says of one action, whatever it is asked for."""

    action: Action
    refused: Why | None
    rule: str | None


@attrs.frozen
class Rules:
    """A policy, compiled."""

    orgs: Filter
    projects: Filter
    actions: dict[str, Known]
    nothing: Why | None


def compiled_rules(lists: Lists, writes: str) -> Rules:
    """Compile the lists of a policy by their names.

    Raises:
        ConfigError: They cannot be used; all problems at once.
    """
    problems: list[str] = []
    orgs, projects, actions = (
        Filter(
            name.removesuffix("s"),
            f"allowed_{name}",
            f"denied_{name}",
            _names(lists, f"allowed_{name}", kind, problems),
            _names(lists, f"denied_{name}", kind, problems) or _NOBODY,
        )
        for name, kind in _KINDS.items()
    )
    if writes not in get_args(Writes):
        problems.append(f"writes {writes!r}: it is one of {', '.join(get_args(Writes))}")
    if problems:
        raise ConfigError(f"the policy cannot be used: {'; '.join(problems)}")
    known = {action.name: _known(action, actions) for action in ACTIONS.values()}
    filters = (orgs, projects, actions)
    return Rules(orgs, projects, known, next(filter(None, map(_allows_nothing, filters)), None))


def digest(lists: Lists, writes: str) -> str:
    """The SHA-256 of what the lists say, whatever their order and case."""
    said = {
        name: None if patterns is None else sorted({pattern.lower() for pattern in patterns})
        for name, patterns in lists.items()
        if patterns or name.startswith("allowed")
    }
    content = {"version": _VERSION, "writes": writes, **said}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def joined(inner: str, outer: str) -> str:
    """The digest of a policy that stands within another."""
    return hashlib.sha256(f"{inner} within {outer}".encode()).hexdigest()


def _names(lists: Lists, name: str, kind: Kind, problems: list[str]) -> Names | None:
    patterns = lists[name]
    return None if patterns is None else compiled(patterns, kind, name, problems)


def _allows_nothing(found: Filter) -> Why | None:
    if found.allowed != _NOBODY:
        return None
    return f"{found.allowed_list} is empty, so nothing is allowed", found.allowed_list


def _known(action: Action, names: Filter) -> Known:
    """Actions that send the very same request are denied and allowed together."""
    request = action.same_as or action.name
    same = [other.name for other in ACTIONS.values() if request in {other.name, other.same_as}]
    denied = [name for name in same if names.denied.match(name) is not None]
    allowed = [name for name in same if names.refuses(name) is None]
    if denied or not allowed:
        return Known(action, names.refuses(denied[0] if denied else action.name), None)
    return Known(action, None, names.allowing(allowed[0]))
