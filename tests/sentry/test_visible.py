"""What a caller sees: items of denied projects are left out, wherever and however they come."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sentry_governed.errors import Denied, ProjectMoved, Redirected, UnexpectedAnswer
from sentry_governed.sentry import ActionResult, Issue, Member, Organization, Project, Release, Team
from sentry_governed.testing import FakeSentry, Fault
from sentry_governed.typing import JsonValue
from tests.sentry.doors import ISSUE, Door, Guard, door_to
from tests.sentry.worlds import world

HIDDEN_EVENT = "cd" * 16
QUICK = ("sync in process", "async in process")


@pytest.fixture
def fake() -> FakeSentry:
    """A project `hidden`, which the guard denies, beside the one that it allows."""
    fake = world()
    fake.add_issue("acme", "hidden", issue_id="99", title="CANARY")
    fake.add_event("99", event_id=HIDDEN_EVENT, message="CANARY")
    fake.add_release("acme", "shared", "web", "hidden")
    fake.add_release("acme", "CANARY", "hidden")
    fake.add_team("acme", "both", "web", "hidden")
    fake.add_project("rival", "web")
    return fake


@pytest.fixture
def guard() -> Guard:
    """Denies the project and the other organization."""
    return Guard(frozenset({"hidden", "rival"}))


@pytest.fixture(params=QUICK)
def door(request: pytest.FixtureRequest, fake: FakeSentry, guard: Guard) -> Iterator[Door]:
    """A client of each kind."""
    with door_to(fake, str(request.param), guard) as opened:
        yield opened


def test_organizations(door: Door) -> None:
    """Organizations are shown by their own names."""
    (page,) = door.pages("organizations.list")

    assert [item.slug for item in page.items if isinstance(item, Organization)] == ["acme"]
    assert page.withheld == 1


def test_organization(door: Door) -> None:
    """The projects and teams that some servers put into an organization are not shown."""
    result = door.call("call", "organizations.get", {})

    assert isinstance(result, ActionResult)
    assert "hidden" not in json.dumps(result.result)
    assert isinstance(result.result, dict)
    assert result.result["slug"] == "acme"


def test_projects(door: Door) -> None:
    """Projects are shown by their own names."""
    (page,) = door.pages("projects.list")

    assert [item.slug for item in page.items if isinstance(item, Project)] == ["web"]
    assert page.withheld == 1


def test_releases(door: Door) -> None:
    """A release needs all its projects allowed."""
    (page,) = door.pages("releases.list")

    assert [item.version for item in page.items if isinstance(item, Release)] == ["1.0"]
    assert page.withheld == 2


def test_release_of_nothing(door: Door, fake: FakeSentry) -> None:
    """A release that says of no project whose it is is not shown."""
    body = [{"version": "1"}, {"version": "2", "projects": []}, {"version": "3", "projects": [{"id": 42}]}]
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()))

    (page,) = door.pages("releases.list")
    assert (page.items, page.withheld) == ((), 3)


def test_teams(door: Door) -> None:
    """A team is shown without the projects that are denied, in its fields and as it came."""
    result = door.call("call", "teams.list", {})
    teams = door.call("teams.list")

    assert isinstance(result, ActionResult)
    assert "hidden" not in json.dumps(result.result)
    assert isinstance(teams, list)
    assert {
        team.slug: [project.slug for project in team.projects] for team in teams if isinstance(team, Team)
    } == {
        "core": ["web"],
        "both": ["web"],
    }
    assert result.withheld == 0


def test_members(door: Door, fake: FakeSentry) -> None:
    """So are the projects that a server mentions with a member."""
    body = [{"id": "1", "email": "a@example.com", "projects": ["hidden", "web"], "teams": ["core"]}]
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()))

    members = door.call("members.list")

    assert isinstance(members, list)
    (member,) = members
    assert isinstance(member, Member)
    assert (member.raw["projects"], member.raw["teams"]) == (["web"], ["core"])


@pytest.mark.parametrize(
    "params",
    [
        {"project": "web", "query": HIDDEN_EVENT},
        {"project": "web", "query": "HIDDEN-33", "shortIdLookup": "1"},
        {"group": ["99"]},
        {"query": ""},
    ],
)
def test_leaks(door: Door, fake: FakeSentry, params: dict[str, JsonValue]) -> None:
    """A query that Sentry answers beyond the projects asked for shows nothing of a denied one."""
    assert fake.issue("99").short_id == "HIDDEN-33"

    result = door.call("call", "issues.list", params)

    assert isinstance(result, ActionResult)
    assert "CANARY" not in json.dumps(result.result)
    assert result.withheld == 1


@pytest.mark.parametrize(
    ("action", "name", "value"),
    [
        ("shortids.resolve", "short_id", "hidden-33"),
        ("events.resolve", "event_id", HIDDEN_EVENT),
        ("issues.get", "issue_id", "99"),
        ("issues.get", "issue_id", "hidden-33"),
        ("events.latest", "issue_id", "99"),
        ("issues.tags", "issue_id", "99"),
        ("releases.get", "version", "shared"),
    ],
)
def test_single(door: Door, guard: Guard, action: str, name: str, value: str) -> None:
    """A single thing of a denied project is refused."""
    with pytest.raises(Denied) as caught:
        door.call("call", action, {name: value})

    assert "CANARY" not in str(caught.value)
    assert guard.steps[-1][1] == "act"


@pytest.mark.parametrize(
    "item",
    [
        {"id": "5"},
        {"id": "5", "project": None},
        {"id": "5", "project": {"slug": None}},
        {"id": "5", "project": {"slug": "WEB"}},
        {"id": "5", "project": {"slug": "web/../hidden"}},
        {"id": "5", "project": {"slug": "42"}},
        {"project": {"slug": "web"}},
        "web",
        None,
    ],
)
def test_unreadable(door: Door, fake: FakeSentry, item: JsonValue) -> None:
    """An item whose project cannot be told is left out."""
    fake.faults.add(Fault.status(200, body=json.dumps([item]).encode()))

    (page,) = door.pages("issues.list")
    assert (page.items, page.withheld) == ((), 1)


def test_other_org(door: Door, fake: FakeSentry) -> None:
    """A short id that is answered for another organization is refused."""
    group = {"id": "1", "project": {"slug": "web"}}
    body = {"organizationSlug": "rival", "projectSlug": "web", "group": group}
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()))

    with pytest.raises(Denied, match="another organization"):
        door.call("shortids.resolve", "WEB-1")


def test_two_projects(door: Door, fake: FakeSentry) -> None:
    """A short id whose issue is of another project than it says needs both allowed."""
    group = {"id": "1", "project": {"slug": "hidden"}}
    body = {"organizationSlug": "ACME", "projectSlug": "web", "group": group}
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()))

    with pytest.raises(Denied):
        door.call("shortids.resolve", "WEB-1")


@pytest.mark.parametrize("cursor", ["a b", "\u00e9", "x" * 501])
def test_odd_cursor(door: Door, fake: FakeSentry, cursor: str) -> None:
    """A cursor that is not one is an error, and no end of the list."""
    link = f'<https://evil.example/?cursor=1>; rel="next"; results="true"; cursor="{cursor}"'
    fake.faults.add(Fault.status(200, body=b"[]", headers=(("link", link),)))

    with pytest.raises(UnexpectedAnswer, match="cursor"):
        door.pages("projects.list")


def test_no_hits(door: Door) -> None:
    """How many there are in all is not told."""
    result = door.call("call", "issues.list", {"query": ""})

    assert isinstance(result, ActionResult)
    assert not {"hits", "x-hits", "headers"} & set(dir(result))


def test_asked_once(door: Door, guard: Guard) -> None:
    """Each project on a page is decided on once, as the asked action."""
    door.call("issues.list", query="")

    assert sorted(step[:3] for step in guard.steps if step[2]) == [
        ("issues.list", "act", ("hidden",)),
        ("issues.list", "act", ("web",)),
    ]


@pytest.mark.parametrize("method", ["projects.get", "ownership.get"])
def test_moved(door: Door, fake: FakeSentry, method: str) -> None:
    """A project under its old slug is not followed: the error tells the new one."""
    fake.rename_project("acme", "web", "shop")

    with pytest.raises(ProjectMoved, match="'web' is now 'shop'") as caught:
        door.call(method, "web")
    assert (caught.value.old, caught.value.new, caught.value.status) == ("web", "shop", 302)
    assert len(fake.calls) == 1


def test_moved_away(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A new slug that is denied is not told."""
    guard.denied = frozenset({"shop"})
    fake.rename_project("acme", "web", "shop")

    with pytest.raises(Redirected) as caught:
        door.call("projects.get", "web")
    assert not isinstance(caught.value, ProjectMoved)
    assert "shop" not in str(caught.value)


