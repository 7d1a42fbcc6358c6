"""What the guard asks of approvals, and what it writes to the audit, and in which order."""

from __future__ import annotations

import logging
from itertools import pairwise

import attrs
import pytest

from sentry_governed import Request
from sentry_governed.errors import ApprovalRefused, ApprovalRequired, AuditError, Denied, NotSent
from sentry_governed.policy import CallbackApprovals, Effect, Guard, MemoryAudit, Policy
from tests.policy.makers import (
    GET,
    GETTING,
    LIST,
    LISTING,
    LOOKUP,
    NOW,
    RESOLVE,
    RESOLVING,
    Clock,
    Desk,
    Sink,
    guard,
    operation,
    with_body,
)

DENYING = Policy(denied_projects=["my-org/web"], writes="allow")
WAITING = Policy(allowed_orgs=["my-org"])


def test_write() -> None:
    """A write is two records of one call: the decision before it is sent, its end after."""
    sink = Sink()
    permit = guard(sink=sink).authorize(RESOLVE, RESOLVING, None)
    before = list(sink.records)
    permit.completed(200)

    (decided,), (_, completed) = before, sink.records
    assert (decided.event, decided.status) == ("decided", None)
    assert completed == attrs.evolve(decided, event="completed", status=200)
    assert (decided.action, decided.intent, decided.effect) == ("issues.resolve", "write", "allow")
    assert (decided.org, decided.projects, decided.resource) == ("my-org", ("web",), "7")
    assert (decided.method, decided.template) == ("PUT", RESOLVING.template)
    assert (decided.rule, decided.at) == ("writes: allow", NOW)
    assert decided.policy_digest == Policy(writes="allow").digest


def test_calls_differ() -> None:
    """The records of two calls can be told apart."""
    sink = Sink()
    one = guard(sink=sink)
    for _ in range(3):
        one.authorize(GET, GETTING, None).completed(200)

    calls = [record.call for record in sink.records]
    assert len(set(calls)) == 3
    assert [left == right for left, right in pairwise(calls)] == [True, False, True, False, True]


def test_error() -> None:
    """The end of a call that got no answer names the kind of error, and nothing that it says."""
    sink = Sink()
    guard(sink=sink).authorize(GET, GETTING, None).completed(NotSent("GET", "/", "secret"))

    assert sink.records[-1].error == "NotSent"
    assert "secret" not in repr(sink.records)


def test_claim_and_fact() -> None:
    """The record of an act holds what was asked for beside what it really is."""
    sink = Sink()
    guard(sink=sink).authorize(attrs.evolve(RESOLVE, claimed=LOOKUP.claimed), RESOLVING, None)

    (record,) = sink.records
    assert (record.claimed_org, record.claimed_projects, record.claimed_resource) == (
        "My-Org",
        ("web",),
        "WEB-7",
    )
    assert (record.org, record.projects, record.resource) == ("my-org", ("web",), "7")


def test_lookup() -> None:
    """A lookup that is admitted leaves no record: the act that follows does."""
    sink = Sink()
    guard(sink=sink).authorize(LOOKUP, GETTING, None).completed(200)

    assert sink.records == []


def test_denied_lookup() -> None:
    """A lookup that is denied is the final decision; what it was asked for is a claim."""
    sink = Sink()
    asked = attrs.evolve(LOOKUP, claimed=None, projects=("web",))
    with pytest.raises(Denied):
        guard(DENYING, sink=sink).authorize(asked, GETTING, None)

    decided, completed = sink.records
    assert (decided.event, decided.stage, decided.effect) == ("decided", "lookup", "deny")
    assert (decided.claimed_org, decided.claimed_projects, decided.claimed_resource) == (
        "my-org",
        ("web",),
        "7",
    )
    assert (decided.projects, decided.resource) == (None, None)
    assert decided.rule == "denied_projects: my-org/web"
    assert completed == attrs.evolve(decided, event="completed", error="Denied")


@pytest.mark.parametrize("request_", [RESOLVING, None], ids=["send", "check"])
def test_denied(request_: Request | None) -> None:
    """A refusal is two records as well."""
    sink = Sink()
    with pytest.raises(Denied):
        guard(DENYING, sink=sink).authorize(RESOLVE, request_, None)

    assert sink.events == [("decided", "deny"), ("completed", "deny")]
    assert sink.records[1].error == "Denied"


@pytest.mark.parametrize("action", ["issues.get", "events.list", "shortids.resolve", "organizations.get"])
def test_check(action: str) -> None:
    """The second decision on what was looked up is the end of its call."""
    sink = Sink()
    permit = guard(sink=sink).authorize(operation(action), None, None)
    permit.completed(200)

    assert sink.events == [("decided", "allow"), ("completed", "allow")]
    assert sink.records[0].method is None


def test_items() -> None:
    """The checks of a list's items belong to the list's call and leave no records."""
    sink = Sink()
    one = guard(attrs.evolve(DENYING), sink=sink)
    one.authorize(LIST, LISTING, None).completed(200)
    one.authorize(attrs.evolve(LIST, projects=("api",)), None, None)
    with pytest.raises(Denied):
        one.authorize(attrs.evolve(LIST, projects=("web",)), None, None)

    assert sink.events == [("decided", "allow"), ("completed", "allow")]


