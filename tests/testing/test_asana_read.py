"""A fake Asana lists and shows what it holds as the documents of the real one say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from sentry_governed.testing import FakeAsana, FrozenClock
from sentry_governed.typing import JsonValue
from tests.testing.asana_parts import API, create, gids
from tests.testing.conftest import Door, OpenDoor, decoded


@pytest.fixture
def call(asana: FakeAsana, door: OpenDoor) -> Door:
    """A way to it."""
    return door(asana)


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
