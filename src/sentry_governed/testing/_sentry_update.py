"""What Sentry does when an issue is changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from sentry_governed.testing._sentry_values import FakeIssue
from sentry_governed.testing._sentry_world import World, field_errors
from sentry_governed.testing._wire import Refused, as_json
from sentry_governed.typing import JsonValue

_STATUSES = {
    "resolved": "resolved",
    "unresolved": "unresolved",
    "ignored": "ignored",
    "muted": "ignored",
    "resolvedInNextRelease": "resolved",
}
_SUBSTATUSES = {
    "archived_until_escalating",
    "archived_until_condition_met",
    "archived_forever",
    "escalating",
    "ongoing",
    "regressed",
    "new",
}
_PRIORITIES = {"low", "medium", "high"}
_NEW_SECONDS = 7 * 86400


def updated(world: World, issue: FakeIssue, body: Mapping[str, JsonValue]) -> FakeIssue:
    """The issue after a change; only what the body names changes."""
    if "status" in body:
        issue = _with_status(world, issue, body)
    if "priority" in body:
        issue = attrs.evolve(issue, priority=_choice("priority", body["priority"], _PRIORITIES))
    if "assignedTo" in body:
        issue = attrs.evolve(issue, assigned_to=str(body["assignedTo"] or "") or None)
    return issue


def _with_status(world: World, issue: FakeIssue, body: Mapping[str, JsonValue]) -> FakeIssue:
    asked = _choice("status", body["status"], _STATUSES.keys())
    given = body.get("statusDetails") or {}
    if not isinstance(given, Mapping):
        raise field_errors(statusDetails="Invalid data. Expected a dictionary.")
    details = {**given, **({"inNextRelease": True} if asked == "resolvedInNextRelease" else {})}
    status = _STATUSES[asked]
    if status == "resolved":
        _check_release(world, issue, details)
    substatus = body.get("substatus")
    return attrs.evolve(
        issue,
        status=status,
        substatus=_default_substatus(world, issue, status, details)
        if substatus is None
        else _choice("substatus", substatus, _SUBSTATUSES),
        status_details={} if status == "unresolved" else details,
    )


def _default_substatus(
    world: World, issue: FakeIssue, status: str, details: Mapping[str, JsonValue]
) -> str | None:
    if status == "resolved":
        return None
    if status == "unresolved":
        recent = world.clock.time() - issue.first_seen < _NEW_SECONDS
        return "new" if issue.status == "ignored" and recent else "ongoing"
    if details.get("untilEscalating"):
        return "archived_until_escalating"
    conditional = any(key.startswith("ignore") for key in details)
    return "archived_until_condition_met" if conditional else "archived_forever"


def _check_release(world: World, issue: FakeIssue, details: Mapping[str, JsonValue]) -> None:
    wanted = details.get("inRelease")
    none_yet = not any(org == issue.org for org, _version in world.releases)
    if (details.get("inNextRelease") or wanted == "latest") and none_yet:
        key = "inNextRelease" if details.get("inNextRelease") else "inRelease"
        raise _status_detail(key, "No release data present in the system.")
    if wanted not in (None, "latest") and (issue.org, wanted) not in world.releases:
        raise _status_detail("inRelease", "Unable to find a release with the given version.")


def _status_detail(key: str, message: str) -> Refused:
    return Refused(as_json(400, {"statusDetails": {key: [message]}}))


def _choice(field: str, value: JsonValue, choices: Collection[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise field_errors(**{field: f'"{value}" is not a valid choice.'})
    return value
