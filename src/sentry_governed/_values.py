"""The frozen values that the public Protocols mention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import attrs

from sentry_governed._decision import Decision
from sentry_governed._operation import Intent, Operation, Stage

Pairs: TypeAlias = tuple[tuple[str, str], ...]


@attrs.frozen
class Request:
    """One HTTP request, without its origin and without credentials: the sender adds both.

    Attributes:
        method: Upper case.
        template: A path below the service's base URL with `{name}` segments, such as
            `/organizations/{org}/issues/`. A parameter is always a whole segment.
        params: The values of the template's names; they are percent-encoded when sent.
        query: Name and value pairs; a name may repeat.
        body: The exact bytes of a JSON body, or None.
        idempotent: Whether sending it twice is the same as once. It decides what may be retried.
    """

    method: str
    template: str
    params: Pairs = ()
    query: Pairs = ()
    body: bytes | None = attrs.field(default=None, repr=False)
    idempotent: bool = False


@attrs.frozen
class Response:
    """A whole HTTP response.

    Attributes:
        status: The status code; redirects are never followed, so it may be a 3xx.
        headers: Names in lower case, in the order received; a name may repeat.
        body: The decoded bytes.
    """

    status: int
    headers: Pairs = attrs.field(default=(), repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first value of a header by its lower-case name, or None."""
        return next((value for key, value in self.headers if key == name), None)


def _nobody_listens(_outcome: int | BaseException) -> None:
    """The default of a permit that nobody records."""


@attrs.frozen
class Permit:
    """An authorizer's yes to one operation.

    Attributes:
        operation: What was allowed.
        on_completed: Told the status code, or the error, exactly once after the send it allowed.
            It should not raise: what was sent cannot be taken back.
        decision: What policy said, or None where no policy was asked.
    """

    operation: Operation
    on_completed: Callable[[int | BaseException], None] = attrs.field(default=_nobody_listens, repr=False)
    decision: Decision | None = None

    def completed(self, outcome: int | BaseException) -> None:
        """Report how the allowed send ended."""
        self.on_completed(outcome)


@attrs.frozen
class LedgerRecord:
    """One record of a ledger, which is a compare-and-set store of small texts.

    Attributes:
        key: `[A-Za-z0-9._-]{1,200}`.
        value: Opaque to the ledger.
        version: Grows with each write of the key; pass it back as `expected`.
        expires_at: Seconds since the epoch after which the ledger may forget the record.
    """

    key: str
    value: str = attrs.field(repr=False)
    version: int
    expires_at: float


@attrs.frozen(kw_only=True)
class InboxMessage:
    """One authentic webhook on its way to a worker.

    Attributes:
        source: Who sent it.
        resource: The `Sentry-Hook-Resource` header of a webhook from Sentry, or None.
        body: The bytes received, or what routing needs of them where `trimmed` says so.
        key: The alert's key, the same for every delivery of the same thing; None in quarantine.
        received_at: Seconds since the epoch.
        sha256: Of the bytes received, in hexadecimal digits; it stays when the body is trimmed.
        trimmed: Whether the body was cut down to what routing needs, to fit a broker.
        problem: Why it cannot be routed: it is in quarantine, for a person to look at. Otherwise None.
    """

    source: Literal["sentry", "datadog"]
    resource: str | None = None
    body: bytes = attrs.field(repr=False)
    key: str | None = None
    received_at: float
    sha256: str
    trimmed: bool = False
    problem: str | None = None


@attrs.frozen(kw_only=True)
class AuditRecord:
    """One line of the audit: what was decided about a call, or how the call ended.

    It holds neither a secret nor a body; `request_hash` stands for the whole request.

    Attributes:
        event: `decided` is written before anything is sent, `completed` once the send has ended.
        call: The same for the records of one call, and for no other.
        at: Seconds since the epoch.
        action: The action's name in the catalogue.
        implied: Further actions that it amounts to.
        intent: Whether anything changes.
        stage: The decision that it was: on facts (`act`), or already on what was asked (`lookup`).
        service: The service that it is for.
        effect: `allow`, `deny` or `require_approval`.
        reason: Why, in one line.
        rule: What decided it, such as `denied_projects: my-org/secret-*`, or None.
        policy_digest: The policy that decided.
        principal: Who asked, or None.
        claimed_org: The organization that was asked for, as it was written.
        claimed_projects: The projects that were asked for, as they were written.
        claimed_resource: The thing that was asked for, as it was written.
        org: The organization that it really is, or None while that is not established.
        projects: The projects that it really is in, or None while they are not established.
        resource: The canonical id of the thing acted on.
        method: The HTTP method, or None where no request is sent.
        template: The path with `{name}` segments, or None.
        request_hash: SHA-256 of the request as an `ApprovalRequest`, or None.
        approval: The approval's id, and who gave it where that is known. It is not the token.
        status: The HTTP status of a completed call, or None.
        error: The kind of error that a completed call ended with, or None.
    """

    event: Literal["decided", "completed"]
    call: str
    at: float
    action: str
    implied: tuple[str, ...] = ()
    intent: Intent
    stage: Stage
    service: str = "sentry"
    effect: Literal["allow", "deny", "require_approval"]
    reason: str = ""
    rule: str | None = None
    policy_digest: str
    principal: str | None = None
    claimed_org: str | None = None
    claimed_projects: tuple[str, ...] | None = None
    claimed_resource: str | None = None
    org: str | None = None
    projects: tuple[str, ...] | None = None
    resource: str | None = None
    method: str | None = None
    template: str | None = None
    request_hash: str | None = None
    approval: str | None = None
    status: int | None = None
    error: str | None = None
