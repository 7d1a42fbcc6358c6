"""The clients of Sentry, against a fake that behaves like it: both clients, over HTTP and in process."""

from __future__ import annotations

import attrs
import pytest

from sentry_governed import AllowAll
from sentry_governed._http.changes import ServiceChange
from sentry_governed.errors import Denied
from sentry_governed.sentry import Event, ExternalIssue, Issue, Note, comment, latest_event, link, list_links
from sentry_governed.testing import FakeInstallation, FakeSentry
from tests.sentry.doors import ISSUE, KINDS, TASK, Door, Guard, door_to


def test_get(door: Door, guard: Guard) -> None:
    """An issue is read, and reading it is decided a second time on the project in the answer."""
    issue = door.call("issues.get", ISSUE)

    assert isinstance(issue, Issue)
    assert (issue.id, issue.title, issue.level, issue.status) == (
        ISSUE,
        "Queue is long",
        "warning",
        "unresolved",
    )
    assert issue.project.slug == "web"
    assert issue.last_seen is not None
    assert issue.raw["shortId"] == issue.short_id
    assert guard.steps == [
        ("issues.get", "lookup", None, ISSUE, "GET"),
        ("issues.get", "act", ("web",), ISSUE, ""),
    ]
    assert [seen.operation.org for seen in guard.seen] == ["acme", "acme"]
    assert guard.outcomes == [200]


def test_latest(door: Door, guard: Guard) -> None:
    """The latest event comes with every value of its tags, after its issue's project is known."""
    event = door.call("events.latest", ISSUE)

    assert isinstance(event, Event)
    assert (event.id, event.group_id) == ("ab" * 16, ISSUE)
    assert event.tag_values["service"] == ("queue",)
    assert event.tag_values["customer"] == ("a", "b")
    assert guard.steps == [
        ("events.latest", "lookup", None, ISSUE, "GET"),
        ("events.latest", "act", ("web",), ISSUE, "GET"),
    ]


def test_comment(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A comment is posted once; Sentry's refusal of a second one is a result."""
    first = door.call("issues.comment", ISSUE, "hello", approval="token")
    again = door.call("issues.comment", ISSUE, "hello")

    assert isinstance(first, Note)
    assert (first.existed, first.id) == (False, fake.notes(ISSUE)[0].id)
    assert again == Note(existed=True)
    assert [note.text for note in fake.notes(ISSUE)] == ["hello"]
    assert guard.steps[:2] == [
        ("issues.comment", "lookup", None, ISSUE, "GET"),
        ("issues.comment", "act", ("web",), ISSUE, "POST"),
    ]
    assert [seen.approval for seen in guard.seen] == ["token", "token", None, None]
    assert [seen.operation.intent for seen in guard.seen] == ["write"] * 4


def test_links(door: Door, fake: FakeSentry, guard: Guard, installation: FakeInstallation) -> None:
    """A link is made as the integration, replaces the one before, and is listed."""
    door.call("external_issues.create", ISSUE, attrs.evolve(TASK, identifier="4"))
    made = door.call("external_issues.create", ISSUE, TASK)
    listed = door.call("external_issues.list", ISSUE)

    assert made == ExternalIssue(
        id=fake.external_issues(ISSUE)[0].id,
        issue_id=ISSUE,
        service_type=installation.app_slug,
        display_name="Web#5",
        web_url=TASK.web_url,
    )
    assert listed == (made,)
    assert guard.steps[2:] == [
        ("external_issues.create", "lookup", None, ISSUE, "GET"),
        ("external_issues.create", "act", ("web",), ISSUE, "POST"),
        ("external_issues.list", "lookup", None, ISSUE, "GET"),
        ("external_issues.list", "act", ("web",), ISSUE, "GET"),
    ]


def test_known_facts(door: Door, fake: FakeSentry, guard: Guard, installation: FakeInstallation) -> None:
    """Where the project is known already, each call is one request, decided on what is known."""
    door.run(latest_event("acme", "web", ISSUE))
    door.run(comment("acme", "web", ISSUE, "hello"))
    made = door.run(link(installation.uuid, "acme", "web", ISSUE, TASK))

    assert door.run(list_links("acme", "web", ISSUE)) == (made,)
    assert len(fake.calls) == 4
    assert [(action, stage, projects) for action, stage, projects, *_ in guard.steps] == [
        ("events.latest", "act", ("web",)),
        ("issues.comment", "act", ("web",)),
        ("external_issues.create", "act", ("web",)),
        ("external_issues.list", "act", ("web",)),
    ]


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("issues.get", ()),
        ("events.latest", ()),
        ("issues.comment", ("hello",)),
        ("external_issues.list", ()),
        ("external_issues.create", (TASK,)),
    ],
)
def test_denied(
    door: Door, fake: FakeSentry, guard: Guard, method: str, arguments: tuple[object, ...]
) -> None:
    """When the project in the answer is denied, nothing but the issue was asked for, and nobody gets it."""
    guard.denied = frozenset({"web"})

    with pytest.raises(Denied):
        door.call(method, ISSUE, *arguments)

    assert [call.path for call in fake.calls] == [f"/api/0/organizations/acme/issues/{ISSUE}/"]
    assert (fake.notes(ISSUE), fake.external_issues(ISSUE)) == ((), ())


