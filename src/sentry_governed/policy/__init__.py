"""Layer 2: who may do what, what waits for an approval, and what is kept for the audit."""

from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._decision import Decision, Effect
from sentry_governed._values import AuditRecord
from sentry_governed.policy._allow_all import AllowAll
from sentry_governed.policy._approvals import CallbackApprovals, SignedApprovals
from sentry_governed.policy._audit import LoggingAudit, MemoryAudit
from sentry_governed.policy._audit_file import JsonLinesAudit
from sentry_governed.policy._audit_verify import AuditProblem, AuditReport, verify_audit
from sentry_governed.policy._guard import Guard
from sentry_governed.policy._policy import Policy

__all__ = [
    "AllowAll",
    "ApprovalRequest",
    "AuditProblem",
    "AuditRecord",
    "AuditReport",
    "CallbackApprovals",
    "Decision",
    "Effect",
    "Guard",
    "JsonLinesAudit",
    "LoggingAudit",
    "MemoryAudit",
    "Policy",
    "SignedApprovals",
    "verify_audit",
]
