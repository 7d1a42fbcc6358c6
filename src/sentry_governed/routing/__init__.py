"""One task for each alert: the router over all layers, its ledgers and its outcomes."""

from sentry_governed.routing._options import OnRepeat, Options
from sentry_governed.routing._outcome import (
    Commented,
    Created,
    Deferred,
    Duplicate,
    Outcome,
    Rejected,
    Skipped,
    Uncertain,
)
from sentry_governed.routing._router import AsyncRouter, Router
from sentry_governed.routing.ledgers import AsyncMemoryLedger, MemoryLedger, SqliteLedger

__all__ = [
    "AsyncMemoryLedger",
    "AsyncRouter",
    "Commented",
    "Created",
    "Deferred",
    "Duplicate",
    "MemoryLedger",
    "OnRepeat",
    "Options",
    "Outcome",
    "Rejected",
    "Router",
    "Skipped",
    "SqliteLedger",
    "Uncertain",
]
