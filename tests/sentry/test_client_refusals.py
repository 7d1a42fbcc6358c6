"""What the clients of Sentry refuse, and what Sentry refuses: errors, ids, configuration."""

from __future__ import annotations

import json
import time
import traceback

import pytest

from sentry_governed import AllowAll, Secret
from sentry_governed.errors import (
    BadRequest,
    ConfigError,
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
    Installation,
    SentryClient,
    SentryConfig,
    comment,
    latest_event,
    list_links,
)
from sentry_governed.testing import FakeInstallation, FakeSentry, Fault
from tests.sentry.doors import ISSUE, KINDS, TASK, TOKEN, Door, Guard, door_to


def test_unreadable(door: Door, fake: FakeSentry) -> None:
    """An issue whose project cannot be told is left out of a list, and refused on its own."""
    body = {"id": "5", "project": {"name": "web"}}
    fake.faults.add(Fault.status(200, body=json.dumps([body]).encode()))
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()))

    (page,) = door.pages("issues.list")
    assert (page.items, page.withheld) == ((), 1)
    with pytest.raises(UnexpectedAnswer, match=r"ProjectRef\.slug"):
        door.call("issues.get", "5")


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"", b"5"])
def test_odd_body(door: Door, fake: FakeSentry, body: bytes) -> None:
    """A success that is not what Sentry documents is an error."""
    fake.faults.add(Fault.status(200, body=body), times=None)

    for method, arguments in (("issues.list", ()), ("issues.get", (ISSUE,))):
        with pytest.raises(UnexpectedAnswer):
            door.call(method, *arguments)
    with pytest.raises(UnexpectedAnswer):
        door.run(list_links("acme", "web", ISSUE))


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


@pytest.mark.parametrize(
    "issue_id",
    [
        "",
        "0",
        "-1",
        "1/../2",
        "..",
        "latest",
        "1" * 20,
        "WEB-",
        "WEB--1/A",
        "issue:",
        "WEB-1A\n",
        "\u1e9eEB-1",
    ],
)
def test_issue_ids(door: Door, fake: FakeSentry, guard: Guard, issue_id: str) -> None:
    """What is no issue's id is refused before anybody is asked."""
    for method, arguments in (
        ("issues.get", ()),
        ("issues.comment", ("x",)),
        ("external_issues.create", (TASK,)),
    ):
        with pytest.raises(RequestRefused):
            door.call(method, issue_id, *arguments)
    assert (fake.calls, guard.seen) == ((), [])


@pytest.mark.parametrize("issue_id", ["WEB-2D", "0", ""])
def test_known_issue(door: Door, fake: FakeSentry, guard: Guard, issue_id: str) -> None:
    """An issue that is taken as a fact is named by its numeric id alone."""
    for flow in (latest_event("acme", "web", issue_id), list_links("acme", "web", issue_id)):
        with pytest.raises(RequestRefused):
            door.run(flow)
    assert (fake.calls, guard.seen) == ((), [])


def test_numeric_names(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A numeric id establishes neither organization nor project: it may stand for any."""
    org = fake.add_org("second")

    with pytest.raises(NotFound):
        door.run(latest_event(org.id, "4500000001", ISSUE))
    assert (guard.seen[0].operation.org, guard.seen[0].operation.projects) == (None, None)


@pytest.mark.parametrize("org", ["a_b", "../x", "-a", "a b", "", "\u0664", "acme\n"])
def test_orgs(door: Door, fake: FakeSentry, org: str) -> None:
    """An organization is named by its slug or numeric id."""
    with pytest.raises(RequestRefused, match="slug"):
        door.call("issues.get", ISSUE, org=org)
    for name in (org, "12"):
        with pytest.raises(ConfigError, match="slug"):
            SentryConfig(token=Secret("t"), org=name)
    assert fake.calls == ()


def test_no_org(fake: FakeSentry) -> None:
    """A call without an organization is a mistake, unless it names one itself."""
    with door_to(fake, "sync in process", AllowAll(), org=None) as door:
        with pytest.raises(RequestRefused, match="org is missing"):
            door.call("issues.list")
        assert door.call("issues.list", org="acme") != []


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
