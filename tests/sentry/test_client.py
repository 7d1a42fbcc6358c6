"""The clients of Sentry, against a fake that behaves like it: both clients, over HTTP and in process."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator

import attrs
import pytest

from sentry_governed import AllowAll, Secret
from sentry_governed._http.changes import ServiceChange
from sentry_governed.errors import (
    BadRequest,
    ConfigError,
    Denied,
    Gone,
    NoAccess,
    NotFound,
    RateLimited,
    Redirected,
    RequestRefused,
    SentryGovernedError,
    ServiceFailed,
    TokenRefused,
    UnexpectedAnswer,
)
from sentry_governed.sentry import (
    AsyncSentryClient,
    Event,
    ExternalIssue,
    Installation,
    Issue,
    IssueSearch,
    Link,
    Note,
    SentryClient,
    SentryConfig,
    comment,
    get_issue,
    latest_event,
    link,
    list_issues,
    list_links,
)
from sentry_governed.testing import FakeInstallation, FakeSentry, Fault
from tests.sentry.doors import KINDS, TOKEN, Door, Guard, door_to

ISSUE = "77"
TASK = Link(web_url="https://app.asana.com/0/0/5", display_project="Web", identifier="5")


@pytest.fixture
def fake() -> FakeSentry:
    """A Sentry with an issue and an event."""
    fake = FakeSentry(token=TOKEN)
    fake.add_issue("acme", "web", issue_id=ISSUE, title="Queue is long", level="warning")
    fake.add_event(ISSUE, event_id="ab" * 16, tags={"service": "queue", "customer": ["a", "b"]})
    return fake


@pytest.fixture
def installation(fake: FakeSentry) -> FakeInstallation:
    """An integration in the organization."""
    return fake.add_installation("acme")


@pytest.fixture
def guard() -> Guard:
    """A guard that denies nothing yet."""
    return Guard()


@pytest.fixture(params=KINDS)
def door(
    request: pytest.FixtureRequest, fake: FakeSentry, installation: FakeInstallation, guard: Guard
) -> Iterator[Door]:
    """A client of each kind."""
    with door_to(fake, str(request.param), guard, installation) as opened:
        yield opened


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
        ("environment", "production"),
        ("query", ""),
        ("statsPeriod", "14d"),
        ("limit", "100"),
    )
    assert fake.calls[1].query == (("limit", "100"),)


def test_withheld(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """Issues of a denied project are left out of a list, counted, and decided on once a project."""
    fake.add_issue("acme", "hidden", issue_id="81")
    fake.add_issue("acme", "hidden", issue_id="82")
    fake.add_issue("acme", "api", issue_id="83")
    guard.denied = frozenset({"hidden"})

    page = door.run(list_issues("acme", IssueSearch()))

    assert {issue.id for issue in page.items} == {ISSUE, "83"}
    assert (page.withheld, page.next) == (2, None)
    assert sorted(str(step[2]) for step in guard.steps) == ["('api',)", "('hidden',)", "('web',)", "None"]


def test_unreadable(door: Door, fake: FakeSentry) -> None:
    """An issue whose project cannot be told is left out of a list, and refused on its own."""
    body = {"id": "5", "project": {"name": "web"}}
    fake.faults.add(Fault.status(200, body=json.dumps([body]).encode()))
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()))

    page = door.run(list_issues("acme", IssueSearch()))
    assert (page.items, page.withheld) == ((), 1)
    with pytest.raises(UnexpectedAnswer, match=r"ProjectRef\.slug"):
        door.call("issues.get", "5")


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"", b"5"])
def test_odd_body(door: Door, fake: FakeSentry, body: bytes) -> None:
    """A success that is not what Sentry documents is an error."""
    fake.faults.add(Fault.status(200, body=body), times=None)

    for flow in (
        list_issues("acme", IssueSearch()),
        get_issue("acme", ISSUE),
        list_links("acme", "web", ISSUE),
    ):
        with pytest.raises(UnexpectedAnswer):
            door.run(flow)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Redirected),
        (400, BadRequest),
        (401, TokenRefused),
        (403, NoAccess),
        (404, NotFound),
        (410, Gone),
        (429, RateLimited),
    ],
)
def test_errors(door: Door, fake: FakeSentry, status: int, kind: type[SentryGovernedError]) -> None:
    """Each refusal is its own error, and none but 429 is tried again."""
    fake.faults.add(Fault.status(status, retry_after=100), times=None)

    with pytest.raises(kind):
        door.run(comment("acme", "web", ISSUE, "hello"))
    assert len(fake.calls) == 1


def test_lost(door: Door, fake: FakeSentry) -> None:
    """A write that failed in between is not repeated."""
    fake.faults.add(Fault.status(502))

    with pytest.raises(ServiceFailed):
        door.run(comment("acme", "web", ISSUE, "hello"))
    assert len(fake.calls) == 1


def test_scopes(door: Door, fake: FakeSentry) -> None:
    """When the token may not do it, the error says which scopes would do."""
    fake.faults.add(Fault.status(403), times=2)

    with pytest.raises(NoAccess, match="event:read or event:write or event:admin"):
        door.call("issues.get", ISSUE)
    with pytest.raises(NoAccess, match=r"the token needs event:write or event:admin\)"):
        door.run(comment("acme", "web", ISSUE, "hello"))


@pytest.mark.parametrize("kind", ["sync http", "async http"])
def test_rate_limit(fake: FakeSentry, kind: str) -> None:
    """A read that was turned away is repeated when Sentry's window ends, which no Retry-After says."""
    fake.faults.add(Fault.status(429, retry_after=1))
    start = time.monotonic()

    with door_to(fake, kind, AllowAll()) as door:
        door.run(latest_event("acme", "web", ISSUE))

    assert time.monotonic() - start < 4
    assert len(fake.calls) == 2


