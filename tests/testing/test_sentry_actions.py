"""The fake Sentry beside issues: releases, teams, short ids, moves, and its leaks, which the real one has."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from sentry_governed._values import Request
from sentry_governed.testing import FakeSentry, FrozenClock
from sentry_governed.typing import JsonValue

ORG = "/api/0/organizations/acme"
EVENT = "ab" * 16


@pytest.fixture
def sentry() -> FakeSentry:
    """Two projects with an issue each."""
    fake = FakeSentry(clock=FrozenClock())
    fake.add_issue("acme", "web", issue_id="77")
    fake.add_issue("acme", "api", issue_id="78")
    fake.add_event("78", event_id=EVENT, tags={"service": "queue"})
    return fake


def answer(
    sentry: FakeSentry, method: str, path: str, body: JsonValue = None, **query: str | list[str]
) -> tuple[int, JsonValue]:
    """The status and the JSON of one call."""
    pairs = [
        (key, one) for key, value in query.items() for one in ([value] if isinstance(value, str) else value)
    ]
    names = {f"p{place}": segment for place, segment in enumerate(path.strip("/").split("/"))}
    template = "".join(f"/{{{name}}}" for name in names) + "/"
    content = None if body is None else json.dumps(body).encode()
    response = sentry.send(Request(method, template, tuple(names.items()), tuple(pairs), content))
    return response.status, json.loads(response.body) if response.body else None


def record(value: JsonValue) -> Mapping[str, JsonValue]:
    """A JSON object."""
    assert isinstance(value, Mapping)
    return value


def records(value: JsonValue) -> list[Mapping[str, JsonValue]]:
    """A list of JSON objects."""
    assert isinstance(value, list)
    return [record(item) for item in value]


def ids(value: JsonValue) -> list[JsonValue]:
    """The ids of a list."""
    return [item["id"] for item in records(value)]


def test_release(sentry: FakeSentry) -> None:
    """A release is made once; again, it answers 208 and gets the projects too."""
    body: JsonValue = {"version": "1.0", "projects": ["web"], "ref": "main"}
    assert answer(sentry, "POST", f"{ORG}/releases/", body)[0] == 201
    status, again = answer(sentry, "POST", f"{ORG}/releases/", {"version": "1.0", "projects": ["api"]})

    assert status == 208
    assert record(again)["ref"] == "main"
    assert [project["slug"] for project in records(record(again)["projects"])] == ["web", "api"]
    assert isinstance(record(again)["id"], int)
    assert answer(sentry, "GET", f"{ORG}/releases/1.0/") == (200, again)
    status, changed = answer(
        sentry, "PUT", f"{ORG}/releases/1.0/", {"url": "https://x/", "projects": ["web"]}
    )
    assert (status, record(changed)["url"]) == (200, "https://x/")
    assert sentry.release("acme", "1.0").projects == ("web", "api")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "version"),
        ({"version": "1"}, "projects"),
        ({"version": "1", "projects": []}, "projects"),
        ({"version": "1", "projects": "web"}, "projects"),
        ({"version": "1", "projects": ["nope"]}, "projects"),
        ({"version": "x" * 201, "projects": ["web"]}, "version"),
    ],
)
def test_bad_release(sentry: FakeSentry, body: JsonValue, field: str) -> None:
    """A release without a version or known projects is refused by field."""
    status, errors = answer(sentry, "POST", f"{ORG}/releases/", body)

    assert (status, list(record(errors))) == (400, [field])


def test_releases(sentry: FakeSentry) -> None:
    """Releases are listed by project and by a part of the version."""
    for version, project in (("a1", "web"), ("a2", "api"), ("b1", "web")):
        sentry.add_release("acme", version, project)

    def listed(**query: str) -> list[str]:
        found = records(answer(sentry, "GET", f"{ORG}/releases/", **query)[1])
        return sorted(str(item["version"]) for item in found)

    assert listed() == ["a1", "a2", "b1"]
    assert listed(project="web") == ["a1", "b1"]
    assert listed(project="web", query="a") == ["a1"]
    assert answer(sentry, "GET", f"{ORG}/releases/nope/")[0] == 404


def test_deploys(sentry: FakeSentry) -> None:
    """Each deploy is a new one, of the projects it names or of all, and only of the release's."""
    sentry.add_release("acme", "1.0", "web", "api")
    path = f"{ORG}/releases/1.0/deploys/"
    some: JsonValue = {"environment": "production", "projects": ["web"]}
    for body in ({"environment": "production"}, some):
        assert answer(sentry, "POST", path, body)[0] == 201

    assert [deploy.projects for deploy in sentry.deploys("acme", "1.0")] == [("web", "api"), ("web",)]
    assert len(ids(answer(sentry, "GET", path)[1])) == 2
    sentry.add_project("acme", "other")
    assert answer(sentry, "POST", path, {"environment": "x", "projects": ["other"]})[0] == 400
    assert answer(sentry, "POST", path, {"name": "x"})[0] == 400