@pytest.mark.parametrize("denied", ["issues.get", "acme"])
def test_denied_at_once(door: Door, fake: FakeSentry, guard: Guard, denied: str) -> None:
    """An action or organization that is denied is not even looked up."""
    guard.denied = frozenset({denied})

    with pytest.raises(Denied):
        door.call("issues.get", ISSUE)
    assert fake.calls == ()


def test_merged(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A write on an issue that was merged away goes to the one that it was merged into."""
    fake.add_issue("acme", "web", issue_id="78")
    fake.merge(ISSUE, "78")

    door.call("issues.comment", "78", "hello")

    assert len(fake.notes(ISSUE)) == 1
    assert fake.calls[-1].path == f"/api/0/organizations/acme/issues/{ISSUE}/notes/"
    assert guard.steps[-1] == ("issues.comment", "act", ("web",), ISSUE, "POST")


def test_list(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A list comes page by page as it is needed, in Sentry's order, and only as far as is wanted."""
    for number in range(250):
        fake.add_issue("acme", "web", issue_id=str(1000 + number), seen=float(number))

    everything = door.call("issues.list", project="web")
    assert isinstance(everything, list)
    assert len({issue.id for issue in everything}) == len(everything) == 251
    assert len(fake.calls) == 3

    some = door.call("issues.list", project=["web"], max_items=150)
    assert some == everything[:150]
    assert len(fake.calls) == 5

    assert door.call("issues.list", max_items=0) == []
    assert {(step[0], step[2]) for step in guard.steps} == {("issues.list", ("web",)), ("issues.list", None)}


def test_search(door: Door, fake: FakeSentry) -> None:
    """Every part of a search reaches Sentry, and an empty query is not the same as none."""
    fake.add_project("acme", "api")
    search = {"query": "", "environment": "production", "stats_period": "14d", "org": "acme"}
    door.call("issues.list", project=["web", "api"], **search)
    door.call("issues.list")

    assert fake.calls[0].query == (
        ("project", "web"),
        ("project", "api"),
        ("query", ""),
        ("environment", "production"),
        ("statsPeriod", "14d"),
    )
    assert fake.calls[1].query == ()


def test_withheld(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """Issues of a denied project are left out of a list, counted, and decided on once a project."""
    fake.add_issue("acme", "hidden", issue_id="81")
    fake.add_issue("acme", "hidden", issue_id="82")
    fake.add_issue("acme", "api", issue_id="83")
    guard.denied = frozenset({"hidden"})

    (page,) = door.pages("issues.list")

    assert {issue.id for issue in page.items if isinstance(issue, Issue)} == {ISSUE, "83"}
    assert (page.withheld, page.next) == (2, None)
    assert sorted(str(step[2]) for step in guard.steps) == ["('api',)", "('hidden',)", "('web',)", "None"]


@pytest.mark.parametrize("kind", KINDS)
def test_deprecations(fake: FakeSentry, kind: str) -> None:
    """A deprecated address is told once, however often it is used."""
    told: list[ServiceChange] = []
    fake.extra_headers += [
        ("x-sentry-deprecation-date", "2026-05-14T00:00:00+00:00"),
        ("x-sentry-replacement-endpoint", "/organizations/:org/new/"),
    ]
    with door_to(fake, kind, AllowAll(), on_change=told.append) as door:
        for _ in range(2):
            door.run(list_links("acme", "web", ISSUE))

    assert told == [
        ServiceChange(
            "sentry",
            "/api/0/organizations/{org}/issues/{issue_id}/external-issues/",
            "deprecated on 2026-05-14T00:00:00+00:00; use /organizations/:org/new/",
            affected=True,
        )
    ]


@pytest.mark.parametrize("kind", ["sync http", "async http"])
def test_prefix(kind: str) -> None:
    """A self-hosted Sentry may be below a path."""
    fake = FakeSentry(prefix="/sentry")
    fake.add_issue("acme", "web", issue_id=ISSUE)

    with door_to(fake, kind, AllowAll()) as door:
        door.call("issues.get", ISSUE)
    assert fake.calls[0].path.startswith("/sentry/api/0/")
