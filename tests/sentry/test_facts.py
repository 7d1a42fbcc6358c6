"""Whose a call really is: spellings, claims, numbers, merged issues, releases, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sentry_governed import AllowAll
from sentry_governed._actions import ACTIONS
from sentry_governed.errors import ClaimRefused, Denied, NotFound, SentryGovernedError, UnexpectedAnswer
from sentry_governed.policy import Guard as RealGuard
from sentry_governed.policy import MemoryAudit, Policy
from sentry_governed.sentry import ActionResult, Issue, Release, ShortId
from sentry_governed.testing import FakeInstallation, FakeSentry, Fault
from sentry_governed.typing import JsonValue
from tests.sentry.doors import ISSUE, TASK, Door, Guard, door_to
from tests.sentry.worlds import AT, ISSUES, OTHER, install, two_orgs

QUICK = ("sync in process", "async in process")


@pytest.fixture
def fake() -> FakeSentry:
    """Two organizations."""
    return two_orgs()


@pytest.fixture
def installation(fake: FakeSentry) -> FakeInstallation:
    """An integration of the first one."""
    return install(fake)


@pytest.fixture(params=QUICK)
def door(
    request: pytest.FixtureRequest, fake: FakeSentry, installation: FakeInstallation, guard: Guard
) -> Iterator[Door]:
    """A client of each kind."""
    with door_to(fake, str(request.param), guard, installation) as opened:
        yield opened


SHORT = ("WEB-2D", "web-2d", "Web_2d", "web 2D", "issue:web-2d", "WEB-02D")


@pytest.mark.parametrize("spelling", SHORT)
def test_short_ids(door: Door, fake: FakeSentry, guard: Guard, spelling: str) -> None:
    """An issue is found by any spelling of its short id, and changed under its canonical one."""
    place = door.call("shortids.resolve", spelling)
    door.call("issues.resolve", spelling)

    assert isinstance(place, ShortId)
    assert (place.group.id, place.project_slug) == (ISSUE, "web")
    assert fake.calls[-1].path == f"{AT}/"
    assert guard.steps[-1] == ("issues.resolve", "act", ("web",), ISSUE, "PUT")
    assert fake.issue(ISSUE).status == "resolved"


def test_short_id_after_rename(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A short id keeps the slug that it was made with; the project is the one of today."""
    fake.rename_project("acme", "web", "shop")

    door.call("issues.resolve", "WEB-2D")

    assert guard.steps[-1][2] == ("shop",)


@pytest.mark.parametrize("org", ["acme", "41"])
def test_numeric_org(door: Door, fake: FakeSentry, guard: Guard, org: str) -> None:
    """A numeric organization is looked up first, with nothing established; paths carry its slug."""
    door.call("issues.resolve", ISSUE, org=org)

    assert guard.seen[0].operation.org == (None if org == "41" else "acme")
    assert [seen.operation.org for seen in guard.seen[-2:]] == ["acme"] * 2
    assert fake.calls[-1].path == f"{AT}/"
    assert len(fake.calls) == (3 if org == "41" else 2)


@pytest.mark.parametrize("method", ["projects.get", "ownership.get"])
def test_numeric_project(door: Door, fake: FakeSentry, guard: Guard, method: str) -> None:
    """A numeric project is looked up first; the request itself carries the slug."""
    door.call(method, "42")

    assert guard.steps[0][1:3] == ("lookup", None)
    assert guard.steps[-1][1:3] == ("act", ("web",))
    assert fake.calls[-1].path.startswith("/api/0/projects/acme/web/")


@pytest.mark.parametrize("body", [{"id": "6", "slug": "web"}, {"id": "42", "slug": "52"}, {"id": "42"}])
def test_lying_lookup(door: Door, fake: FakeSentry, guard: Guard, body: dict[str, str]) -> None:
    """A lookup that answers with something else than was asked for decides nothing."""
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()))

    with pytest.raises((ClaimRefused, UnexpectedAnswer)):
        door.call("projects.get", "42")
    assert [step[1] for step in guard.steps] == ["lookup"]


@pytest.mark.parametrize("body", [{"id": "6", "slug": "acme"}, {"id": "41", "slug": "52"}])
def test_lying_org(door: Door, fake: FakeSentry, guard: Guard, body: dict[str, str]) -> None:
    """So does the lookup of an organization."""
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()))

    with pytest.raises(ClaimRefused):
        door.call("issues.list", org="41")
    assert [step[1] for step in guard.steps] == ["lookup"]


def test_lying_release(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """So does a release under another version than was asked for."""
    body = {"version": "2.0", "projects": [{"slug": "web"}]}
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()))

    with pytest.raises(ClaimRefused):
        door.call("releases.update", "1.0", ref="x")
    assert [step[1] for step in guard.steps] == ["lookup"]


