"""What the tests of the fake Asana share."""

from __future__ import annotations

from collections.abc import Mapping

from sentry_governed.typing import JsonValue
from tests.testing.conftest import Door, decoded

API = "/api/1.0"


def create(call: Door, **data: JsonValue) -> tuple[int, JsonValue]:
    """The status of a create, and the message of its first error or the task."""
    response = call("POST", f"{API}/tasks", {"data": {"name": "A task", "projects": ["11"], **data}})
    body = decoded(response)
    assert isinstance(body, Mapping)
    if response.status == 201:
        return 201, body["data"]
    errors = body["errors"]
    assert isinstance(errors, list)
    (error,) = errors
    assert set(error) == {"message", "help"}
    return response.status, error["message"]


def gids(value: JsonValue) -> list[JsonValue]:
    """The ids of a list of records."""
    assert isinstance(value, list)
    return [item["gid"] for item in value]
