"""Every action, typed and by name: what it sends, under whose eyes, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sentry_governed import AllowAll, Operation
from sentry_governed._actions import ACTIONS, find
from sentry_governed.errors import Denied, NotSent
from sentry_governed.policy import Guard as RealGuard
from sentry_governed.policy import Policy
from sentry_governed.sentry import ActionResult, Link, Page, Preview
from sentry_governed.sentry._by_name import MODELS
from sentry_governed.testing import Call, FakeInstallation, FakeSentry
from sentry_governed.typing import Authorizer
from tests.sentry.doors import ISSUE, TASK, Door, Guard, door_to
from tests.sentry.worlds import LINKS, SPECS, Params, Spec, install, world

QUICK = ("sync in process", "async in process")
GUARDS: dict[str, Authorizer] = {
    "nobody": AllowAll(),
    "policy": RealGuard(Policy(allowed_orgs=["acme"], allowed_projects=["acme/web"], writes="allow")),
}
every_action = pytest.mark.parametrize("action", sorted(SPECS))


@pytest.fixture
def fake() -> FakeSentry:
    """A Sentry with one thing of each kind."""
    return world()


@pytest.fixture
def installation(fake: FakeSentry) -> FakeInstallation:
    """Its integration."""
    return install(fake)


@pytest.fixture(params=QUICK)
def door(
    request: pytest.FixtureRequest, fake: FakeSentry, installation: FakeInstallation, guard: Guard
) -> Iterator[Door]:
    """A client of each kind, in process."""
    with door_to(fake, str(request.param), guard, installation) as opened:
        yield opened


def sent(call: Call) -> tuple[str, str, tuple[tuple[str, str], ...], object]:
    """A request as a specification writes it."""
    return call.method, call.path, call.query, None if call.body is None else json.loads(call.body)


def wanted(spec: Spec) -> tuple[str, str, tuple[tuple[str, str], ...], object]:
    """The request that a specification wants."""
    return spec.method, spec.path, spec.query, spec.body


def typed(door: Door, action: str, spec: Spec) -> object:
    """Ask by the typed method."""
    if action == "external_issues.create":
        return door.call(action, ISSUE, TASK)
    return door.call(action, *spec.args.values(), **spec.options)


def test_all() -> None:
    """Every action of the catalogue is specified here, but for the one that needs a link first."""
    assert {*SPECS, "external_issues.delete"} == set(ACTIONS) == set(MODELS)


@every_action
def test_typed(door: Door, fake: FakeSentry, action: str) -> None:
    """The typed method sends what is specified, and hands out the model of the action."""
    answer = typed(door, action, SPECS[action])

    assert sent(fake.calls[-1]) == wanted(SPECS[action])
    for item in answer if isinstance(answer, list | tuple) else [answer]:
        assert isinstance(item, MODELS[action])
        assert getattr(item, "raw", None)


@every_action
def test_by_name(door: Door, fake: FakeSentry, action: str) -> None:
    """By name the same is sent, and the facts of the result are those that were established."""
    result = door.call("call", action, SPECS[action].params)

    assert isinstance(result, ActionResult)
    assert sent(fake.calls[-1]) == wanted(SPECS[action])
    assert result.action == action
    assert result.status_code in find(action).successes
    assert result.org == (None if action == "organizations.list" else "acme")
    if find(action).scope == "project":
        assert result.project == "web"
    assert isinstance(result.result, list) == ("list" in action)
    assert (result.cursor, result.withheld) == (None, 0)
    assert 0 <= result.duration_ms < 60_000


@every_action
@pytest.mark.parametrize("eyes", GUARDS)
def test_guarded(fake: FakeSentry, installation: FakeInstallation, action: str, eyes: str) -> None:
    """Every action passes a guard whose policy allows it: operation and request agree."""
    with door_to(fake, "sync in process", GUARDS[eyes], installation) as door:
        typed(door, action, SPECS[action])
    assert sent(fake.calls[-1]) == wanted(SPECS[action])


@every_action
def test_decided(door: Door, fake: FakeSentry, guard: Guard, action: str) -> None:
    """The act is decided on the true organization and project, after lookups that carry the action."""
    door.call("call", action, SPECS[action].params)

    known = find(action)
    acts = [seen for seen in guard.seen if seen.operation.stage == "act"]
    assert {seen.operation.action for seen in guard.seen} == {action}
    assert all(seen.operation.intent == known.intent for seen in guard.seen)
    assert all(seen.request and seen.request.method == "GET" for seen in guard.seen if seen not in acts)
    if known.scope == "project":
        assert len(acts) == 1
        assert (acts[0].operation.org, acts[0].operation.projects) == ("acme", ("web",))
    if known.intent == "write":
        assert guard.seen[-1] is acts[-1]
        assert acts[-1].request is not None
        assert [call.method for call in fake.calls[:-1]] == ["GET"] * (len(fake.calls) - 1)


@every_action
@pytest.mark.parametrize("denied", ["acme", "web"])
def test_refused(door: Door, fake: FakeSentry, guard: Guard, action: str, denied: str) -> None:
    """Where the organization or project is denied nothing changes, and nothing of it is handed on."""
    guard.denied = frozenset({denied})
    shown: object = None
    try:
        result = door.call("call", action, SPECS[action].params)
        assert isinstance(result, ActionResult)
        shown = result.result
    except Denied as refusal:
        shown = str(refusal)

    assert all(call.method == "GET" for call in fake.calls)
    if find(action).scope == "project" or denied == "acme":
        assert not isinstance(shown, dict)
        assert shown in ([], f"{action} is denied")
    else:
        assert '"42"' not in json.dumps(shown)
        assert "web" not in json.dumps(shown)


@every_action
@pytest.mark.parametrize(
    "guard", [AllowAll(), RealGuard(Policy(allowed_orgs=["acme"]))], ids=["all", "policy"]
)
def test_preview(
    fake: FakeSentry, installation: FakeInstallation, action: str, guard: AllowAll | RealGuard
) -> None:
    """A dry run shows the request that would be sent, and sends no more than lookups."""
    spec = SPECS[action]
    with door_to(fake, "sync in process", guard, installation) as door:
        preview = door.call("call", action, spec.params, dry_run=True)

    assert isinstance(preview, Preview)
    assert (preview.method, preview.path, preview.query) == (spec.method, spec.path, spec.query)
    assert (None if preview.body is None else json.loads(preview.body)) == spec.body
    assert preview.operation.stage == "act"
    assert (preview.org, preview.projects) == (preview.operation.org, preview.operation.projects)
    assert all(call.method == "GET" for call in fake.calls)
    effect = "require_approval" if find(action).intent == "write" else "allow"
    if isinstance(guard, AllowAll):
        assert preview.decision is None
    else:
        assert preview.decision is not None
        assert preview.decision.effect.value == effect


@every_action
def test_preview_refused(door: Door, fake: FakeSentry, guard: Guard, action: str) -> None:
    """A dry run of what is denied shows nothing."""
    guard.denied = frozenset({action})

    with pytest.raises(Denied):
        door.call("call", action, SPECS[action].params, dry_run=True)
    assert fake.calls == ()


def test_unlink(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """A link is deleted once it is known to be the issue's."""
    door.call(
        "external_issues.create", ISSUE, Link(web_url="https://x/", display_project="W", identifier="1")
    )
    (link,) = fake.external_issues(ISSUE)
    del guard.seen[:]

    assert door.call("external_issues.delete", ISSUE, link.id, project="web") is None

    assert fake.external_issues(ISSUE) == ()
    assert (fake.calls[-1].method, fake.calls[-1].path) == ("DELETE", f"{LINKS}/{link.id}/")
    assert guard.steps == [
        ("external_issues.delete", "lookup", ("web",), ISSUE, "GET"),
        ("external_issues.delete", "lookup", ("web",), ISSUE, "GET"),
        ("external_issues.delete", "act", ("web",), ISSUE, "DELETE"),
    ]


