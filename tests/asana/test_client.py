"""The clients of Asana, against a fake that behaves like it: both clients, over HTTP and in process."""

from __future__ import annotations

import time

import pytest

from sentry_governed import Request, Response, Secret
from sentry_governed._http.changes import ServiceChange
from sentry_governed.asana import (
    AsanaClient,
    AsanaConfig,
    PortfolioItem,
    Task,
    add_comment,
    create_task,
    custom_field_settings,
    find_marker,
    get_project,
    get_task,
    latest_project,
    portfolio_items,
    stories,
    tasks_modified_since,
)
from sentry_governed.errors import BadRequest
from sentry_governed.testing import FakeAsana, Fault
from tests.asana.doors import KINDS, PROJECT, Door, door_to, draft


def test_create(door: Door, fake: FakeAsana) -> None:
    """A created task comes back with its address and time, and is in the project with its notes."""
    task = door.run(create_task(draft()))

    kept = fake.task(task.gid)
    assert (task.name, task.url) == ("Queue is long", kept.permalink_url)
    assert task.created_at is not None
    assert abs(task.created_at.timestamp() - kept.created_at) < 1
    assert kept.projects == (PROJECT,)
    assert kept.notes.endswith("sentry-governed: sentry.1.ab")


def test_get(door: Door) -> None:
    """A task is read with its notes and projects."""
    made = door.run(create_task(draft()))
    task = door.run(get_task(made.gid))

    assert task == made
    assert [project.gid for project in task.projects] == [PROJECT]


def test_url() -> None:
    """A task whose address Asana did not say has the one that needs only its id."""
    assert Task(gid="5").url == "https://app.asana.com/0/0/5"


def test_modified_since(door: Door, fake: FakeAsana) -> None:
    """All pages of a project's tasks come, those that changed since the instant only."""
    for number in range(103):
        door.run(create_task(draft(f"k{number}")))
    tasks = door.run(tasks_modified_since(PROJECT, time.time() - 60))

    assert len({task.gid for task in tasks}) == 103
    assert all(task.notes for task in tasks)
    assert door.run(tasks_modified_since(PROJECT, time.time() + 60)) == ()
    assert all(("limit", "100") in call.query for call in fake.calls if call.method == "GET")


@pytest.mark.parametrize("named", ["key", "marker"])
def test_find_marker(door: Door, fake: FakeAsana, named: str) -> None:
    """A draft's task is found in whichever project it is, and a longer key is not mistaken for its own."""
    fake.add_project("Other", gid="12")
    door.run(create_task(draft("sentry.1.abc", project="12")))
    made = door.run(create_task(draft("sentry.1.ab", project="12")))
    marker = getattr(draft("sentry.1.ab"), named)
    since = time.time() - 60

    found = door.run(find_marker([PROJECT, "12"], since, marker))

    assert found == made
    assert door.run(find_marker([PROJECT], since, marker)) is None
    assert door.run(find_marker([], since, marker)) is None


def test_find_early(door: Door, fake: FakeAsana) -> None:
    """No page is asked for beyond the one that holds the marker."""
    made = [door.run(create_task(draft(f"k{number}"))) for number in range(103)]

    assert door.run(find_marker([PROJECT], 0.0, draft("k5").marker)) == made[5]
    assert len(fake.calls) == 104


def test_portfolio(door: Door, fake: FakeAsana) -> None:
    """A portfolio's items hold what placement has to know."""
    fake.add_project("Old", gid="12", portfolio="21", created_at=1_600_000_000.0)
    fake.add_project("Closed", gid="13", portfolio="21", archived=True)
    fake.add_portfolio("Nested", gid="22", portfolio="21")

    items = door.run(portfolio_items("21"))

    assert items[0] == PortfolioItem(PROJECT, "project", "2023-11-14T22:13:20.000Z", archived=False)
    assert [(item.gid, item.resource_type, item.archived) for item in items[1:]] == [
        ("12", "project", False),
        ("13", "project", True),
        ("22", "portfolio", False),
    ]
    assert latest_project(items) == PROJECT


def test_project(door: Door) -> None:
    """A project is read."""
    project = door.run(get_project(PROJECT))

    assert (project.gid, project.name, project.archived) == (PROJECT, "Backlog", False)


def test_custom_fields(door: Door, fake: FakeAsana) -> None:
    """A project's custom fields come with their options."""
    fake.add_custom_field(
        "Team", gid="31", projects=[PROJECT], field_type="enum", options={"1": "Web"}, disabled=["1"]
    )
    (field,) = door.run(custom_field_settings(PROJECT))

    assert (field.gid, field.name, field.resource_subtype) == ("31", "Team", "enum")
    assert [(option.gid, option.name, option.enabled) for option in field.enum_options] == [
        ("1", "Web", False)
    ]