@pytest.mark.parametrize("spelling", ["WEB-2D", "web-2d", "web_2D", "web 02d", "issue:WEB-2D", " WEB-2D "])
def test_short_ids(sentry: FakeSentry, spelling: str) -> None:
    """An issue answers to every spelling of its short id, in its own organization."""
    sentry.add_org("rival")

    status, found = answer(sentry, "GET", f"{ORG}/shortids/{spelling}/")

    assert status == 200
    assert (record(found)["groupId"], record(found)["projectSlug"], record(found)["shortId"]) == (
        "77",
        "web",
        "WEB-2D",
    )
    assert answer(sentry, "GET", f"/api/0/organizations/rival/shortids/{spelling}/")[0] == 404


def test_ambiguous(sentry: FakeSentry) -> None:
    """The letters O, I and L count as the digits that they look like."""
    issue = sentry.add_issue("acme", "web", issue_id=str(32 * 32 + 1))

    assert issue.short_id == "WEB-101"
    for spelling in ("web-1o1", "web-lOI"):
        assert record(answer(sentry, "GET", f"{ORG}/shortids/{spelling}/")[1])["groupId"] == issue.id
    assert answer(sentry, "GET", f"{ORG}/shortids/web/")[0] == 404


def test_event_ids(sentry: FakeSentry) -> None:
    """An event's id tells where it is."""
    status, found = answer(sentry, "GET", f"{ORG}/eventids/{EVENT}/")

    assert (status, record(found)["projectSlug"], record(found)["groupId"]) == (200, "api", "78")
    assert answer(sentry, "GET", f"{ORG}/eventids/{'cd' * 16}/")[0] == 404


def test_leaks(sentry: FakeSentry) -> None:
    """An event's id, and a short id when asked for, are found beyond the projects of the query."""
    path = f"{ORG}/issues/"

    assert ids(answer(sentry, "GET", path, project="web", query=EVENT)[1]) == ["78"]
    assert ids(answer(sentry, "GET", path, project="web", query="api-2e", shortIdLookup="1")[1]) == ["78"]
    assert ids(answer(sentry, "GET", path, project="web", query="api-2e")[1]) == []


def test_groups(sentry: FakeSentry) -> None:
    """Issues are fetched by number, whatever their status; a merged one is not there under its old one."""
    path = f"{ORG}/issues/"
    sentry.add_issue("acme", "web", issue_id="79", status="resolved")
    sentry.add_issue("acme", "web", issue_id="80")
    sentry.merge("77", "80")

    assert sorted(map(str, ids(answer(sentry, "GET", path, group=["77", "79", "80", "5"])[1]))) == [
        "77",
        "79",
    ]
    assert ids(answer(sentry, "GET", path, group=["78"], project="web")[1]) == []
    assert answer(sentry, "GET", path, group="x")[0] == 400


def test_bulk(sentry: FakeSentry) -> None:
    """Many are changed at once: strangers are skipped, and without numbers all that match are changed."""
    path = f"{ORG}/issues/"
    resolved: JsonValue = {"status": "resolved"}

    assert answer(sentry, "PUT", path, resolved, id=["77", "78", "5"], project="web") == (200, resolved)
    assert (sentry.issue("77").status, sentry.issue("78").status) == ("resolved", "unresolved")
    assert answer(sentry, "PUT", path, resolved, id=["5"]) == (204, None)
    assert answer(sentry, "PUT", path, resolved)[0] == 200
    assert sentry.issue("78").status == "resolved"


