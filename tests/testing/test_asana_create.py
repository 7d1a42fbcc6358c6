"""A fake Asana creates tasks, and refuses them, as the documents of the real one say."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sentry_governed import Request
from sentry_governed.testing import FakeAsana, FieldType, FrozenClock
from sentry_governed.typing import JsonValue
from tests.testing.asana_parts import API, create
from tests.testing.conftest import Door, OpenDoor, decoded


@pytest.fixture
def call(asana: FakeAsana, door: OpenDoor) -> Door:
    """A way to it."""
    return door(asana)


def test_create(asana: FakeAsana, call: Door, clock: FrozenClock) -> None:
    """A created task is answered in full, kept, and found again by its id."""
    status, task = create(call, notes="Some <text>")
    assert status == 201
    assert isinstance(task, Mapping)
    (kept,) = asana.tasks
    assert (kept.name, kept.notes, kept.projects) == ("A task", "Some <text>", ("11",))
    assert (kept.created_at, kept.modified_at) == (clock.time(), clock.time())
    assert task["gid"] == kept.gid
    assert task["created_at"] == "2026-01-01T00:00:00.000Z"
    assert task["permalink_url"] == f"https://app.asana.com/1/{asana.workspace}/task/{kept.gid}"
    assert call.data("GET", f"{API}/tasks/{kept.gid}") == {"data": task}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"projects": None}, "You should specify one of workspace, parent, projects"),
        (
            {"projects": None, "memberships": [{"project": "11"}]},
            "You should specify one of workspace, parent, projects",
        ),
        ({"projects": ["404"]}, "projects: [0]: Unknown object: 404"),
        ({"projects": ["11", "web"]}, "projects: [1]: Not a recognized ID: web"),
        ({"projects": [11]}, "projects: [0]: Not a valid GID type"),
        ({"projects": "11"}, "projects: Not an array"),
        ({"projects": None, "workspace": "404"}, "workspace: Unknown object: 404"),
        ({"projects": None, "parent": "404"}, "parent: Unknown object: 404"),
        ({"memberships": ["11"]}, "memberships: [0]: Value is not a JSON object"),
        ({"external": "e"}, "external: Value is not a JSON object"),
        ({"memberships": [{"project": "404"}]}, "memberships: [0]: project: Unknown object: 404"),
        ({"custom_fields": "x"}, "custom_fields: Value is not a JSON object"),
        ({"custom_fields": {"5": "x"}}, "Custom field with ID 5 is not on given object"),
        ({"name": " "}, "name: Missing input"),
        ({"name": None}, "name: Missing input"),
        ({"name": "bell \x07"}, "xml_parsing_error"),
        ({"notes": "half \ud800"}, "xml_parsing_error"),
        ({"notes": "n" * 65_424}, "notes: Value is too large, 65424 > 65400 bytes"),
        ({"notes": "é" * 20_000}, "Rich text value is too large"),
        ({"notes": 5}, "notes: Value is not a string"),
        (
            {"due_on": "2026-01-01", "due_at": "2026-01-01T00:00:00Z"},
            "You may only provide one of due_on or due_at!",
        ),
        ({"assignee": "nobody@example.com"}, "assignee: Not a user in Organization: nobody@example.com"),
        ({"external": {"gid": "x" * 1025}}, "external: Value is too large"),
    ],
)
def test_refused(asana: FakeAsana, call: Door, data: Mapping[str, JsonValue], message: str) -> None:
    """What Asana refuses is refused in its words, and nothing is created."""
    assert create(call, **data) == (400, message)
    assert asana.tasks == ()


def test_envelope(asana: FakeAsana, call: Door) -> None:
    """A body outside the envelope is refused by name."""
    stray = call("POST", f"{API}/tasks", {"data": {"name": "x"}, "name": "y"})
    assert b"name: Unrecognized parameter" in stray.body
    odd = call("POST", f"{API}/tasks", {"data": {"name": "x"}, "options": "name"})
    assert b"options: Value is not a JSON object" in odd.body
    assert b"data: Missing input" in call("POST", f"{API}/tasks", {"name": "y"}).body
    assert b"Could not parse request data, invalid JSON" in call("POST", f"{API}/tasks").body
    assert asana.tasks == ()


@pytest.mark.parametrize("notes", ["n" * 65_400, "é" * 10_900, "\t\n ok \U0001f600"])
def test_largest_notes(call: Door, notes: str) -> None:
    """Notes that just fit are taken."""
    assert create(call, notes=notes)[0] == 201


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("text", "t" * 1025, "text_value: Value is too large, 1025 > 1024 characters"),
        ("text", 5, "text_value: Value is not a string"),
        ("number", "5", "number_value: Value is not a number"),
        ("number", True, "number_value: Value is not a number"),
        ("enum", "404", "enum_value: Unknown object: 404"),
        ("enum", "High", "enum_value: Not a recognized ID: High"),
        ("enum", "72", "enum_value: Not an enabled option: 72"),
        ("multi_enum", ["71", "72"], "multi_enum_values: [1]: Not an enabled option: 72"),
        ("multi_enum", "71", "multi_enum_values: Not an array"),
        ("date", "2026-01-01", "date_value: DayAndDateTime is not a JSON object"),
        ("people", ["me"], "people_value: [0]: Not a recognized ID: me"),
    ],
)
def test_bad_field_value(
    asana: FakeAsana, call: Door, kind: FieldType, value: JsonValue, message: str
) -> None:
    """A custom field takes only values of its own type."""
    asana.add_custom_field(
        "F", projects=["11"], field_type=kind, gid="70", options={"71": "High", "72": "Old"}, disabled=["72"]
    )
    assert create(call, custom_fields={"70": value}) == (400, message)
    assert asana.tasks == ()


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("text", "t" * 1024, "t" * 1024),
        ("number", 2.5, "2.5"),
        ("enum", "71", "High"),
        ("multi_enum", ["71"], "High"),
        ("date", {"date": "2026-01-01"}, "2026-01-01"),
        ("people", ["1100"], "1100"),
        ("enum", None, None),
    ],
)
def test_field_value(
    asana: FakeAsana, call: Door, kind: FieldType, value: JsonValue, shown: str | None
) -> None:
    """A custom field keeps a value of its type and shows it to people."""
    asana.add_custom_field("F", projects=["11"], field_type=kind, gid="70", options={"71": "High"})
    status, task = create(call, custom_fields={"70": value})
    assert status == 201
    assert isinstance(task, Mapping)
    fields = task["custom_fields"]
    assert isinstance(fields, list)
    assert [(field["gid"], field["display_value"]) for field in fields] == [("70", shown)]
    assert asana.tasks[0].custom_fields == {"70": value}


def test_locked_field(asana: FakeAsana, call: Door) -> None:
    """A locked field refuses to be written."""
    asana.add_custom_field("F", projects=["11"], gid="70", locked=True)
    assert create(call, custom_fields={"70": "x"})[0] == 403


def test_field_of_other_project(asana: FakeAsana, call: Door) -> None:
    """A field has to be on one of the task's own projects."""
    asana.add_project("Other", gid="12")
    asana.add_custom_field("F", projects=["12"], gid="70")
    assert create(call, custom_fields={"70": "x"})[0] == 400
    assert create(call, projects=["11", "12"], custom_fields={"70": "x"})[0] == 201


