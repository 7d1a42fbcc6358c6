"""A fake Sentry shows and lists what it holds as the documents of the real one say."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from sentry_governed.testing import FakeInstallation, FakeSentry, FrozenClock
from tests.testing.conftest import Door, OpenDoor, decoded
from tests.testing.sentry_parts import ACME, ISSUE, found, shown


@pytest.fixture
def call(sentry: FakeSentry, installation: FakeInstallation, door: OpenDoor) -> Door:
    """A way to it."""
    return door(sentry, installation)


def test_issue(call: Door) -> None:
    """An issue is shown with its project, and without tags or environment."""
    issue = shown(call, "GET", ISSUE)
    assert {key: issue[key] for key in ("id", "shortId", "title", "status", "count")} == {
        "id": "1001",
        "shortId": "WEB-Z9",
        "title": "ValueError: out of range",
        "status": "unresolved",
        "count": "2",
    }
    assert issue["project"] == {"id": "601", "slug": "web", "name": "web", "platform": "python"}
    assert str(issue["permalink"]).endswith("/organizations/acme/issues/1001/")
    assert "tags" not in issue
    assert "environment" not in issue
    assert call.data("GET", "/api/0/organizations/501/issues/1001/") == issue


@pytest.mark.parametrize(
    "path",
    [
        "/api/0/organizations/other/issues/1001/",
        "/api/0/organizations/nobody/issues/1001/",
        f"{ACME}/issues/404/",
        f"{ACME}/issues/1001/events/{'c' * 32}/",
        f"{ACME}/issues/1001",
        f"{ACME}/nothing/",
        "/api/0/projects/acme/nothing/",
        "/api/0/projects/nobody/web/",
    ],
)
def test_missing(call: Door, path: str) -> None:
    """What is absent, hidden or another organization's is one and the same 404."""
    response = call("GET", path)
    assert response.status == 404
    assert decoded(response) == {"detail": "The requested resource does not exist"}


def test_merged(sentry: FakeSentry, call: Door) -> None:
    """A merged issue's number answers with the issue that stayed, also to a write."""
    sentry.add_issue("acme", "api", issue_id="1002")
    sentry.add_event("1002", event_id="d" * 32)
    sentry.merge("1001", "1002")
    other = f"{ACME}/issues/1002/"
    assert shown(call, "GET", other)["id"] == "1001"
    assert shown(call, "GET", f"{other}events/{'d' * 32}/")["groupID"] == "1001"
    assert shown(call, "PUT", other, {"status": "resolved"})["id"] == "1001"
    assert sentry.issue("1001").status == "resolved"


def test_deleted(sentry: FakeSentry, call: Door) -> None:
    """A deleted issue is gone."""
    sentry.delete_issue("1001")
    assert call("GET", ISSUE).status == 404


def test_events(call: Door) -> None:
    """An event carries its tags as objects, a repeated key twice and an absent environment not at all."""
    latest = shown(call, "GET", f"{ISSUE}events/latest/")
    assert latest["eventID"] == "b" * 32
    assert latest["groupID"] == "1001"
    assert latest["projectID"] == "601"
    assert latest["tags"] == [
        {"key": "level", "value": "error"},
        {"key": "service", "value": "shop"},
        {"key": "service", "value": "cart"},
    ]
    oldest = shown(call, "GET", f"{ISSUE}events/oldest/")
    assert oldest["eventID"] == "a" * 32
    assert {"key": "retry", "value": "true"} in tuple(oldest["tags"] or ())  # type: ignore[arg-type]  # a list
    assert call.data("GET", f"{ISSUE}events/latest/", environment="production") == oldest


def test_search(sentry: FakeSentry, call: Door, clock: FrozenClock) -> None:
    """Issues are found by project, status, level, tag, text, time and environment."""
    clock.advance(3600)
    sentry.add_issue("acme", "api", issue_id="1002", title="Timeout", level="fatal", status="resolved")
    sentry.add_issue("other", "web", issue_id="1003")
    assert found(call) == ["1001"]
    assert found(call, query="") == ["1002", "1001"]
    assert found(call, query="is:resolved") == ["1002"]
    assert found(call, query="!is:resolved") == ["1001"]
    assert found(call, query="level:fatal") == ["1002"]
    assert found(call, query="project:api") == ["1002"]
    assert found(call, query="service:cart") == ["1001"]
    assert found(call, query='service:"cart" is:unresolved') == ["1001"]
    assert found(call, query="service:search") == []
    assert found(call, query="timeout") == ["1002"]
    assert found(call, query="", project="602") == ["1002"]
    assert found(call, query="", project="web") == ["1001"]
    assert found(call, query="", project="-1") == ["1002", "1001"]
    assert found(call, query="", statsPeriod="30m") == ["1002"]
    assert found(call, query="", end="2026-01-01T00:30:00Z") == ["1001"]
    assert found(call, query="", start="2026-01-01T00:30:00") == ["1002"]
    assert found(call, query="", environment="production") == ["1001"]
    assert found(call, query="", group="1002") == ["1002"]
    clock.advance(60)
    sentry.add_event("1001")
    assert found(call, query="") == ["1001", "1002"]
    assert found(call, query="", sort="new") == ["1002", "1001"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"query": "is:odd"}, 400),
        ({"statsPeriod": "a while"}, 400),
        ({"start": "noon"}, 400),
        ({"limit": "101"}, 400),
        ({"limit": "x"}, 400),
        ({"cursor": "next"}, 400),
        ({"project": "404"}, 403),
    ],
)
def test_bad_search(call: Door, query: dict[str, str], status: int) -> None:
    """A search that makes no sense is refused with a detail."""
    response = call("GET", f"{ACME}/issues/", **query)
    assert response.status == status
    assert isinstance(decoded(response), Mapping)


def test_no_projects(sentry: FakeSentry, call: Door) -> None:
    """An organization without projects has an empty list."""
    sentry.add_org("empty")
    assert call.data("GET", "/api/0/organizations/empty/issues/") == []


def test_pages(sentry: FakeSentry, call: Door) -> None:
    """A Link header always holds both directions, and says which of them has results."""
    for number in range(1002, 1006):
        sentry.add_issue("acme", "web", issue_id=str(number))
    response = call("GET", f"{ACME}/issues/", limit="2", query="")
    links = re.findall(
        r'<([^>]*)>; rel="(\w+)"; results="(\w+)"; cursor="([^"]*)"', response.header("link") or ""
    )
    assert [link[1:] for link in links] == [("previous", "false", "0:0:1"), ("next", "true", "0:2:0")]
    assert links[1][0].endswith("/api/0/organizations/acme/issues/?limit=2&query=&cursor=0:2:0")
    assert (response.header("x-hits"), response.header("x-max-hits")) == ("5", "1000")
    pages = [found(call, limit="2", query="", cursor=f"0:{start}:0") for start in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(str(number) for page in pages for number in page) == [str(n) for n in range(1001, 1006)]
    last = call("GET", f"{ACME}/issues/", limit="2", query="", cursor="0:4:0").header("link") or ""
    assert 'rel="previous"; results="true"' in last
    assert 'rel="next"; results="false"' in last
    bare = call("GET", f"{ACME}/projects/").header("link") or ""
    assert "/projects/?&cursor=" in bare
