"""The guard: which operations it lets go ahead, in which stage, through both drivers."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Callable

import attrs
import pytest

from sentry_governed import Operation, Request, Response
from sentry_governed._actions import ACTIONS
from sentry_governed._http import AsyncService, Flow, Service, arun, run, send
from sentry_governed._http.flow import check
from sentry_governed.errors import ApprovalRequired, Denied
from sentry_governed.policy import Effect, Guard, LoggingAudit, MemoryAudit, Policy
from sentry_governed.typing import Authorizer
from tests.policy.makers import (
    GET,
    GETTING,
    ISSUE,
    LIST,
    LISTING,
    LOOKUP,
    OF_ORG,
    ORG,
    RESOLVE,
    RESOLVING,
    Desk,
    Sink,
    guard,
    operation,
)

STRICT = Policy(allowed_orgs=["my-org"], denied_projects=["my-org/secret"], writes="allow")
BY_NUMBER = Request("GET", ORG, (("org", "12"),), idempotent=True)


def denial(operation: Operation, request: Request | None, policy: Policy = STRICT) -> Denied:
    """The refusal of an operation."""
    with pytest.raises(Denied) as caught:
        guard(policy).authorize(operation, request, None)
    assert caught.value.decision is not None
    assert caught.value.decision.effect is Effect.DENY
    return caught.value


def test_allowed() -> None:
    """What policy allows gets a permit, with the decision."""
    permit = guard(STRICT).authorize(RESOLVE, RESOLVING, None)

    assert permit.operation == RESOLVE
    assert permit.decision == STRICT.decide(RESOLVE)


def test_denied() -> None:
    """What policy denies is refused, with the decision, which survives pickling."""
    refused = denial(attrs.evolve(RESOLVE, projects=("secret",)), RESOLVING)

    assert str(refused) == "issues.resolve is denied: project 'my-org/secret' is denied"
    assert refused.decision is not None
    assert refused.decision.rule == "denied_projects: my-org/secret"
    back = pickle.loads(pickle.dumps(refused))
    assert (str(back), back.decision) == (str(refused), refused.decision)


def test_lookup() -> None:
    """A lookup is admitted before the project is known."""
    assert guard(STRICT).authorize(LOOKUP, GETTING, None).operation.stage == "lookup"


def test_second_stage() -> None:
    """That a lookup was admitted does not count: the act is decided on the facts."""
    one = guard(STRICT)
    one.authorize(LOOKUP, GETTING, None)

    with pytest.raises(Denied):
        one.authorize(attrs.evolve(RESOLVE, projects=("secret",)), RESOLVING, None)
    with pytest.raises(Denied, match="the project is not established"):
        one.authorize(attrs.evolve(RESOLVE, projects=None), RESOLVING, None)


@pytest.mark.parametrize(
    ("changes", "request_"),
    [
        ({"org": "evil"}, attrs.evolve(GETTING, params=(("org", "evil"), ("issue_id", "7")))),
        ({"org": None}, GETTING),
        ({"projects": ("secret",)}, GETTING),
        ({"action": "issues.delete"}, GETTING),
        ({}, None),
        ({}, RESOLVING),
        ({}, attrs.evolve(GETTING, method="PUT")),
        ({}, attrs.evolve(GETTING, body=b"{}")),
        ({}, attrs.evolve(GETTING, method="DELETE")),
        ({}, attrs.evolve(RESOLVING, method="GET")),
        ({}, attrs.evolve(GETTING, template=f"{ORG}issues/{{issue_id}}/hashes/")),
        ({}, attrs.evolve(GETTING, template="/api/0/issues/{issue_id}/", params=(("issue_id", "7"),))),
        ({}, Request("GET", "/api/0/organizations/", idempotent=True)),
        ({}, attrs.evolve(GETTING, params=(("org", "my-org"), ("issue_id", "8")))),
        ({}, attrs.evolve(GETTING, params=(("org", "other"), ("issue_id", "7")))),
        ({}, attrs.evolve(GETTING, query=(("secret", "1"),))),
        ({}, attrs.evolve(LISTING, query=(("project", "secret"),))),
        ({}, Request("GET", "/api/0/projects/{org}/{project}/", (*OF_ORG, ("project", "Secret")))),
        ({}, Request("GET", "/api/0/projects/{org}/{project}/", (*OF_ORG, ("project", "..")))),
    ],
)
def test_no_lookup(changes: dict[str, object], request_: Request | None) -> None:
    """A lookup is one of the known reads, of the operation's own organization, that names nothing denied."""
    denial(attrs.evolve(LOOKUP, **changes), request_)  # type: ignore[arg-type]  # by name


