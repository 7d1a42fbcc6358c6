"""The operations page names every metric, and no other."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from sentry_governed.adapters._metrics import Backlog, Metrics
from sentry_governed.adapters._settle import Ack, DeadLetter
from sentry_governed.routing import Created, ReconcileReport, Rejected

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


def test_metrics() -> None:
    """Each metric is in the table with its labels."""
    metrics = Metrics(lambda: Backlog({"waiting": 1}, 2.0))
    metrics.received("sentry", "kept")
    metrics.settled(Created("k", "1", "u", "Ops", "why"), Ack())
    metrics.settled(Rejected("k", "no"), DeadLetter("no"))
    metrics.reconciled(ReconcileReport(listed=1, covered=1))
    found = {
        sample.name: ", ".join(f"`{label}`" for label in sample.labels)
        for family in text_string_to_metric_families(metrics.text()[0].decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }

    rows = re.findall(r"^\| `(sentry_governed_\w+)` \| (.*?) ?\|", PAGE.read_text(), re.MULTILINE)
    assert dict(rows) == found


def test_alarms() -> None:
    """The alarms are on metrics that there are."""
    named = set(re.findall(r"sentry_governed_\w+", PAGE.read_text()))
    rows = re.findall(r"^\| `(sentry_governed_\w+)` \|", PAGE.read_text(), re.MULTILINE)

    assert named == set(rows)
