"""Layer 2: who may do what. For now the explicit opt-out; the guard itself builds on the same Protocol."""

from sentry_governed.policy._allow_all import AllowAll
from sentry_governed.policy._approvals import CallbackApprovals, SignedApprovals
from sentry_governed.policy._audit import LoggingAudit, MemoryAudit
from sentry_governed.policy._audit_file import JsonLinesAudit
from sentry_governed.policy._audit_verify import AuditProblem, AuditReport, verify_audit

__all__ = [
    "AllowAll",
    "AuditProblem",
    "AuditReport",
    "CallbackApprovals",
    "JsonLinesAudit",
    "LoggingAudit",
    "MemoryAudit",
    "SignedApprovals",
    "verify_audit",
]