def test_sections(asana: FakeAsana, call: Door) -> None:
    """Memberships beside projects put the task into a section."""
    asana.add_project("Other", gid="12")
    memberships: JsonValue = [{"project": "11", "section": "15"}, {"project": "12"}]
    status, task = create(call, memberships=memberships)
    assert status == 201
    assert isinstance(task, Mapping)
    assert (asana.tasks[0].projects, asana.tasks[0].sections) == (("11", "12"), {"11": "15"})
    shown = call.data("GET", f"{API}/tasks/{task['gid']}", opt_fields="memberships.section.gid")
    assert isinstance(shown, Mapping)
    assert isinstance(shown["data"], Mapping)
    assert shown["data"]["memberships"] == [
        {"section": {"gid": gid, "resource_type": "section"}} for gid in ("15", "1")
    ]


def test_bare_fields(asana: FakeAsana, call: Door) -> None:
    """Custom fields that are asked for without a property are shown whole."""
    asana.add_custom_field("F", projects=["11"], gid="70")
    _, task = create(call, custom_fields={"70": "x"}, assignee="me")
    assert isinstance(task, Mapping)
    shown = call.data("GET", f"{API}/tasks/{task['gid']}", opt_fields="custom_fields,assignee.gid")
    assert isinstance(shown, Mapping)
    assert shown["data"] == {
        "gid": task["gid"],
        "resource_type": "task",
        "assignee": {"gid": "1100", "resource_type": "user"},
        "custom_fields": task["custom_fields"],
    }


def test_subtask(asana: FakeAsana, call: Door) -> None:
    """A subtask loses the projects it was given."""
    create(call)
    parent = asana.tasks[0].gid
    create(call, parent=parent)
    assert (asana.tasks[1].parent, asana.tasks[1].projects) == (parent, ())


def test_too_many_projects(asana: FakeAsana, call: Door) -> None:
    """A task is in at most twenty projects."""
    projects = [asana.add_project(f"P{number}").gid for number in range(21)]
    assert create(call, projects=projects)[0] == 400
    assert create(call, projects=projects[:20])[0] == 201


def test_rich_notes(asana: FakeAsana, call: Door) -> None:
    """Of plain and rich notes the rich ones win."""
    create(call, notes="plain", html_notes="<body>rich</body>")
    assert (asana.tasks[0].notes, asana.tasks[0].html_notes) == ("", "<body>rich</body>")


def test_external(asana: FakeAsana, call: Door) -> None:
    """An application's own id finds its task, is shown when asked for, and is taken once."""
    assert create(call, external={"gid": "sentry.1", "data": "{}"})[0] == 201
    found = call.sender.send(
        Request(
            "GET",
            "/api/1.0/tasks/{task}",
            params=(("task", "external:sentry.1"),),
            query=(("opt_fields", "external.data"),),
        )
    )
    assert decoded(found) == {
        "data": {
            "gid": asana.tasks[0].gid,
            "resource_type": "task",
            "external": {"gid": "sentry.1", "data": "{}"},
        }
    }
    status, message = create(call, external={"gid": "sentry.1"})
    assert (status, "already assigned" in str(message)) == (400, True)
    assert len(asana.tasks) == 1
