"""What Prometheus is told."""

from prometheus_client.parser import text_string_to_metric_families

from sentry_governed.adapters._metrics import Backlog, Metrics
from sentry_governed.adapters._settle import Ack, DeadLetter, Retry
from sentry_governed.errors import InboxError
from sentry_governed.routing import Created, Deferred, Rejected


def samples(metrics: Metrics) -> dict[str, float]:
    """All samples by name and labels, without when each was made."""
    body, _ = metrics.text()
    return {
        sample.name.removeprefix("sentry_governed_") + str(sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_counts() -> None:
    """Webhooks, outcomes, tasks by team and dead letters are counted."""
    metrics = Metrics()
    metrics.received("sentry", "kept")
    metrics.received("sentry", "kept")
    metrics.received("unknown", "refused")
    metrics.settled(Created("k", "1", "u", 'O"ps\n', "why"), Ack())
    metrics.settled(Deferred("k", 1.0, "busy"), Retry(1.0, "busy"))
    metrics.settled(Rejected("k", "no"), DeadLetter("no"))

    found = samples(metrics)
    assert found["webhooks_total['kept', 'sentry']"] == 2
    assert found["webhooks_total['refused', 'unknown']"] == 1
    assert found["outcomes_total['created']"] == 1
    assert found["outcomes_total['deferred']"] == 1
    assert found["outcomes_total['rejected']"] == 1
    assert found["tasks_total['O\"ps\\n']"] == 1
    assert found["dead_letters_total[]"] == 1


def test_apart() -> None:
    """Two processes in one, as in tests, do not count together."""
    one, other = Metrics(), Metrics()
    one.received("sentry", "kept")

    assert samples(other).get("webhooks_total['kept', 'sentry']") is None


def test_backlog() -> None:
    """The inbox is asked at each scrape; when it cannot be read, that is told and the rest is still there."""
    is_broken = False

    def backlog() -> Backlog:
        if is_broken:
            raise InboxError("inbox.db is locked")
        return Backlog({"waiting": 3, "dead": 1}, 12.5)

    metrics = Metrics(backlog)
    metrics.received("sentry", "kept")
    found = samples(metrics)
    assert found["inbox_up[]"] == 1
    assert found["inbox_messages['waiting']"] == 3
    assert found["inbox_messages['dead']"] == 1
    assert found["inbox_oldest_seconds[]"] == 12.5

    is_broken = True
    found = samples(metrics)
    assert found["inbox_up[]"] == 0
    assert "inbox_oldest_seconds[]" not in found
    assert found["webhooks_total['kept', 'sentry']"] == 1