def test_lookup_of_a_denied_change() -> None:
    """What an update amounts to is known already when its facts are looked up."""
    denial(
        attrs.evolve(LOOKUP, implied=("issues.assign",)), GETTING, Policy(denied_actions=["issues.assign"])
    )


@pytest.mark.parametrize(
    "request_",
    [
        GETTING,
        attrs.evolve(LISTING, query=(("group", "7"), ("query", ""), ("project", "web"), ("project", "12"))),
        Request("GET", ORG, OF_ORG),
        Request("GET", "/api/0/projects/{org}/{project}/", (*OF_ORG, ("project", "12"))),
        Request("GET", f"{ORG}shortids/{{short_id}}/", (*OF_ORG, ("short_id", "WEB-7"))),
        Request("GET", f"{ORG}releases/{{version}}/", (*OF_ORG, ("version", "7"))),
        Request("GET", f"{ORG}issues/{{issue_id}}/external-issues/", GETTING.params),
    ],
)
def test_lookups(request_: Request) -> None:
    """Every read that the catalogue knows below the organization may establish facts."""
    guard(STRICT).authorize(LOOKUP, request_, None)


def test_org_by_number() -> None:
    """While the organization is not established, the one lookup is that of its slug by its number."""
    by_number = attrs.evolve(LOOKUP, org=None)
    permit = guard(STRICT).authorize(by_number, BY_NUMBER, None)

    assert permit.decision is not None
    assert permit.decision.effect is Effect.ALLOW


@pytest.mark.parametrize(
    ("policy", "changes", "request_"),
    [
        (STRICT, {}, attrs.evolve(BY_NUMBER, params=(("org", "my-org"),))),
        (STRICT, {}, attrs.evolve(BY_NUMBER, params=(("org", "\u0661\u0662"),))),
        (STRICT, {}, attrs.evolve(BY_NUMBER, params=(("org", "12"), ("org", "13")))),
        (STRICT, {}, attrs.evolve(BY_NUMBER, params=())),
        (STRICT, {}, attrs.evolve(BY_NUMBER, method="PUT")),
        (STRICT, {}, attrs.evolve(BY_NUMBER, body=b"{}")),
        (STRICT, {}, attrs.evolve(BY_NUMBER, query=(("detailed", "1"),))),
        (STRICT, {}, attrs.evolve(BY_NUMBER, template=f"{ORG}projects/")),
        (STRICT, {"stage": "act"}, BY_NUMBER),
        (STRICT, {"action": "issues.delete"}, BY_NUMBER),
        (STRICT, {"intent": "read"}, BY_NUMBER),
        (Policy(writes="deny"), {}, BY_NUMBER),
        (Policy(denied_actions=["issues.resolve"]), {}, BY_NUMBER),
        (Policy(allowed_orgs=[]), {}, BY_NUMBER),
    ],
)
def test_no_org_by_number(policy: Policy, changes: dict[str, object], request_: Request) -> None:
    """The exception is for that read alone, and only for an action that could be allowed."""
    by_number = attrs.evolve(LOOKUP, **{"org": None, **changes})  # type: ignore[arg-type]  # by name
    denial(by_number, request_, policy)


def test_list_without_project() -> None:
    """A list runs in an allowed organization; each project in it is checked on its own."""
    one = guard(STRICT)
    one.authorize(LIST, LISTING, None)
    one.authorize(attrs.evolve(LIST, projects=("web",)), None, None)

    denial(attrs.evolve(LIST, projects=("secret",)), None)
    denial(attrs.evolve(LIST, projects=("secret",)), LISTING)
    denial(LIST, attrs.evolve(LISTING, query=(("project", "SECRET"),)))


def test_organizations() -> None:
    """The list of organizations runs unless nothing is allowed; each organization is checked on its own."""
    listing = Request("GET", "/api/0/organizations/", query=(("per_page", "100"),), idempotent=True)
    every = attrs.evolve(operation("organizations.list", projects=None, resource=None), org=None)
    guard(STRICT).authorize(every, listing, None)
    guard(STRICT).authorize(attrs.evolve(every, org="my-org"), None, None)

    denial(attrs.evolve(every, org="evil"), None)
    denial(every, listing, Policy(allowed_orgs=[]))