def test_comment(door: Door, fake: FakeAsana) -> None:
    """A comment is kept without what Asana refuses, and is in the task's history."""
    task = door.run(create_task(draft()))
    story = door.run(add_comment(task.gid, "again\x00: " + "x" * 60_000))

    assert fake.stories(task.gid)[0].text.startswith("again: xxx")
    assert len(fake.stories(task.gid)[0].text) <= 30_000
    assert [entry.gid for entry in door.run(stories(task.gid))] == [story.gid]


@pytest.mark.parametrize("kind", KINDS)
def test_methods(fake: FakeAsana, kind: str) -> None:
    """Every method of a client does what the flow of its name does."""
    with door_to(fake, kind) as door:
        task = door.call("create", draft())
        assert isinstance(task, Task)
        since = time.time() - 60
        door.call("add_comment", task.gid, "hello")

        assert door.call("get_task", task.gid) == door.run(get_task(task.gid))
        assert door.call("tasks_modified_since", PROJECT, since) == (door.run(get_task(task.gid)),)
        assert door.call("find_marker", [PROJECT], since, draft().marker) == door.run(get_task(task.gid))
        assert door.call("portfolio_items", "21") == door.run(portfolio_items("21"))
        assert door.call("get_project", PROJECT) == door.run(get_project(PROJECT))
        assert door.call("custom_field_settings", PROJECT) == ()
        assert door.call("stories", task.gid) == door.run(stories(task.gid))


def test_expired_offset(door: Door, fake: FakeAsana) -> None:
    """An offset that expires on the way starts the list over once, and no item comes twice."""
    for number in range(103):
        door.run(create_task(draft(f"k{number}")))
    expired = b'{"errors":[{"message":"offset: Your pagination token has expired."}]}'
    fake.faults.add(Fault.status(400, body=expired), when=lambda call: "offset" in dict(call.query))

    assert len(door.run(tasks_modified_since(PROJECT, 0.0))) == 103

    fake.faults.add(Fault.status(400, body=expired), when=lambda call: "offset" in dict(call.query), times=2)
    with pytest.raises(BadRequest, match="expired"):
        door.run(tasks_modified_since(PROJECT, 0.0))


def test_idempotent(fake: FakeAsana) -> None:
    """A request says of itself that reading twice is the same as once, and that creating is not."""
    seen: list[Request] = []

    class Recording:
        def send(self, request: Request, *, timeout: float | None = None) -> Response:
            seen.append(request)
            return fake.send(request, timeout=timeout)

    with AsanaClient(AsanaConfig(token=Secret("t"), sender=Recording())) as client:
        client.get_task(client.create(draft()).gid)
    assert [request.idempotent for request in seen] == [False, True]


@pytest.mark.parametrize("kind", KINDS)
def test_changes(fake: FakeAsana, kind: str) -> None:
    """Each announced change is passed on once, and a callback that fails does no harm."""
    fake.extra_headers += [
        ("asana-change", "name=new_teams;info=https://asana.com/x;affected=true"),
        ("asana-change", "name=other;info=y, name=third"),
        ("asana-change", "nonsense"),
    ]
    told: list[ServiceChange] = []

    def tell(change: ServiceChange) -> None:
        told.append(change)
        raise RuntimeError

    with door_to(fake, kind, on_change=tell) as door:
        door.run(get_project(PROJECT))
        door.run(get_project(PROJECT))

    assert told == [
        ServiceChange("asana", "new_teams", "https://asana.com/x", affected=True),
        ServiceChange("asana", "other", "y"),
        ServiceChange("asana", "third"),
    ]


def test_logged_changes(fake: FakeAsana, caplog: pytest.LogCaptureFixture) -> None:
    """Without a callback an announced change is a warning in the log."""
    fake.extra_headers.append(("asana-change", "name=new_teams;info=y"))

    with door_to(fake, "sync in process") as door:
        door.run(get_project(PROJECT))

    assert [record.getMessage() for record in caplog.records] == ["asana announces a change: new_teams y"]


def test_enable() -> None:
    """Changes to have now and to put off are named in headers."""
    config = AsanaConfig(token=Secret("t"), enable=("a", "b"), disable=("c",))

    assert config.endpoint.headers == (("Asana-Enable", "a,b"), ("Asana-Disable", "c"))
    assert AsanaConfig(token=Secret("t")).endpoint.headers == ()
