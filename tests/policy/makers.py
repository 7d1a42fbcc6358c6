"""Operations and requests that agree, to be changed in one place each."""

from __future__ import annotations

import json

import attrs

from sentry_governed import Operation, Request
from sentry_governed._actions import find
from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._operation import Claim
from sentry_governed._values import AuditRecord
from sentry_governed.errors import ApprovalRefused, ApprovalRequired, AuditError
from sentry_governed.policy import Guard, Policy

ORG = "/api/0/organizations/{org}/"
ISSUE = f"{ORG}issues/{{issue_id}}/"
OF_ISSUE = (("org", "my-org"), ("issue_id", "7"))
OF_ORG = (("org", "my-org"),)
NOW = 1_800_000_000.0


def operation(
    action: str, *, projects: tuple[str, ...] | None = ("web",), resource: str | None = "7"
) -> Operation:
    """An operation whose facts are established."""
    asked = find(action)
    return Operation(action, asked.intent, asked.scope, org="my-org", projects=projects, resource=resource)


RESOLVE = operation("issues.resolve")
RESOLVING = Request("PUT", ISSUE, OF_ISSUE, body=b'{"status":"resolved"}', idempotent=True)
GET = operation("issues.get")
GETTING = Request("GET", ISSUE, OF_ISSUE, idempotent=True)
LOOKUP = attrs.evolve(RESOLVE, stage="lookup", projects=None, claimed=Claim("My-Org", ("web",), "WEB-7"))
LIST = operation("issues.list", projects=None, resource=None)
LISTING = Request("GET", f"{ORG}issues/", OF_ORG, (("limit", "100"),), idempotent=True)


def with_body(request: Request, body: object) -> Request:
    """The same request with another JSON body."""
    return attrs.evolve(request, body=json.dumps(body).encode())


@attrs.define
class Sink:
    """Keeps records, and fails on one kind of them."""

    fails_on: str = ""
    records: list[AuditRecord] = attrs.field(factory=list[AuditRecord])

    def write(self, record: AuditRecord) -> None:
        """Keep it, or fail."""
        if record.event == self.fails_on:
            raise AuditError("the disk is full")
        self.records.append(record)

    @property
    def events(self) -> list[tuple[str, str]]:
        """What was kept, in short."""
        return [(record.event, record.effect) for record in self.records]


@attrs.define
class Desk:
    """Approves what bears the token `yes`, once."""

    asked: list[ApprovalRequest] = attrs.field(factory=list[ApprovalRequest])
    spent: bool = False

    def consume(self, token: str | None, request: ApprovalRequest) -> str:
        """Approve it, or not."""
        self.asked.append(request)
        if token is None:
            raise ApprovalRequired(request)
        if token != "yes" or self.spent:
            raise ApprovalRefused("that is no approval")
        self.spent = True
        return "approval-1"


@attrs.frozen
class Clock:
    """It is always the same time."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return NOW

    def monotonic(self) -> float:
        """Seconds."""
        return 0.0


def guard(policy: Policy | None = None, *, sink: Sink | None = None, desk: Desk | None = None) -> Guard:
    """A guard; without a policy, one that lets writes go ahead."""
    return Guard(policy or Policy(writes="allow"), approvals=desk, audit=sink, clock=Clock())
