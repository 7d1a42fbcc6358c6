"""A fake Asana behaves as the documents of the real one say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from sentry_governed import Request
from sentry_governed.testing import FakeAsana, FieldType, FrozenClock
from sentry_governed.typing import JsonValue
from tests.testing.conftest import Door, OpenDoor, decoded

API = "/api/1.0"


@pytest.fixture
def asana(clock: FrozenClock) -> FakeAsana:
    """A workspace with one project."""
    fake = FakeAsana(token="pat", clock=clock)
    fake.add_project("Web", gid="11")
    return fake


@pytest.fixture
def call(asana: FakeAsana, door: OpenDoor) -> Door:
    """A way to it."""
    return door(asana)


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


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/tasks/404", 404, "task: Unknown object: 404"),
        ("/tasks/x", 400, "task: Not a recognized ID: x"),
        ("/projects/404", 404, "project: Unknown object: 404"),
        ("/portfolios/404/items", 404, "portfolio: Unknown object: 404"),
        ("/tasks/404/stories", 404, "task: Unknown object: 404"),
        ("/nothing", 404, "No matching route for request"),
        ("/tasks?project=1", 404, None),
    ],
)
def test_missing(call: Door, path: str, status: int, message: str | None) -> None:
    """What is not there is answered with its kind and id."""
    route, _, query = path.partition("?")
    response = call("GET", API + route, **dict([query.split("=")] if query else []))
    assert response.status == status
    assert (message or "project: Unknown object: 1").encode() in response.body


def test_hidden(asana: FakeAsana, call: Door) -> None:
    """Lost access is a 403 that names the kind, and a deleted object a 404."""
    create(call)
    gid = asana.tasks[0].gid
    asana.hide(gid)
    hidden = call("GET", f"{API}/tasks/{gid}")
    assert (hidden.status, b"You do not have access to this task." in hidden.body) == (403, True)
    asana.hide("11")
    assert create(call) == (403, "You do not have access to this project.")
    asana.add_project("Gone", gid="12")
    asana.delete("12")
    assert call("GET", f"{API}/projects/12").status == 404


def test_free_plan(clock: FrozenClock, door: OpenDoor) -> None:
    """A free plan has neither portfolios nor custom fields."""
    fake = FakeAsana(clock=clock, paid=False)
    fake.add_project("Web", gid="11")
    fake.add_portfolio("Sprints", gid="21")
    call = door(fake)
    assert call("GET", f"{API}/portfolios/21/items").status == 402
    assert call("GET", f"{API}/projects/11/custom_field_settings").status == 402
    assert create(call, custom_fields={"70": "x"})[0] == 402
    assert create(call)[0] == 201


def test_listing_delay(clock: FrozenClock, door: OpenDoor) -> None:
    """A new task is found by its id at once, and in its project's listing only after the delay."""
    fake = FakeAsana(clock=clock, listing_delay=30)
    fake.add_project("Web", gid="11")
    call = door(fake)
    create(call)
    clock.advance(29.9)
    assert call.data("GET", f"{API}/tasks", project="11") == {"data": []}
    assert call("GET", f"{API}/tasks/{fake.tasks[0].gid}").status == 200
    clock.advance(0.2)
    listed = call.data("GET", f"{API}/tasks", project="11")
    assert listed == {
        "data": [
            {
                "gid": fake.tasks[0].gid,
                "resource_type": "task",
                "resource_subtype": "default_task",
                "name": "A task",
            }
        ]
    }


def test_filters(asana: FakeAsana, call: Door, clock: FrozenClock) -> None:
    """Listings are of one project, and can be cut by what changed and what is open."""
    create(call, name="old")
    clock.advance(60)
    moment = datetime.fromtimestamp(clock.time(), UTC).isoformat()
    create(call, name="new")
    old, new = (task.gid for task in asana.tasks)

    def listed(**query: str) -> list[JsonValue]:
        body = call.data("GET", f"{API}/tasks", project="11", **query)
        assert isinstance(body, Mapping)
        return gids(body["data"])

    assert listed() == [old, new]
    assert listed(modified_since=moment) == [new]
    clock.advance(1)
    asana.complete(old)
    assert listed(modified_since=moment) == [old, new]
    clock.advance(1)
    assert listed(completed_since="now") == [new]
    assert call("GET", f"{API}/tasks", project="11", modified_since="noon").status == 400
    assert call("GET", f"{API}/tasks").status == 400


def test_pages(asana: FakeAsana, call: Door, clock: FrozenClock) -> None:
    """A listing goes on by offset, which is for one query and expires."""
    for number in range(5):
        create(call, name=str(number))
    assert call.data("GET", f"{API}/tasks", project="11", limit="5", opt_fields="gid") == {
        "data": [{"gid": task.gid, "resource_type": "task"} for task in asana.tasks],
        "next_page": None,
    }
    first = call.data("GET", f"{API}/tasks", project="11", limit="3")
    assert isinstance(first, Mapping)
    following = first["next_page"]
    assert isinstance(following, Mapping)
    offset = str(following["offset"])
    assert following["path"] == f"/tasks?project=11&limit=3&offset={offset}"
    assert str(following["uri"]).endswith(f"/api/1.0/tasks?project=11&limit=3&offset={offset}")
    second = call.data("GET", f"{API}/tasks", project="11", limit="3", offset=offset)
    assert isinstance(second, Mapping)
    assert second["next_page"] is None
    assert gids(first["data"]) + gids(second["data"]) == [task.gid for task in asana.tasks]
    foreign = call("GET", f"{API}/tasks", project="11", limit="2", offset=offset)
    assert b"offset: Your pagination token is invalid." in foreign.body
    clock.advance(3600)
    expired = call("GET", f"{API}/tasks", project="11", limit="3", offset=offset)
    assert (expired.status, b"offset: Your pagination token has expired." in expired.body) == (400, True)


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_bad_limit(call: Door, limit: str) -> None:
    """A page has 1 to 100 items."""
    assert call("GET", f"{API}/tasks", project="11", limit=limit).status == 400


