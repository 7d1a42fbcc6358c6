"""A real client under a real guard: what reaches Sentry, what reaches the caller, what is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs
import pytest

from sentry_governed import Secret
from sentry_governed.errors import ApprovalRequired, AuditError, Denied
from sentry_governed.policy import Guard, MemoryAudit, Policy
from sentry_governed.sentry import SentryClient, SentryConfig
from sentry_governed.testing import FakeSentry
from sentry_governed.typing import JsonValue
from tests.policy.makers import Sink

POLICY = Policy(allowed_orgs=["acme"], denied_projects=["acme/secret"], writes="allow")
OPEN, HIDDEN = "77", "78"


@pytest.fixture
def fake() -> FakeSentry:
    """A project that is allowed and one that is denied, with an issue and a release each."""
    service = FakeSentry()
    service.add_org("acme", org_id="41")
    service.add_org("evil", org_id="43")
    for project, issue in (("web", OPEN), ("secret", HIDDEN)):
        service.add_project("acme", project)
        service.add_issue("acme", project, issue_id=issue, title=f"about {project}")
        service.add_release("acme", f"{project}-1.0", project)
    service.add_release("acme", "both-1.0", "web", "secret")
    return service


@attrs.frozen
class Governed:
    """A client, and what its guard recorded."""

    client: SentryClient
    audit: MemoryAudit

    def call(self, action: str, params: Mapping[str, JsonValue]) -> object:
        """What the caller gets."""
        return self.client.call(action, params).result


@pytest.fixture
def governed(fake: FakeSentry) -> Iterator[Governed]:
    """A client under `POLICY`."""
    audit = MemoryAudit()
    with client(fake, Guard(POLICY, audit=audit)) as opened:
        yield Governed(opened, audit)


def client(fake: FakeSentry, guard: Guard) -> SentryClient:
    """A client in process."""
    return SentryClient(SentryConfig(token=Secret("any"), org="acme", sender=fake), guard=guard)


ALLOWED: dict[str, tuple[str, Mapping[str, JsonValue]]] = {
    "read": ("issues.get", {"id": OPEN}),
    "short id": ("issues.get", {"id": "WEB-2D"}),
    "list": ("issues.list", {}),
    "organizations": ("organizations.list", {}),
    "by number": ("issues.resolve", {"id": OPEN, "org": "41"}),
    "write": ("issues.resolve", {"id": OPEN, "project": "web"}),
    "update": ("issues.update", {"id": OPEN, "status": "ignored"}),
    "several": ("issues.update_many", {"ids": [OPEN], "status": "resolved"}),
    "release": ("releases.create", {"version": "2.0", "projects": ["web"]}),
    "deploy": ("releases.deploys.create", {"version": "web-1.0", "environment": "production"}),
}
DENIED: dict[str, tuple[str, Mapping[str, JsonValue]]] = {
    "read": ("issues.get", {"id": HIDDEN}),
    "short id": ("issues.get", {"id": "SECRET-2E"}),
    "resolve": ("issues.resolve", {"id": HIDDEN}),
    "claim": ("issues.resolve", {"id": HIDDEN, "project": "web"}),
    "several": ("issues.update_many", {"ids": [OPEN, HIDDEN], "status": "resolved"}),
    "other org": ("issues.resolve", {"id": OPEN, "org": "evil"}),
    "other org by number": ("issues.resolve", {"id": OPEN, "org": "43"}),
    "release": ("releases.create", {"version": "2.0", "projects": ["web", "secret"]}),
    "release that is there": ("releases.create", {"version": "secret-1.0", "projects": ["web"]}),
    "release of both": ("releases.get", {"version": "both-1.0"}),
    "deploy": ("releases.deploys.create", {"version": "both-1.0", "environment": "production"}),
    "project": ("projects.get", {"project": "secret"}),
    "events": ("events.list", {"project": "secret"}),
}


@pytest.mark.parametrize(("action", "params"), ALLOWED.values(), ids=ALLOWED)
def test_allowed(governed: Governed, action: str, params: Mapping[str, JsonValue]) -> None:
    """A call that goes well is two records, and shows nothing of a project that is denied."""
    shown = governed.call(action, params)

    decided, completed = governed.audit.records
    assert (decided.event, decided.stage, decided.effect) == ("decided", "act", "allow")
    assert completed == attrs.evolve(
        decided, event="completed", at=completed.at, status=completed.status, error=None
    )
    assert "secret" not in repr(shown)


@pytest.mark.parametrize(("action", "params"), DENIED.values(), ids=DENIED)
def test_denied(governed: Governed, fake: FakeSentry, action: str, params: Mapping[str, JsonValue]) -> None:
    """A call that touches anything denied changes nothing."""
    with pytest.raises(Denied):
        governed.call(action, params)

    assert {call.method for call in fake.calls} <= {"GET"}
    assert all(record.effect == "deny" for record in governed.audit.records)


def test_facts_beside_claims(governed: Governed) -> None:
    """The audit tells what was asked for from what it really was."""
    governed.call("issues.resolve", {"id": "WEB-2D", "org": "41"})

    decided = governed.audit.records[0]
    assert (decided.claimed_org, decided.claimed_resource) == ("41", "WEB-2D")
    assert (decided.org, decided.projects, decided.resource) == ("acme", ("web",), OPEN)


def test_unrecorded(fake: FakeSentry) -> None:
    """A write whose decision cannot be recorded is not sent."""
    with client(fake, Guard(POLICY, audit=Sink("decided"))) as opened, pytest.raises(AuditError):
        opened.issues.resolve(OPEN)

    assert fake.issue(OPEN).status == "unresolved"


def test_approval(fake: FakeSentry) -> None:
    """What is to be approved is the canonical request, whatever the caller called the issue."""
    waiting = attrs.evolve(POLICY, writes="require_approval")
    with client(fake, Guard(waiting)) as opened, pytest.raises(ApprovalRequired) as caught:
        opened.call("issues.resolve", {"id": "WEB-2D", "org": "41"})

    asked = caught.value.request
    assert (asked.org, asked.projects, asked.resource) == ("acme", ("web",), OPEN)
    assert asked.params == (("org", "acme"), ("issue_id", OPEN))
    assert fake.issue(OPEN).status == "unresolved"