@pytest.mark.parametrize("kind", ["sync http", "async http"])
def test_foreign_installation(fake: FakeSentry, kind: str) -> None:
    """An integration of another organization links nothing: it cannot even read the issue."""
    other = fake.add_org("other")
    foreign = fake.add_installation(other.slug)

    with door_to(fake, kind, AllowAll(), foreign) as door, pytest.raises(NoAccess):
        door.call("external_issues.create", ISSUE, TASK)
    assert [call.method for call in fake.calls] == ["GET"]


def test_no_installation(fake: FakeSentry) -> None:
    """Without an integration a link is a mistake of the program, and nothing is sent."""
    for kind in KINDS:
        with door_to(fake, kind, AllowAll()) as door:
            assert set(door.client.services) == {"sentry"}
            with pytest.raises(ConfigError, match="integration"):
                door.call("external_issues.create", ISSUE, TASK)
    assert fake.calls == ()


@pytest.mark.parametrize("issue_id", ["", "WEB-1A", "0", "-1", "1/../2", "..", "latest", "1" * 20])
def test_issue_ids(door: Door, fake: FakeSentry, guard: Guard, issue_id: str) -> None:
    """What is no numeric id is refused before anybody is asked."""
    for method, arguments in (
        ("issues.get", ()),
        ("issues.comment", ("x",)),
        ("external_issues.create", (TASK,)),
    ):
        with pytest.raises(RequestRefused):
            door.call(method, issue_id, *arguments)
    assert (fake.calls, guard.seen) == ((), [])


def test_numeric_names(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A numeric id establishes neither organization nor project: it may stand for any."""
    org = fake.add_org("second")

    with pytest.raises(NotFound):
        door.run(latest_event(org.id, "4500000001", ISSUE))
    assert (guard.seen[0].operation.org, guard.seen[0].operation.projects) == (None, None)


@pytest.mark.parametrize("org", ["12", "a_b", "../x", "-a", "a b"])
def test_orgs(door: Door, fake: FakeSentry, org: str) -> None:
    """An organization is named by its slug."""
    with pytest.raises(ConfigError, match="slug"):
        door.call("issues.get", ISSUE, org=org)
    with pytest.raises(ConfigError, match="slug"):
        SentryConfig(token=Secret("t"), org=org)
    assert fake.calls == ()


def test_no_org(fake: FakeSentry) -> None:
    """A call without an organization is a mistake, unless it names one itself."""
    with door_to(fake, "sync in process", AllowAll(), org=None) as door:
        with pytest.raises(ConfigError, match="no organization"):
            door.call("issues.list")
        assert door.call("issues.list", org="acme") != []


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


@pytest.mark.parametrize("kind", ["sync http", "async http"])
def test_token(kind: str) -> None:
    """A wrong token is told apart, and is neither in the error nor in its frames."""
    fake = FakeSentry(token="another")

    with door_to(fake, kind, AllowAll()) as door, pytest.raises(TokenRefused) as caught:
        door.call("issues.get", ISSUE)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert TOKEN not in "".join(shown.format())


@pytest.mark.parametrize(
    "settings",
    [{"base_url": "http://sentry.io"}, {"base_url": "https://a:b@sentry.io"}, {"timeout": -1}, {"org": "1"}],
)
def test_config(settings: dict[str, object]) -> None:
    """What cannot be used is refused when the configuration is made."""
    with pytest.raises(ConfigError):
        SentryConfig(token=Secret("t"), **settings)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("uuid", ["", "1", "ABCDEF00-0000-4000-8000-000000000000", "../../x"])
def test_installations(uuid: str) -> None:
    """An installation is named by its uuid."""
    with pytest.raises(ConfigError, match="uuid"):
        Installation(uuid, Secret("t"))


def test_wrong_sender(fake: FakeSentry) -> None:
    """A sender of the other kind is refused when the client is made."""
    with pytest.raises(ConfigError):
        SentryClient(SentryConfig(token=Secret("t"), sender=fake.aio), guard=AllowAll())
    with pytest.raises(ConfigError):
        AsyncSentryClient(SentryConfig(token=Secret("t"), sender=fake), guard=AllowAll())


def test_closed(fake: FakeSentry, installation: FakeInstallation) -> None:
    """A closed client sends nothing, with neither token."""
    with door_to(fake, "sync http", AllowAll(), installation) as door:
        assert isinstance(door.client, SentryClient)
        door.client.close()
        for method, arguments in (("issues.get", ()), ("external_issues.create", (TASK,))):
            with pytest.raises(RequestRefused):
                door.call(method, ISSUE, *arguments)
    assert fake.calls == ()


def test_repr(installation: FakeInstallation) -> None:
    """A configuration does not show its tokens."""
    shown = repr(
        SentryConfig(
            token=Secret(TOKEN), integration=Installation(installation.uuid, Secret(installation.token))
        )
    )

    assert TOKEN not in shown
    assert installation.token not in shown