@pytest.mark.parametrize("rest", ["", "events/", "ownership/"])
def test_moved(sentry: FakeSentry, rest: str) -> None:
    """A project's old slug answers 302 with the new one; its number never moves."""
    number = sentry.add_project("acme", "old").id
    sentry.rename_project("acme", "old", "new")

    status, body = answer(sentry, "GET", f"/api/0/projects/acme/old/{rest}")

    url = f"/api/0/projects/acme/new/{rest}"
    assert (status, body) == (302, {"slug": "new", "detail": {"extra": {"url": url, "slug": "new"}}})
    assert answer(sentry, "GET", f"/api/0/projects/acme/{number}/{rest}")[0] == 200
    assert answer(sentry, "GET", f"/api/0/projects/acme/nope/{rest}")[0] == 404


def test_moved_issues(sentry: FakeSentry) -> None:
    """Issues move with their project, and keep their short ids."""
    sentry.rename_project("acme", "web", "shop")

    found = record(answer(sentry, "GET", f"{ORG}/shortids/WEB-2D/")[1])
    assert (found["projectSlug"], found["shortId"]) == ("shop", "WEB-2D")


def test_people(sentry: FakeSentry) -> None:
    """Teams come with their projects unless they are left out, members with their users."""
    sentry.add_team("acme", "core", "web", "api")
    sentry.add_member("acme", "ann@example.com")
    sentry.add_member("acme", "new@example.com", pending=True)

    (team,) = records(answer(sentry, "GET", f"{ORG}/teams/")[1])
    (bare,) = records(answer(sentry, "GET", f"{ORG}/teams/", detailed="0")[1])
    ann, new = records(answer(sentry, "GET", f"{ORG}/members/")[1])

    assert [project["slug"] for project in records(team["projects"])] == ["web", "api"]
    assert "projects" not in bare
    assert ann["id"] != record(ann["user"])["id"]
    assert (new["user"], new["pending"]) == (None, True)


def test_ownership(sentry: FakeSentry) -> None:
    """Ownership rules are text, or nothing."""
    path = "/api/0/projects/acme/web/ownership/"
    assert record(answer(sentry, "GET", path)[1])["raw"] is None

    sentry.set_ownership("acme", "web", "path:src/* #core")
    found = record(answer(sentry, "GET", path)[1])
    assert (found["raw"], found["isActive"]) == ("path:src/* #core", True)


def test_tags(sentry: FakeSentry) -> None:
    """Tags are counted."""
    sentry.add_event("78", tags={"service": ["queue", "web"]})

    status, tag = answer(sentry, "GET", f"{ORG}/issues/78/tags/service/")

    assert (status, record(tag)["totalValues"], record(tag)["uniqueValues"]) == (200, 3, 2)
    assert record(tag)["topValues"] == [{"value": "queue", "count": 2}, {"value": "web", "count": 1}]
    tags = records(answer(sentry, "GET", f"{ORG}/issues/78/tags/")[1])
    assert [one["key"] for one in tags] == ["environment", "level", "service"]
    assert answer(sentry, "GET", f"{ORG}/issues/78/tags/nope/")[0] == 404


def test_event_lists(sentry: FakeSentry) -> None:
    """Events are listed newest first, by issue and by project."""
    later = sentry.add_event("78", environment="staging", seen=sentry.clock.time() + 5)

    assert ids(answer(sentry, "GET", f"{ORG}/issues/78/events/")[1]) == [later.id, EVENT]
    assert ids(answer(sentry, "GET", f"{ORG}/issues/78/events/", environment="staging")[1]) == [later.id]
    assert ids(answer(sentry, "GET", "/api/0/projects/acme/api/events/")[1]) == [later.id, EVENT]
    assert ids(answer(sentry, "GET", "/api/0/projects/acme/web/events/")[1]) == []


def test_unlink(sentry: FakeSentry) -> None:
    """A link is deleted by its own integration, and by no other."""
    mine, other = sentry.add_installation("acme"), sentry.add_installation("acme", app_slug="other")
    path = f"/api/0/sentry-app-installations/{mine.uuid}/external-issues/"
    body: JsonValue = {"issueId": 77, "webUrl": "https://x/", "project": "p", "identifier": "1"}
    link = str(record(answer(sentry, "POST", path, body)[1])["id"])

    assert answer(sentry, "DELETE", f"{path.replace(mine.uuid, other.uuid)}{link}/")[0] == 404
    assert answer(sentry, "DELETE", f"{path}{link}/") == (204, None)
    assert answer(sentry, "DELETE", f"{path}{link}/")[0] == 404
