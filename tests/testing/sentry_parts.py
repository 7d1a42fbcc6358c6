"""What the tests of the fake Sentry share."""

from __future__ import annotations

from collections.abc import Mapping

from sentry_governed.typing import JsonValue
from tests.testing.conftest import Door

ACME = "/api/0/organizations/acme"
ISSUE = f"{ACME}/issues/1001/"


def found(call: Door, **query: str) -> list[JsonValue]:
    """The ids of the issues that a list shows."""
    body = call.data("GET", f"{ACME}/issues/", **query)
    assert isinstance(body, list)
    return [issue["id"] for issue in body]


def shown(call: Door, method: str, path: str, body: JsonValue = None) -> Mapping[str, JsonValue]:
    """The decoded object of a successful answer."""
    value = call.data(method, path, body)
    assert isinstance(value, Mapping)
    return value
