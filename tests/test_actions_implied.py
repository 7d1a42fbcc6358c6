"""What a change of an issue amounts to, told from its body."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed._actions import ACTIONS, Action, implied
from sentry_governed.errors import ConfigError
from sentry_governed.typing import JsonValue

IMPLIED: list[tuple[str, Mapping[str, JsonValue] | None, str]] = [
    ("issues.update", None, ""),
    ("issues.update", {}, ""),
    ("issues.update", {"priority": "high", "hasSeen": True}, ""),
    ("issues.update", {"status": "resolved"}, "issues.resolve"),
    ("issues.update", {"status": "resolvedInNextRelease"}, "issues.resolve"),
    ("issues.update", {"status": "ignored"}, "issues.ignore"),
    ("issues.update", {"status": "muted"}, "issues.ignore"),
    ("issues.update", {"status": "unresolved"}, "issues.unresolve"),
    ("issues.update", {"substatus": "archived_forever"}, "issues.ignore"),
    ("issues.update", {"substatus": "ongoing"}, "issues.unresolve"),
    ("issues.update", {"statusDetails": {"inRelease": "1"}}, "issues.resolve"),
    ("issues.update", {"statusDetails": {"inCommit": {"commit": "a"}}}, "issues.resolve"),
    ("issues.update", {"statusDetails": {"ignoreDuration": 5}}, "issues.ignore"),
    ("issues.update", {"statusDetails": {}}, ""),
    ("issues.update", {"ignoreDuration": 5}, "issues.ignore"),
    ("issues.update", {"snoozeDuration": 5}, "issues.ignore"),
    ("issues.update", {"assignedTo": "user:1"}, "issues.assign"),
    ("issues.update", {"assignedTo": ""}, "issues.assign"),
    ("issues.update", {"status": "resolved", "assignedTo": "user:1"}, "issues.assign issues.resolve"),
    ("issues.update_many", {"priority": "low"}, "issues.update"),
    ("issues.update_many", {"status": "resolved"}, "issues.resolve issues.update"),
    ("issues.resolve", {"status": "resolved", "statusDetails": {"inNextRelease": True}}, ""),
    ("issues.resolve", {"status": "ignored"}, "issues.ignore"),
    ("issues.ignore", {"status": "ignored", "substatus": "archived_forever"}, ""),
    ("issues.mute", {"status": "ignored"}, "issues.ignore"),
    ("issues.unresolve", {"status": "unresolved"}, ""),
    ("issues.unmute", {"status": "unresolved"}, "issues.unresolve"),
    ("issues.assign", {"assignedTo": "user:1"}, ""),
    ("issues.comment", {"text": "hello", "status": "resolved"}, ""),
    ("releases.create", {"version": "1", "status": "open"}, ""),
    ("issues.get", None, ""),
]


@pytest.mark.parametrize(("action", "body", "expected"), IMPLIED)
def test_implied(action: str, body: Mapping[str, JsonValue] | None, expected: str) -> None:
    """A change of an issue also asks for whatever else its body amounts to."""
    assert implied(action, body) == tuple(expected.split())


@pytest.mark.parametrize(
    "body",
    [
        {"status": "snoozed"},
        {"status": "Resolved"},
        {"status": None},
        {"status": ["resolved"]},
        {"substatus": "new_in_a_later_release"},
        {"statusDetails": "inRelease"},
        {"statusDetails": {"later": 1}},
    ],
)
def test_implied_unknown(body: Mapping[str, JsonValue]) -> None:
    """A value that is not known counts as every change of status."""
    assert implied("issues.update", body) == ("issues.ignore", "issues.resolve", "issues.unresolve")


@pytest.mark.parametrize("name", [name for name, action in ACTIONS.items() if action.implies_by_body])
@given(status=st.text() | st.none() | st.integers())
def test_no_way_around(name: str, status: JsonValue) -> None:
    """No status at all is set by an action that neither is nor implies a change of status."""
    asked = {name, *implied(name, {"status": status})}

    assert asked & {"issues.ignore", "issues.resolve", "issues.unresolve"}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_declared_implications(action: Action) -> None:
    """What an action always sends, or may be told to send, implies only actions there are."""
    for parameter in action.parameters:
        for choice in parameter.choices:
            assert set(implied(action.name, {parameter.wire: choice})) <= set(ACTIONS)
    issue_put = action.method == "PUT" and "releases" not in action.name
    assert action.implies_by_body == issue_put


def test_implied_by_nothing() -> None:
    """An action that does not exist implies nothing: it is an error."""
    with pytest.raises(ConfigError):
        implied("issues.nonsense", {})
