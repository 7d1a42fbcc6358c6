"""One task for each alert: the router over all layers, its ledgers and its outcomes.

The routers bring the clients and with them the HTTP library, so they are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_governed.routing._options import DEFAULT_CREATE_ON, OnRepeat, Options
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
    "DEFAULT_CREATE_ON",
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

_HOME_OF = {
    "AsyncReconciler": "_reconciler",
    "AsyncRouter": "_router",
    "ReconcileReport": "_reconcile",
    "Reconciler": "_reconciler",
    "Router": "_router",
}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