def test_no_body() -> None:
    """No record holds a body."""
    sink, desk = Sink(), Desk()
    said = with_body(RESOLVING, {"statusDetails": {"inRelease": "canary-81"}})
    guard(WAITING, sink=sink, desk=desk).authorize(RESOLVE, said, "yes").completed(200)

    assert "canary-81" not in repr(sink.records)
    assert "canary-81" in str(desk.asked[0].body)


@pytest.mark.parametrize("policy", [Policy(writes="allow"), WAITING, DENYING])
@pytest.mark.parametrize("request_", [RESOLVING, None], ids=["send", "check"])
def test_no_record_no_send(policy: Policy, request_: Request | None) -> None:
    """Without the record of the decision there is no permit, whatever the decision is."""
    with pytest.raises(AuditError, match="the disk is full"):
        guard(policy, sink=Sink("decided"), desk=Desk()).authorize(RESOLVE, request_, "yes")


def test_end_not_recorded(caplog: pytest.LogCaptureFixture) -> None:
    """That the end cannot be recorded is logged: what was sent cannot be taken back."""
    sink = Sink("completed")
    permit = guard(sink=sink).authorize(RESOLVE, RESOLVING, None)
    with caplog.at_level(logging.ERROR, "sentry_governed"):
        permit.completed(200)

    assert sink.records[0].call in caplog.text
    assert "AuditError" in caplog.text


def test_approval_required() -> None:
    """A write that needs an approval is refused with the exact request to approve."""
    sink, desk = Sink(), Desk()
    with pytest.raises(ApprovalRequired) as caught:
        guard(WAITING, sink=sink, desk=desk).authorize(RESOLVE, RESOLVING, None)

    asked = caught.value.request
    assert (asked.action, asked.org, asked.projects, asked.resource) == (
        "issues.resolve",
        "my-org",
        ("web",),
        "7",
    )
    assert (asked.method, asked.template, asked.params) == ("PUT", RESOLVING.template, RESOLVING.params)
    assert (asked.body, asked.policy_digest, asked.created_at) == (
        '{"status":"resolved"}',
        WAITING.digest,
        NOW,
    )
    assert caught.value.decision is not None
    assert caught.value.decision.effect is Effect.REQUIRE_APPROVAL
    decided, completed = sink.records
    assert (decided.effect, decided.approval, decided.request_hash) == ("require_approval", None, asked.hash)
    assert (completed.event, completed.error) == ("completed", "ApprovalRequired")


def test_no_approvals() -> None:
    """A guard without approvals approves nothing, whatever token comes."""
    with pytest.raises(ApprovalRequired):
        guard(WAITING).authorize(RESOLVE, RESOLVING, "yes")


def test_approved() -> None:
    """An approved write has the approval's id in its records, and never the token."""
    sink, desk = Sink(), Desk()
    guard(WAITING, sink=sink, desk=desk).authorize(RESOLVE, RESOLVING, "yes").completed(200)

    assert [record.approval for record in sink.records] == ["approval-1", "approval-1"]
    assert sink.events == [("decided", "require_approval"), ("completed", "require_approval")]
    assert sink.records[0].request_hash == desk.asked[0].hash


def test_approval_refused() -> None:
    """A token that is no approval is a refusal, which is recorded."""
    sink = Sink()
    with pytest.raises(ApprovalRefused) as caught:
        guard(WAITING, sink=sink, desk=Desk()).authorize(RESOLVE, RESOLVING, "no")

    assert caught.value.decision is not None
    assert [record.error for record in sink.records] == [None, "ApprovalRefused"]


def test_approval_on_facts() -> None:
    """What is approved is what the request amounts to, not what the operation claims."""
    desk = Desk()
    said = with_body(RESOLVING, {"status": "resolved", "statusDetails": {"ignoreCount": 1}})
    with pytest.raises(Denied, match="does not know"):
        guard(WAITING, desk=desk).authorize(RESOLVE, with_body(RESOLVING, {"inbox": True}), "yes")
    guard(WAITING, desk=desk).authorize(RESOLVE, said, "yes")

    (asked,) = desk.asked
    assert asked.implied == ("issues.ignore",)


def test_nothing_spent() -> None:
    """Only a write that waits for an approval uses one up, and only when it is about to be sent."""
    desk = Desk()
    guard(WAITING, desk=desk).authorize(GET, GETTING, "yes")
    guard(WAITING, desk=desk).authorize(LOOKUP, GETTING, "yes")
    guard(WAITING, desk=desk).authorize(RESOLVE, None, "yes")
    guard(Policy(writes="allow"), desk=desk).authorize(RESOLVE, RESOLVING, "yes")
    with pytest.raises(Denied):
        guard(attrs.evolve(WAITING, denied_projects=["*/*"]), desk=desk).authorize(RESOLVE, RESOLVING, "yes")

    assert desk.asked == []


def test_callback() -> None:
    """Approvals may answer by themselves; what they raise goes to the caller, once it is recorded."""
    audit = MemoryAudit()

    def broken(_request: object) -> bool:
        raise ValueError("no line to the approver")

    Guard(WAITING, approvals=CallbackApprovals(lambda _: True), clock=Clock()).authorize(
        RESOLVE, RESOLVING, None
    )
    with pytest.raises(ValueError, match="no line"):
        Guard(WAITING, approvals=CallbackApprovals(broken), audit=audit).authorize(RESOLVE, RESOLVING, None)

    assert [record.error for record in audit.records] == [None, "ValueError"]