def test_opt_fields(asana: FakeAsana, call: Door) -> None:
    """Only what is asked for is shown, nested by dots."""
    asana.add_custom_field("F", projects=["11"], gid="70")
    _, task = create(call, custom_fields={"70": "x"}, external={"gid": "e"})
    assert isinstance(task, Mapping)
    shown = call.data(
        "GET",
        f"{API}/tasks/{task['gid']}",
        opt_fields="name,memberships,projects.name,custom_fields.text_value,this.external.gid,unknown",
    )
    assert shown == {
        "data": {
            "gid": task["gid"],
            "resource_type": "task",
            "name": "A task",
            "memberships": [{}],
            "projects": [{"gid": "11", "resource_type": "project", "name": "Web"}],
            "custom_fields": [{"gid": "70", "resource_type": "custom_field", "text_value": "x"}],
            "external": {"gid": "e"},
        }
    }
    made = call(
        "POST", f"{API}/tasks", {"data": {"name": "n", "projects": ["11"]}, "options": {"fields": ["notes"]}}
    )
    assert decoded(made) == {"data": {"gid": asana.tasks[1].gid, "resource_type": "task", "notes": ""}}
    assert (made.header("location") or "").endswith(f"/api/1.0/tasks/{asana.tasks[1].gid}")


def test_portfolio(asana: FakeAsana, call: Door, clock: FrozenClock) -> None:
    """A portfolio lists projects and nested portfolios, archived ones too."""
    sprints = asana.add_portfolio("Sprints").gid
    old = asana.add_project("Sprint 1", portfolio=sprints, created_at=clock.time() - 60)
    asana.archive(old.gid)
    new = asana.add_project("Sprint 2", portfolio=sprints)
    nested = asana.add_portfolio("Nested", portfolio=sprints)
    listed = call.data(
        "GET", f"{API}/portfolios/{sprints}/items", opt_fields="archived,created_at", limit="100"
    )
    assert listed == {
        "data": [
            {
                "gid": old.gid,
                "resource_type": "project",
                "archived": True,
                "created_at": "2025-12-31T23:59:00.000Z",
            },
            {
                "gid": new.gid,
                "resource_type": "project",
                "archived": False,
                "created_at": "2026-01-01T00:00:00.000Z",
            },
            {"gid": nested.gid, "resource_type": "portfolio", "created_at": "2026-01-01T00:00:00.000Z"},
        ],
        "next_page": None,
    }


def test_settings(asana: FakeAsana, call: Door) -> None:
    """A project's custom fields are listed with their options."""
    asana.add_custom_field(
        "Team",
        projects=["11"],
        field_type="enum",
        gid="70",
        options={"71": "Web", "72": "Old"},
        disabled=["72"],
    )
    path = f"{API}/projects/11/custom_field_settings"
    shown = call.data(
        "GET", path, opt_fields="custom_field.name,custom_field.enum_options.enabled", limit="9"
    )
    assert isinstance(shown, Mapping)
    assert isinstance(shown["data"], list)
    assert shown["data"][0]["custom_field"] == {
        "gid": "70",
        "resource_type": "custom_field",
        "name": "Team",
        "enum_options": [
            {"gid": "71", "resource_type": "enum_option", "enabled": True},
            {"gid": "72", "resource_type": "enum_option", "enabled": False},
        ],
    }


def test_stories(asana: FakeAsana, call: Door, clock: FrozenClock) -> None:
    """A comment is kept, listed, and counts as a change of its task."""
    create(call)
    gid = asana.tasks[0].gid
    clock.advance(5)
    made = call("POST", f"{API}/tasks/{gid}/stories", {"data": {"text": "again"}})
    assert made.status == 201
    assert [story.text for story in asana.stories(gid)] == ["again"]
    assert asana.task(gid).modified_at == clock.time()
    listed = call.data("GET", f"{API}/tasks/{gid}/stories", opt_fields="text", limit="10")
    story = {"gid": asana.stories(gid)[0].gid, "resource_type": "story", "text": "again"}
    assert listed == {"data": [story], "next_page": None}
    for data in ({}, {"text": "a", "html_text": "<body>a</body>"}, {"text": "\x00"}):
        assert call("POST", f"{API}/tasks/{gid}/stories", {"data": data}).status == 400
    assert len(asana.stories(gid)) == 1


def test_me(asana: FakeAsana, call: Door) -> None:
    """The caller learns who it is and which workspaces it reaches."""
    shown = call.data("GET", f"{API}/users/me", opt_fields="workspaces.name")
    assert shown == {
        "data": {
            "gid": "1100",
            "resource_type": "user",
            "workspaces": [{"gid": asana.workspace, "resource_type": "workspace", "name": "Fake Workspace"}],
        }
    }


def test_unpaged(asana: FakeAsana, call: Door) -> None:
    """A listing of more than a thousand tasks wants pages."""
    for _ in range(1001):
        create(Door(asana))
    whole = call("GET", f"{API}/tasks", project="11")
    assert (whole.status, b"You should use pagination" in whole.body) == (400, True)