def test_unlink_by_name(door: Door, fake: FakeSentry) -> None:
    """By name a deleted link answers nothing."""
    door.call("external_issues.create", ISSUE, TASK)
    (link,) = fake.external_issues(ISSUE)
    params: Params = {"issueId": ISSUE, "externalIssueId": link.id}

    result = door.call("call", "external_issues.delete", params)

    assert isinstance(result, ActionResult)
    assert (result.status_code, result.result, result.project) == (204, None, "web")


def test_comment_again(door: Door) -> None:
    """By name too, a comment that is there already is a result."""
    for _ in range(2):
        result = door.call("call", "issues.comment", {"id": ISSUE, "text": "hello"})
    assert isinstance(result, ActionResult)
    assert (result.status_code, result.result) == (400, {"existed": True})


def test_pages_by_name(door: Door, fake: FakeSentry) -> None:
    """By name a list is one page and the cursor of the next."""
    first = door.call("call", "issues.list", {"limit": 1})
    assert isinstance(first, ActionResult)
    second = door.call("call", "issues.list", {"limit": 1, "cursor": first.cursor})

    assert isinstance(second, ActionResult)
    assert (first.cursor is None, second.cursor) == (False, None)
    assert isinstance(first.result, list)
    assert isinstance(second.result, list)
    assert first.result != second.result
    assert (len(first.result), len(second.result)) == (1, 1)


def test_implied(door: Door, guard: Guard) -> None:
    """What a body amounts to is decided on as well, at every step."""
    door.call("issues.update", ISSUE, status="resolved", assigned_to="user:1")

    assert [seen.operation.implied for seen in guard.seen] == [("issues.assign", "issues.resolve")] * 2


def test_claim_kept(door: Door, guard: Guard) -> None:
    """What the caller named is kept beside the facts, for the record."""
    door.call("call", "issues.resolve", {"issueId": "web-2d", "project": "42"})

    claims = {
        (op.claimed.org, op.claimed.projects, op.claimed.resource) for op in operations(guard) if op.claimed
    }
    assert claims == {("acme", ("42",), "web-2d")}
    assert operations(guard)[-1].projects == ("web",)


def operations(guard: Guard) -> list[Operation]:
    """What was decided on."""
    return [seen.operation for seen in guard.seen]


def test_deadline(door: Door, fake: FakeSentry, guard: Guard) -> None:
    """Nothing is sent after the deadline of a call."""
    with pytest.raises(NotSent, match="deadline"):
        door.call("call", "issues.resolve", {"id": ISSUE}, deadline=0.0)
    assert (fake.calls, guard.seen) == ((), [])


def test_request_id(door: Door, fake: FakeSentry) -> None:
    """Sentry's name for the last request is handed on."""
    fake.extra_headers.append(("x-sentry-request-id", "request-1"))

    result = door.call("call", "issues.get", {"id": ISSUE})
    assert isinstance(result, ActionResult)
    assert result.request_id == "request-1"


def test_no_cursor(door: Door, fake: FakeSentry) -> None:
    """What is no list has no next page, whatever a header says."""
    link = '<https://x/?cursor=1>; rel="next"; results="true"; cursor="1"'
    fake.extra_headers.append(("link", link))

    result = door.call("call", "issues.get", {"id": ISSUE})
    assert isinstance(result, ActionResult)
    assert result.cursor is None


def test_page_type(door: Door) -> None:
    """The pages of a list tell what was withheld."""
    (page,) = door.pages("projects.list")

    assert isinstance(page, Page)
    assert page.withheld == 0