def test_moved_by_number(door: Door, fake: FakeSentry) -> None:
    """A number never moves."""
    fake.rename_project("acme", "web", "shop")

    project = door.call("projects.get", "42")
    assert isinstance(project, Project)
    assert project.slug == "shop"


@pytest.mark.parametrize("body", [b"", b"{}", b'{"slug": 5}', b'{"slug": "../x"}'])
def test_other_redirect(door: Door, fake: FakeSentry, body: bytes) -> None:
    """Any other redirect is no move."""
    fake.faults.add(Fault.status(302, body=body))

    with pytest.raises(Redirected) as caught:
        door.call("projects.get", "web")
    assert not isinstance(caught.value, ProjectMoved)


def test_moved_organization(door: Door, fake: FakeSentry) -> None:
    """A redirect of a path without a project is no move of one."""
    fake.faults.add(Fault.status(302, body=b'{"slug": "new"}'))

    with pytest.raises(Redirected) as caught:
        door.call("organizations.get")
    assert not isinstance(caught.value, ProjectMoved)


def test_another_project(door: Door, fake: FakeSentry) -> None:
    """A project that answers under another's path is not handed on."""
    fake.faults.add(Fault.status(200, body=b'{"slug": "hidden", "name": "CANARY"}'))

    with pytest.raises(UnexpectedAnswer) as caught:
        door.call("projects.get", "web")
    assert "CANARY" not in str(caught.value)


def test_mixed_page(door: Door, fake: FakeSentry) -> None:
    """What is left keeps Sentry's order, and every page is filtered."""
    for number in range(5):
        fake.add_issue("acme", "hidden", issue_id=str(200 + number), seen=float(number))
        fake.add_issue("acme", "web", issue_id=str(300 + number), seen=float(number))

    pages = door.pages("issues.list", limit=3)
    shown = [item.id for page in pages for item in page.items if isinstance(item, Issue)]

    assert shown[:2] != []
    assert shown[-5:] == ["304", "303", "302", "301", "300"]
    assert {ISSUE} < set(shown)
    assert sum(page.withheld for page in pages) == 6
