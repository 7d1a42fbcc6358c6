"""One task for each alert: the router over all layers, its ledgers and its outcomes.

The routers bring the clients and with them the HTTP library, so they are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_governed._lazy import later
from sentry_governed.routing._options import OnRepeat, Options
from sentry_governed.routing._outcome import (
    Commented,
    Created,
    Deferred,
    Duplicate,
    Outcome,
    Rejected,
    Shadowed,
    Skipped,
    Uncertain,
)
from sentry_governed.routing.ledgers import AsyncMemoryLedger, MemoryLedger, SqliteLedger

if TYPE_CHECKING:
    from sentry_governed.routing._reconcile import ReconcileReport as ReconcileReport
    from sentry_governed.routing._reconciler import AsyncReconciler as AsyncReconciler
    from sentry_governed.routing._reconciler import Reconciler as Reconciler
    from sentry_governed.routing._router import AsyncRouter as AsyncRouter
    from sentry_governed.routing._router import Router as Router

__all__ = [
    "AsyncMemoryLedger",
    "AsyncReconciler",
    "AsyncRouter",
    "Commented",
    "Created",
    "Deferred",
    "Duplicate",
    "MemoryLedger",
    "OnRepeat",
    "Options",
    "Outcome",
    "ReconcileReport",
    "Reconciler",
    "Rejected",
    "Router",
    "Shadowed",
    "Skipped",
    "SqliteLedger",
    "Uncertain",
]

__getattr__ = later(
    __name__,
    {
        "_reconciler": "AsyncReconciler Reconciler",
        "_router": "AsyncRouter Router",
        "_reconcile": "ReconcileReport",
    },
)