@pytest.mark.parametrize("claim", ["secret", "43", "acme/secret"])
@pytest.mark.parametrize("action", ["issues.get", "issues.resolve", "events.latest", "events.list"])
def test_false_claim(door: Door, fake: FakeSentry, guard: Guard, action: str, claim: str) -> None:
    """A project that Sentry does not confirm is refused, without a word about the true one."""
    with pytest.raises(ClaimRefused) as caught:
        door.call("call", action, {"issue_id": ISSUE, "project": claim})

    assert "web" not in str(caught.value)
    assert all(call.method == "GET" for call in fake.calls)
    assert guard.steps[-1][1:3] == ("act", None)
    assert {step[1] for step in guard.steps[:-1]} == {"lookup"}


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("issues.resolve", {"id": ISSUE, "project": "secret"}),
        ("issues.get", {"id": ISSUE, "project": "secret"}),
        ("issues.update_many", {"ids": [ISSUE, "98"], "status": "resolved"}),
        ("releases.get", {"version": "1.0", "project": "secret"}),
        ("releases.create", {"version": "3.0", "projects": ["web"], "project": "secret"}),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False], ids=["dry", "wet"])
def test_claim_recorded(fake: FakeSentry, action: str, params: dict[str, JsonValue], dry_run: object) -> None:
    """A claim that is refused leaves its two records, and a dry run is refused as well."""
    audit = MemoryAudit()
    policy = Policy(allowed_orgs=["acme"], writes="allow")
    with (
        door_to(fake, "sync in process", RealGuard(policy, audit=audit)) as door,
        pytest.raises(ClaimRefused),
    ):
        door.call("call", action, params, dry_run=dry_run)

    assert [(record.event, record.effect, record.projects) for record in audit.records] == [
        ("decided", "deny", None),
        ("completed", "deny", None),
    ]
    assert all(call.method == "GET" for call in fake.calls)


@pytest.mark.parametrize("claim", ["web", "42", "acme/web"])
def test_true_claim(door: Door, fake: FakeSentry, guard: Guard, claim: str) -> None:
    """A claim that Sentry confirms makes no difference, however it is spelt."""
    door.call("call", "issues.resolve", {"issue_id": ISSUE, "project": claim})

    assert guard.steps[-1] == ("issues.resolve", "act", ("web",), ISSUE, "PUT")
    assert fake.issue(ISSUE).status == "resolved"


def test_denied_claim(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """What is denied by its claimed name is not looked up."""
    guard.denied = frozenset({"secret"})

    with pytest.raises(Denied):
        door.call("issues.get", ISSUE, project="secret")
    assert fake.calls == ()


def test_other_org(door: Door) -> None:
    """An issue of another organization is not to be found under this one."""
    with pytest.raises(NotFound):
        door.call("issues.resolve", ISSUES["rival", "web"])


def test_moved_between(door: Door, fake: FakeSentry) -> None:
    """An issue that changed its project between the decision and the write is not handed on."""
    body = {"id": ISSUE, "project": {"slug": "secret"}, "title": "SECRET-TITLE"}
    fake.faults.add(Fault.status(200, body=json.dumps(body).encode()), when=lambda call: call.is_write)

    with pytest.raises(UnexpectedAnswer, match="another project") as caught:
        door.call("issues.resolve", ISSUE)
    assert "SECRET" not in str(caught.value)


def test_many(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """Several issues are resolved page by page, decided together, and changed in one request."""
    ids = [str(1000 + number) for number in range(250)]
    for issue in ids:
        fake.add_issue("acme", "secret" if issue == "1100" else "web", issue_id=issue)

    door.call("issues.update_many", ids, status="resolved")

    assert [call.method for call in fake.calls] == ["GET", "GET", "GET", "PUT"]
    assert [len([1 for name, _ in call.query if name == "group"]) for call in fake.calls[:3]] == [
        100,
        100,
        50,
    ]
    assert all(("query", "") in call.query for call in fake.calls[:3])
    assert guard.steps[-1] == ("issues.update_many", "act", ("secret", "web"), ",".join(ids), "PUT")
    assert fake.calls[-1].query[:2] == (("project", "secret"), ("project", "web"))
    assert {fake.issue(issue).status for issue in ids} == {"resolved"}


@pytest.mark.parametrize(
    ("ids", "claim"),
    [
        ([ISSUE, "98"], None),
        ([ISSUE, "105"], None),
        ([ISSUE, "88"], None),
        ([ISSUE, "99"], "web"),
        ([ISSUE], "secret"),
    ],
)
def test_many_refused(door: Door, fake: FakeSentry, ids: list[str], claim: str | None) -> None:
    """One issue that is missing, foreign, merged away or of another project than claimed refuses all."""
    fake.add_issue("acme", "web", issue_id="88")
    fake.merge(ISSUE, "88")

    with pytest.raises(ClaimRefused):
        door.call("issues.update_many", ids, status="resolved", project=claim)
    assert all(call.method == "GET" for call in fake.calls)


def test_none_of_many(door: Door, fake: FakeSentry) -> None:
    """No list of ids is ever empty, so that nothing is changed by a query."""
    several: tuple[list[str] | None, ...] = ([], None)
    for ids in several:
        with pytest.raises(SentryGovernedError, match=r"issue_ids (is an empty list|is missing)"):
            door.call("issues.update_many", ids, status="resolved")
    assert fake.calls == ()


def test_nothing_matched(door: Door, fake: FakeSentry) -> None:
    """Where nothing was changed Sentry says nothing."""
    fake.faults.add(Fault.status(204, body=b""), when=lambda call: call.is_write)

    result = door.call("call", "issues.update_many", {"ids": [ISSUE, OTHER], "status": "resolved"})
    assert isinstance(result, ActionResult)
    assert (result.status_code, result.result) == (204, {})


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("releases.get", {}),
        ("releases.update", {"ref": "x"}),
        ("releases.deploys.list", {}),
        ("releases.deploys.create", {"environment": "production"}),
        ("releases.create", {"projects": ["web"]}),
    ],
)
def test_shared_release(
    door: Door, fake: FakeSentry, guard: Guard, action: str, params: dict[str, JsonValue]
) -> None:
    """A release is of all its projects: one that is denied denies it, and changes nothing."""
    guard.denied = frozenset({"secret"})

    with pytest.raises(Denied):
        door.call("call", action, {"version": "shared", **params})
    assert guard.seen[-1].operation.projects == ("web", "secret")
    assert all(call.method == "GET" for call in fake.calls)


