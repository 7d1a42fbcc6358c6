"""The authorizer that decides by a policy, asks for approvals and keeps the audit."""

from __future__ import annotations

import logging
import time
import uuid
from functools import partial
from typing import Final

import attrs

from sentry_governed._actions import ACTIONS
from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._decision import Decision, Effect
from sentry_governed._operation import Claim, Operation
from sentry_governed._values import AuditRecord, Permit, Request
from sentry_governed.errors import ApprovalRequired, Denied
from sentry_governed.policy._agreement import Disagreement, agreed, is_org_lookup
from sentry_governed.policy._policy import Policy
from sentry_governed.typing import Approvals, AuditSink, Clock

_LOG: Final = logging.getLogger("sentry_governed")
_NO_CLAIM: Final = Claim()


@attrs.frozen
class Guard:
    """Decides each operation on its facts, before its request leaves the process.

    A call has two decisions. A lookup only establishes facts: it is a read, is admitted when nothing that is
    known speaks against the call, and its answer reaches nobody. The act is decided on those facts. What a
    request itself tells has to agree with the operation, so an operation cannot claim otherwise.

    A call is two audit records, which share their `call`: `decided`, written before anything but lookups is
    sent, and `completed` at its end. A lookup has none unless it is denied, which ends the call; a check that
    only drops items of a list has none either. When `decided` cannot be written, nothing is sent.

    Args:
        policy: Who may do what.
        approvals: Knows what was approved; None approves nothing.
        audit: Where the records go; None keeps none.
        principal: For whom it decides; they stand in the audit and cannot approve what they ask for.
        clock: Where the time comes from.
    """

    policy: Policy
    approvals: Approvals | None = attrs.field(default=None, kw_only=True)
    audit: AuditSink | None = attrs.field(default=None, kw_only=True)
    principal: str | None = attrs.field(default=None, kw_only=True)
    clock: Clock = attrs.field(default=time, kw_only=True, repr=False)

    @property
    def blocking(self) -> bool:
        """Whether it may wait, for the asynchronous driver."""
        used = (self.approvals, self.audit)
        return any(part is not None and getattr(part, "blocking", True) is not False for part in used)

    def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
        """Allow by returning a permit; see `Authorizer.authorize`.

        Raises:
            Denied: Policy refuses, or an approval is missing or not in order; `decision` says why.
            AuditError: The decision cannot be recorded.
        """
        decision = self._decide(operation, request)
        decided = decision.operation
        is_denied = decision.effect is Effect.DENY
        if not is_denied and decided.stage == "lookup":
            return Permit(decided, decision=decision)
        if request is None and _is_of_a_list(decided):
            if is_denied:
                raise _denied(decision)
            return Permit(decided, decision=decision)
        record = self._record(decision, request)
        if is_denied:
            raise self._refused(record, _denied(decision))
        if decision.effect is Effect.REQUIRE_APPROVAL and request is not None:
            record = self._approved(record, decision, request, approval)
        self._write(record)
        if request is None:
            self._complete(record)
            return Permit(decided, decision=decision)
        return Permit(decided, partial(self._completed, record), decision)

    def _decide(self, operation: Operation, request: Request | None) -> Decision:
        if is_org_lookup(operation, request):
            return self.policy.decide_org_lookup(operation)
        problem = None
        if request is not None:
            try:
                operation = agreed(operation, request)
            except Disagreement as disagreement:
                problem = str(disagreement)
        elif operation.stage == "lookup":
            problem = "a lookup is a read that is sent"
        decision = self.policy.decide(operation)
        if problem is None or decision.effect is Effect.DENY:
            return decision
        return Decision(Effect.DENY, problem, None, operation, self.policy.digest)

    def _approved(
        self, record: AuditRecord, decision: Decision, request: Request, token: str | None
    ) -> AuditRecord:
        """The record with the approval that was used up."""
        try:
            asked = ApprovalRequest.of(
                decision.operation,
                request,
                policy_digest=decision.policy_digest,
                created_at=self.clock.time(),
                principal=self.principal,
            )
            record = attrs.evolve(record, request_hash=asked.hash)
            if self.approvals is None:
                raise ApprovalRequired(asked)  # noqa: TRY301  # as if asked of approvals that know of none
            return attrs.evolve(record, approval=self.approvals.consume(token, asked))
        except Exception as error:  # noqa: BLE001  # raised again once it is recorded
            failure = error
        if isinstance(failure, Denied):
            failure.decision = decision
        raise self._refused(record, failure)

    def _refused(self, record: AuditRecord, failure: Exception) -> Exception:
        """The failure, once it is recorded as the decision and as the end of the call."""
        self._write(record)
        self._completed(record, failure)
        return failure

    def _record(self, decision: Decision, request: Request | None) -> AuditRecord:
        operation = decision.operation
        is_lookup = operation.stage == "lookup"
        asked = Claim(operation.org, operation.projects, operation.resource) if is_lookup else _NO_CLAIM
        claim = operation.claimed or asked
        return AuditRecord(
            event="decided",
            call=uuid.uuid4().hex,
            at=self.clock.time(),
            action=operation.action,
            implied=operation.implied,
            intent=operation.intent,
            stage=operation.stage,
            service=operation.service,
            principal=self.principal,
            effect=decision.effect.value,
            reason=decision.reason,
            rule=decision.rule,
            policy_digest=decision.policy_digest,
            claimed_org=claim.org,
            claimed_projects=claim.projects,
            claimed_resource=claim.resource,
            org=operation.org,
            projects=None if is_lookup else operation.projects,
            resource=None if is_lookup else operation.resource,
            method=request.method if request else None,
            template=request.template if request else None,
        )

    def _write(self, record: AuditRecord) -> None:
        if self.audit is not None:
            self.audit.write(record)

    def _completed(self, record: AuditRecord, outcome: int | BaseException) -> None:
        if isinstance(outcome, int):
            self._complete(attrs.evolve(record, status=outcome))
        else:
            self._complete(attrs.evolve(record, error=type(outcome).__name__))

    def _complete(self, record: AuditRecord) -> None:
        """What was sent cannot be taken back, so a record that cannot be written is only logged."""
        try:
            self._write(attrs.evolve(record, event="completed", at=self.clock.time()))
        except Exception as error:  # noqa: BLE001  # as above
            kind = type(error).__name__
            _LOG.error("the end of call %s could not be recorded: %s", record.call, kind)


def _denied(decision: Decision) -> Denied:
    return Denied(f"{decision.operation.action} is denied: {decision.reason}", decision=decision)


def _is_of_a_list(operation: Operation) -> bool:
    """Whether checking it only says if an item of a list may be shown."""
    action = ACTIONS.get(operation.action)
    return action is not None and action.paging is not None and action.scope != "project"