@pytest.mark.parametrize("action", ACTIONS)
def test_not_established(action: str) -> None:
    """A check of any action whose facts are not established is denied."""
    asked = attrs.evolve(operation(action, projects=None), org=None)

    if ACTIONS[action].scope != "none":
        denial(asked, None)
    if ACTIONS[action].scope == "project":
        denial(attrs.evolve(asked, org="my-org"), None)
        denial(attrs.evolve(asked, org="my-org", projects=("web", "7")), None)
    denial(attrs.evolve(asked, org=None, projects=("web",)), None)


def test_another_service() -> None:
    """A policy does not judge other services, so a guard lets none of their requests pass."""
    denial(attrs.evolve(RESOLVE, service="asana"), RESOLVING)


def test_check_of_a_write() -> None:
    """A check sends nothing, so it needs no approval; the decision says that the write will."""
    permit = guard(Policy()).authorize(RESOLVE, None, None)

    assert permit.decision is not None
    assert permit.decision.effect is Effect.REQUIRE_APPROVAL


def test_blocking() -> None:
    """A guard may wait when its approvals or its audit may."""
    assert not guard().blocking
    assert not Guard(Policy(), audit=MemoryAudit()).blocking
    assert not Guard(Policy(), audit=LoggingAudit(logging.getLogger(__name__))).blocking
    assert guard(sink=Sink()).blocking
    assert guard(desk=Desk()).blocking


@attrs.define
class Wire:
    """Counts what is sent."""

    sent: list[Request] = attrs.field(factory=list[Request])

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """Answer it."""
        self.sent.append(request)
        return Response(200, body=b"{}")


@attrs.frozen
class AsyncWire:
    """The same for asyncio."""

    wire: Wire

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """Answer it."""
        return self.wire.send(request)


def drive_sync(flow: Flow[None], wire: Wire, authorizer: Authorizer, approval: str | None = None) -> None:
    """Drive a flow with threads' driver."""
    run(flow, {"sentry": Service(wire, authorizer)}, approval=approval)


def drive_async(flow: Flow[None], wire: Wire, authorizer: Authorizer, approval: str | None = None) -> None:
    """Drive a flow with asyncio's driver."""
    asyncio.run(arun(flow, {"sentry": AsyncService(AsyncWire(wire), authorizer)}, approval=approval))


def resolving(act: Operation) -> Flow[None]:
    """Look an issue up, then resolve it."""
    yield from send("sentry", LOOKUP, GETTING)
    yield from send("sentry", act, RESOLVING)


def shown(act: Operation) -> Flow[None]:
    """Look an issue up, and show it."""
    yield from send("sentry", attrs.evolve(act, stage="lookup", projects=None), GETTING)
    yield from check("sentry", act)


DRIVERS = pytest.mark.parametrize("drive", [drive_sync, drive_async], ids=["run", "arun"])
Drive = Callable[..., None]


@DRIVERS
def test_driven(drive: Drive) -> None:
    """Nothing is sent after a refusal, by either driver; what is allowed is sent once."""
    wire, sink = Wire(), Sink()
    drive(resolving(RESOLVE), wire, guard(STRICT, sink=sink))
    with pytest.raises(Denied):
        drive(resolving(attrs.evolve(RESOLVE, projects=("secret",))), wire, guard(STRICT, sink=sink))

    assert wire.sent == [GETTING, RESOLVING, GETTING]
    assert sink.events == [
        ("decided", "allow"),
        ("completed", "allow"),
        ("decided", "deny"),
        ("completed", "deny"),
    ]


@DRIVERS
def test_driven_read(drive: Drive) -> None:
    """What was looked up reaches nobody before a second decision."""
    wire = Wire()
    drive(shown(GET), wire, guard(STRICT))
    with pytest.raises(Denied):
        drive(shown(attrs.evolve(GET, projects=("secret",))), wire, guard(STRICT))

    assert wire.sent == [GETTING, GETTING]


@DRIVERS
def test_driven_approval(drive: Drive) -> None:
    """A write that waits for an approval is sent once, with the token, after its facts are known."""
    wire, desk = Wire(), Desk()
    one = guard(Policy(), desk=desk)
    with pytest.raises(ApprovalRequired):
        drive(resolving(RESOLVE), wire, one)
    assert wire.sent == [GETTING]
    drive(resolving(RESOLVE), wire, one, "yes")
    with pytest.raises(Denied, match="that is no approval"):
        drive(resolving(RESOLVE), wire, one, "yes")

    assert wire.sent == [GETTING, GETTING, RESOLVING, GETTING]


def test_templates() -> None:
    """The paths of these tests are those of the catalogue."""
    assert ACTIONS["issues.get"].endpoints[0].template == ISSUE