def test_deploy_of_some(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A deploy of named projects concerns those, and says so to Sentry."""
    guard.denied = frozenset({"secret"})

    door.call("releases.deploys.create", "shared", "production", projects="42")

    assert fake.deploys("acme", "shared")[0].projects == ("web",)
    assert guard.steps[-1][2] == ("web",)


def test_create_again(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A release that is there already is created again for its projects and the new ones."""
    made = door.call("releases.create", "1.0", ["43"])

    assert isinstance(made, Release)
    assert made.project_slugs == fake.release("acme", "1.0").projects == ("web", "secret")
    assert guard.steps[-1] == ("releases.create", "act", ("secret", "web"), "1.0", "POST")
    result = door.call("call", "releases.create", {"release": "1.0", "projects": ["web"]})
    assert isinstance(result, ActionResult)
    assert (result.status_code, result.project) == (208, None)


@pytest.mark.parametrize("claim", ["secret", "43"])
@pytest.mark.parametrize("action", ["releases.get", "releases.update", "releases.deploys.list"])
def test_release_claim(door: Door, fake: FakeSentry, action: str, claim: str) -> None:
    """A release that is not the claimed project's is refused."""
    with pytest.raises(ClaimRefused):
        door.call(
            "call", action, {"version": "1.0", "project": claim, **({"ref": "x"} if "up" in action else {})}
        )
    assert all(call.method == "GET" for call in fake.calls)


@pytest.mark.parametrize("claim", ["web", "42", "acme/web"])
@pytest.mark.parametrize("action", ["releases.get", "releases.deploys.list"])
def test_true_release_claim(door: Door, guard: Guard, action: str, claim: str) -> None:
    """One that is the claimed project's is read, however the project is spelt."""
    door.call("call", action, {"version": "1.0", "project": claim})

    assert guard.steps[-1][1:3] == ("act", ("web",))


def test_release_race(door: Door, fake: FakeSentry) -> None:
    """A release that got another project in the meantime is not handed on."""
    fake.faults.add(Fault.status(404))

    with pytest.raises(UnexpectedAnswer):
        door.call("releases.create", "shared", ["web"])


def test_foreign_link(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A link is not deleted under the name of another issue."""
    door.call("external_issues.create", "99", TASK)
    (link,) = fake.external_issues("99")
    del guard.seen[:]

    with pytest.raises(ClaimRefused):
        door.call("external_issues.delete", ISSUE, link.id)
    assert fake.external_issues("99") == (link,)
    assert guard.steps[-1] == ("external_issues.delete", "act", None, ISSUE, "")


def test_lookups_are_reads() -> None:
    """What establishes facts only reads."""
    fake = two_orgs()
    with door_to(fake, "sync in process", AllowAll(), install(fake)) as door:
        issue = door.call("issues.get", SHORT[0], org="41", project="42")

    assert isinstance(issue, Issue)
    assert {call.method for call in fake.calls} == {"GET"}
    assert len(fake.calls) == 4
    assert "issues.get" in ACTIONS
