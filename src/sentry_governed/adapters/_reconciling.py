"""What is told of the reconciler's rounds."""

from __future__ import annotations

import logging
from typing import Final

from sentry_governed.adapters._logs import log
from sentry_governed.adapters._metrics import Metrics
from sentry_governed.routing import ReconcileReport

_LOG: Final = logging.getLogger("sentry_governed")


def tell(report: ReconcileReport, metrics: Metrics | None) -> None:
    """Log and count a round."""
    for problem in report.problems:
        log(_LOG, logging.WARNING, "reconciling had a problem", reason=problem)
    counts = {name.lower(): count for name, count in report.counts.items()}
    log(_LOG, logging.INFO, "reconciled", listed=report.listed, covered=report.covered, **counts)
    if metrics is not None:
        metrics.reconciled(report)
