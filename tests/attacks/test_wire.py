"""A Sentry, or something in its place, that answers to its own advantage."""

from __future__ import annotations

import json

import pytest

from sentry_governed import Secret
from sentry_governed.errors import BadRequest, ConfigError, RateLimited, Redirected, SentryGovernedError
from sentry_governed.policy import Guard, Policy
from sentry_governed.sentry import Pager, SentryClient, SentryConfig
from sentry_governed.testing import FakeSentry, Fault
from tests.attacks.arena import ISSUES, SECRET, WEB, arena, attempt, canary
from tests.sentry.doors import KINDS, TOKEN

ALL = Policy(writes="allow")
each_kind = pytest.mark.parametrize("kind", KINDS)
OVER_HTTP = pytest.mark.parametrize("kind", KINDS[:2])


@OVER_HTTP
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("of_write", [True, False])
def test_redirects(kind: str, status: int, of_write: bool) -> None:
    """No redirect is followed, so no other host sees a request and no write becomes a read."""
    fake, thief = arena(), FakeSentry()
    with thief.serve() as elsewhere:
        fault = Fault.status(status, headers=(("location", f"{elsewhere}/api/0/x/"),))
        fake.faults.add(fault, when=lambda call: call.is_write == of_write)
        made = attempt(kind, ALL, "issues.resolve", ISSUES[WEB], fake=fake)

    assert isinstance(made.error, Redirected)
    assert thief.calls == ()
    assert TOKEN not in made.seen
    assert fake.issue(ISSUES[WEB]).status == "unresolved"


@each_kind
@pytest.mark.parametrize("field", ["detail", "error", "message"])
def test_success_that_looks_bad(kind: str, field: str) -> None:
    """A success is one, whatever words are in its body."""
    fake = arena()
    body = {"id": ISSUES[WEB], "project": {"slug": "web"}, "title": "t", field: "no"}
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()), when=lambda call: call.is_write)

    assert attempt(kind, ALL, "issues.resolve", ISSUES[WEB], fake=fake).error is None


@each_kind
def test_field_errors(kind: str) -> None:
    """What Sentry has against a field is told."""
    fake = arena()
    fake.faults.add(Fault.status(400, body=b'{"status":["is no choice"]}'), when=lambda call: call.is_write)
    made = attempt(kind, ALL, "issues.resolve", ISSUES[WEB], fake=fake)

    assert isinstance(made.error, BadRequest)
    assert "is no choice" in str(made.error)


@each_kind
def test_refusals_of_the_denied(kind: str) -> None:
    """A project that is denied is denied before Sentry has a say about the write."""
    fake = arena()
    fake.faults.add(Fault.status(400, body=canary(SECRET).encode()), when=lambda call: call.is_write)
    made = attempt(
        kind, Policy(denied_projects=["acme/secret"], writes="allow"), "issues.resolve", "33", fake=fake
    )

    assert (made.writes, made.shown) == ([], set())


@pytest.mark.parametrize("kind", KINDS[2:])
def test_rate_limit(kind: str) -> None:
    """A write that is told to wait is not taken for done."""
    fake = arena()
    fake.faults.add(Fault.status(429, retry_after=1), when=lambda call: call.is_write)

    assert isinstance(attempt(kind, ALL, "issues.resolve", ISSUES[WEB], fake=fake).error, RateLimited)


@pytest.mark.parametrize(
    "link",
    [
        '<https://evil.example/?cursor=0:1:0>; rel="next"; results="true"; cursor="0:1:0"',
        '<//evil.example/>; rel="next"; results="true"; cursor="0:1:0"',
        '<https://sentry.io@evil.example/>; rel="next"; results="true"; cursor="0:1:0"',
    ],
)
@OVER_HTTP
def test_next_page_elsewhere(kind: str, link: str) -> None:
    """Only the cursor of a next page is taken; the address is one's own."""
    fake = arena()
    fake.faults.add(Fault.status(200, body=b"[]", headers=(("link", link),)))
    made = attempt(kind, ALL, "issues.list", fake=fake)

    assert made.error is None
    assert [call.path for call in fake.calls] == ["/api/0/organizations/acme/issues/"] * 2
    assert ("cursor", "0:1:0") in fake.calls[1].query


@each_kind
@pytest.mark.parametrize("cursor", ["../..", "a b", "0:1:0&project=43", "\x7f", "0:1:0#", "x" * 600])
def test_odd_cursors(kind: str, cursor: str) -> None:
    """A cursor that is none is an error or the end, and leads to nothing."""
    fake = arena()
    link = f'<https://sentry.io/>; rel="next"; results="true"; cursor="{cursor}"'
    body = b"[]"
    fake.faults.add(Fault.status(200, body=body, headers=(("link", link),)))
    made = attempt(kind, ALL, "issues.list", fake=fake)

    assert made.error is None or isinstance(made.error, SentryGovernedError)
    assert all(("project", "43") not in call.query for call in fake.calls)
    assert {call.path for call in fake.calls} == {"/api/0/organizations/acme/issues/"}


@pytest.mark.parametrize("kind", KINDS[2:])
def test_same_page_for_ever(kind: str) -> None:
    """A list that comes back to a page that was there already ends as an error."""
    fake = arena()
    link = '<https://sentry.io/>; rel="next"; results="true"; cursor="0:1:0"'
    for _ in range(9):
        fake.faults.add(Fault.status(200, body=b"[]", headers=(("link", link),)))
    made = attempt(kind, ALL, "issues.list", fake=fake)

    assert isinstance(made.error, SentryGovernedError)
    assert len(fake.calls) <= 3


def test_page_after_page_is_filtered() -> None:
    """Later pages are cut down as the first one is, and each tells how much was withheld."""
    fake = arena()
    for number in range(5):
        fake.add_issue(*SECRET, issue_id=str(500 + number), title=canary(SECRET))
    config = SentryConfig(token=Secret(TOKEN), org="acme", sender=fake)
    guard = Guard(Policy(allowed_projects=["acme/web"]))
    with SentryClient(config, guard=guard) as client:
        pager = client.issues.list(limit=2)
        assert isinstance(pager, Pager)
        pages = list(pager.pages())

    assert [issue.id for page in pages for issue in page.items] == [ISSUES[WEB]]
    assert sum(page.withheld for page in pages) == 6


@pytest.mark.parametrize(
    "base_url",
    [
        "http://sentry.io",
        "https://user:pass@sentry.io",
        "https://sentry.io?x=1",
        "https://sentry.io#x",
        "ftp://sentry.io",
        "https://sentry.io/../x",
        "https://sentry\uff0eio",
        "https://",
        "sentry.io",
    ],
)
def test_base_urls(base_url: str) -> None:
    """A token goes to an https origin that is written plainly, or nowhere."""
    with pytest.raises(ConfigError):
        SentryConfig(token=Secret(TOKEN), base_url=base_url)
