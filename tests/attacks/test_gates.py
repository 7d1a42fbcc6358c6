"""Writes that somebody has to approve, that have to be recorded, and that the router alone may do."""

from __future__ import annotations

import threading

import pytest

from sentry_governed import Secret
from sentry_governed._actions import ACTIONS
from sentry_governed._http import Flow
from sentry_governed._values import AuditRecord
from sentry_governed.errors import ApprovalRefused, ApprovalRequired, AuditError, Denied, SentryGovernedError
from sentry_governed.policy import Guard, Policy, SignedApprovals
from sentry_governed.sentry import ActionResult, Link, comment, latest_event, link
from sentry_governed.testing import FakeSentry
from tests.attacks.arena import ISSUES, KINDS, MERGED, RIVAL, UUIDS, WEB, arena, attempt, by_name
from tests.sentry.doors import door_to
from tests.sentry.worlds import SPECS

KEY = Secret("k" * 40)
POLICY = Policy(allowed_projects=["acme/web"])
RESOLVE = {"id": ISSUES[WEB]}
each_kind = pytest.mark.parametrize("kind", KINDS)


class FullDisk:
    """Records nothing."""

    def __init__(self, event: str) -> None:
        self._event = event

    def write(self, record: AuditRecord) -> None:
        """Fail on one kind of records."""
        if record.event == self._event:
            raise AuditError("the disk is full")


def approved(approvals: SignedApprovals, kind: str, fake: FakeSentry, **params: object) -> str:
    """The approval of a call."""
    made = by_name(kind, Guard(POLICY), "issues.update", {**RESOLVE, **params}, fake=fake)
    assert isinstance(made.error, ApprovalRequired)
    assert made.writes == []
    return approvals.issue(made.error.request, expires_in=60)


@each_kind
def test_two_workers(kind: str) -> None:
    """Of two workers with one approval exactly one writes."""
    fake, approvals, start = arena(), SignedApprovals([KEY]), threading.Barrier(2)
    token = approved(approvals, kind, fake, status="resolved")
    ends: list[str] = []

    def work() -> None:
        with door_to(fake, kind, Guard(POLICY, approvals=approvals)) as door:
            start.wait(10)
            try:
                door.call("issues.update", ISSUES[WEB], status="resolved", approval=token)
            except ApprovalRefused:
                ends.append("refused")
            else:
                ends.append("done")

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert sorted(ends) == ["done", "refused"]
    assert len([call for call in fake.calls if call.is_write]) == 1


@each_kind
@pytest.mark.parametrize("changed", ["issue", "body", "project", "policy", "action"])
def test_approval_of_something_else(kind: str, changed: str) -> None:
    """An approval is good for the issue, body, project, policy and action that were shown, and no others."""
    fake, approvals = arena(), SignedApprovals([KEY])
    other = fake.add_issue(*WEB).id
    token = approved(approvals, kind, fake, status="resolved")
    if changed == "project":
        fake.rename_project("acme", "web", "shop")
    guard = Guard(
        Policy(allowed_projects=["acme/web", "acme/shop" if changed != "policy" else "acme/other"])
        if changed in ("project", "policy")
        else POLICY,
        approvals=approvals,
    )
    values = {"status": "ignored" if changed == "body" else "resolved"}
    action = "issues.resolve" if changed == "action" else "issues.update"
    issue = other if changed == "issue" else ISSUES[WEB]
    named = {} if action == "issues.resolve" else values
    made = attempt(kind, guard, action, issue, approval=token, fake=fake, **named)

    assert isinstance(made.error, ApprovalRefused)
    assert made.writes == []


@each_kind
def test_approval_of_merged(kind: str) -> None:
    """An approval is for the canonical id, so a merged one asks for the same and leads there."""
    fake, approvals = arena(), SignedApprovals([KEY])
    token = approved(approvals, kind, fake, status="resolved", project="web")
    guard = Guard(POLICY, approvals=approvals)
    made = attempt(kind, guard, "issues.update", MERGED[WEB], status="resolved", approval=token, fake=fake)

    assert made.error is None
    assert [write.path for write in made.writes] == [f"/api/0/organizations/acme/issues/{ISSUES[WEB]}/"]


@each_kind
def test_no_record_no_write(kind: str) -> None:
    """A write whose decision cannot be recorded is not sent; one whose end cannot be is done."""
    policy = Policy(writes="allow")
    unrecorded = by_name(kind, Guard(policy, audit=FullDisk("decided")), "issues.resolve", RESOLVE)
    unended = by_name(kind, Guard(policy, audit=FullDisk("completed")), "issues.resolve", RESOLVE)

    assert isinstance(unrecorded.error, AuditError)
    assert (unrecorded.writes, unrecorded.shown) == ([], set())
    assert unended.error is None
    assert len(unended.writes) == 1


@each_kind
@pytest.mark.parametrize("action", sorted(set(ACTIONS) & set(SPECS)))
def test_rehearsal(kind: str, action: str) -> None:
    """A dry run of any action changes nothing."""
    fake = arena()
    guard = Guard(Policy(writes="allow"))
    with door_to(fake, kind, guard, fake.add_installation("acme", uuid=UUIDS["acme"])) as door:
        params = {
            **SPECS[action].params,
            **({"issue_id": ISSUES[WEB]} if "issue_id" in SPECS[action].params else {}),
        }
        try:
            answer = door.call("call", action, params, dry_run=True)
        except SentryGovernedError as error:
            answer = error
    assert not isinstance(answer, ActionResult)
    assert all(not call.is_write for call in fake.calls)


ROUTER = Policy.for_router(orgs=["acme"])
ROUTED = {"events.latest", "external_issues.create", "external_issues.list", "issues.comment", "issues.list"}
LINK = Link(web_url="https://a.example/1", display_project="A", identifier="1")


@each_kind
def test_router_works(kind: str) -> None:
    """Under the router's policy an alert is completed, linked and commented on, from its own facts."""
    fake = arena()
    flows: list[Flow[object]] = [
        latest_event(*WEB, ISSUES[WEB]),
        link(UUIDS["acme"], *WEB, ISSUES[WEB], LINK),
        comment(*WEB, ISSUES[WEB], "hello"),
    ]
    with door_to(fake, kind, Guard(ROUTER), fake.add_installation("acme", uuid=UUIDS["acme"])) as door:
        for flow in flows:
            door.run(flow)

    assert [call.method for call in fake.calls] == ["GET", "POST", "POST"]
    assert fake.external_issues(ISSUES[WEB])
    assert fake.notes(ISSUES[WEB])[0].text == "hello"


@each_kind
def test_router_elsewhere(kind: str) -> None:
    """Under the router's policy nothing is to be had of another organization."""
    fake = arena()
    with door_to(fake, kind, Guard(ROUTER), fake.add_installation("rival", uuid=UUIDS["rival"])) as door:
        for flow in (latest_event(*RIVAL, ISSUES[RIVAL]), comment(*RIVAL, ISSUES[RIVAL], "hello")):
            with pytest.raises(Denied):
                door.run(flow)

    assert fake.calls == ()


@each_kind
@pytest.mark.parametrize("action", sorted(set(SPECS) - ROUTED))
def test_router_does_no_more(kind: str, action: str) -> None:
    """The router's policy allows no other action, not even to look something up for it."""
    fake = arena()
    made = by_name(kind, Guard(ROUTER), action, SPECS[action].params, fake=fake)

    assert isinstance(made.error, Denied)
    assert fake.calls == ()
