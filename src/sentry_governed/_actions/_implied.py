"""What a request to change an issue amounts to, told from its body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sentry_governed._actions._catalogue import find
from sentry_governed.typing import JsonValue

_RESOLVE: Final = "issues.resolve"
_IGNORE: Final = "issues.ignore"
_UNRESOLVE: Final = "issues.unresolve"
_ANY_STATUS: Final = (_RESOLVE, _IGNORE, _UNRESOLVE)

_STATUS: Final[Mapping[str, str]] = {
    "resolved": _RESOLVE,
    "resolvedInNextRelease": _RESOLVE,
    "ignored": _IGNORE,
    "muted": _IGNORE,
    "unresolved": _UNRESOLVE,
}
_SUBSTATUS: Final[Mapping[str, str]] = {
    "archived_forever": _IGNORE,
    "archived_until_condition_met": _IGNORE,
    "archived_until_escalating": _IGNORE,
    "escalating": _UNRESOLVE,
    "new": _UNRESOLVE,
    "ongoing": _UNRESOLVE,
    "regressed": _UNRESOLVE,
}
_DETAILS: Final[Mapping[str, str]] = {
    "inCommit": _RESOLVE,
    "inNextRelease": _RESOLVE,
    "inRelease": _RESOLVE,
    "inUpcomingRelease": _RESOLVE,
    "ignoreCount": _IGNORE,
    "ignoreDuration": _IGNORE,
    "ignoreUserCount": _IGNORE,
    "ignoreUserWindow": _IGNORE,
    "ignoreWindow": _IGNORE,
    "snoozeDuration": _IGNORE,
    "untilEscalating": _IGNORE,
}


def _meaning(table: Mapping[str, str], value: JsonValue) -> tuple[str, ...]:
    """What one value amounts to; one that the table does not know may amount to any."""
    known = table.get(value) if isinstance(value, str) else None
    return (known,) if known else _ANY_STATUS


def _amounts_to(body: Mapping[str, JsonValue]) -> Iterator[str]:
    for field, value in body.items():
        if field == "status":
            yield from _meaning(_STATUS, value)
        elif field == "substatus":
            yield from _meaning(_SUBSTATUS, value)
        elif field == "statusDetails":
            for key in value if isinstance(value, Mapping) else ("",):
                yield from _meaning(_DETAILS, key)
        elif field in _DETAILS:  # Sentry reads these beside statusDetails too
            yield _DETAILS[field]
        elif field == "assignedTo":
            yield "issues.assign"


def implied(action: str, body: Mapping[str, JsonValue] | None) -> tuple[str, ...]:
    """The further actions that must be allowed too, sorted, for an action with this JSON body.

    An unknown value counts as every change of status, so that a new spelling is no way around a policy.

    Raises:
        ConfigError: There is no such action.
    """
    asked = find(action)
    by_body = _amounts_to(body) if asked.implies_by_body and body is not None else ()
    return tuple(sorted({*asked.implies, *by_body} - {action}))
