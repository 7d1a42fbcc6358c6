"""What Prometheus is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import attrs

from sentry_governed.adapters._settle import DeadLetter, Settlement
from sentry_governed.errors import MissingExtraError, SentryGovernedError
from sentry_governed.routing import Created, Outcome, ReconcileReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

_LOG: Final = logging.getLogger("sentry_governed")


@attrs.frozen
class Backlog:
    """What waits in an inbox.

    Attributes:
        messages: How many messages are in each state.
        oldest: Seconds that the oldest message that is to be handled has been there; 0 without one.
    """

    messages: Mapping[str, int]
    oldest: float


class Metrics:
    """A `Watch` that counts, in a registry of its own.

    Args:
        backlog: Asked at each scrape, or None where the inbox is not ours to look into.

    Raises:
        MissingExtraError: prometheus-client is not installed.
    """

    def __init__(self, backlog: Callable[[], Backlog] | None = None) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge
        except ModuleNotFoundError:
            raise MissingExtraError(
                "metrics need an extra: pip install 'sentry-governed[webhooks]'"
            ) from None
        registry = CollectorRegistry()

        def counter(name: str, documentation: str, *labels: str) -> Counter:
            return Counter(f"sentry_governed_{name}", documentation, labels, registry=registry)

        self._registry = registry
        self._webhooks = counter("webhooks", "Requests to the webhook endpoint.", "source", "verdict")
        self._outcomes = counter("outcomes", "Handled deliveries by what became of them.", "outcome")
        self._tasks = counter("tasks", "Tasks that were created.", "team")
        self._dead = counter("dead_letters", "Deliveries that were put aside for a person.")
        self._reconciled = counter("reconciled_issues", "Issues that the reconciler looked at.", "result")
        self._rounds = counter("reconcile_rounds", "Rounds of the reconciler.", "result")
        self._last_round = Gauge(
            "sentry_governed_reconcile_last_success_timestamp_seconds",
            "When the reconciler last finished a round.",
            registry=registry,
        )
        if backlog is not None:
            registry.register(_Inbox(backlog))

    def received(self, source: str, verdict: str) -> None:
        """See `Watch.received`."""
        self._webhooks.labels(source, verdict).inc()

    def settled(self, outcome: Outcome, settlement: Settlement) -> None:
        """See `Watch.settled`."""
        self._outcomes.labels(type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Created):
            self._tasks.labels(outcome.team).inc()
        if isinstance(settlement, DeadLetter):
            self._dead.inc()

    def reconciled(self, report: ReconcileReport) -> None:
        """A round of the reconciler ended."""
        counts = {"covered": report.covered, "waiting": report.waiting, "withheld": report.withheld}
        for name, count in {**counts, **report.counts}.items():
            self._reconciled.labels(name.lower()).inc(count)
        for outcome in report.outcomes:
            if isinstance(outcome, Created):
                self._tasks.labels(outcome.team).inc()
        self._rounds.labels("problems" if report.problems else "whole").inc()
        if not report.problems:
            self._last_round.set_to_current_time()

    def text(self) -> tuple[bytes, str]:
        """All that is known now, and its content type."""
        from prometheus_client import generate_latest
        from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4


@attrs.frozen
class _Inbox:
    """Asks the inbox at each scrape; an inbox that cannot be asked is told as such."""

    backlog: Callable[[], Backlog]

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        is_up = GaugeMetricFamily("sentry_governed_inbox_up", "Whether the inbox can be read.")
        try:
            found = self.backlog()
        except SentryGovernedError as error:
            _LOG.warning("the inbox cannot be read: %s", error)
            is_up.add_metric((), 0)
            yield is_up
            return
        is_up.add_metric((), 1)
        yield is_up
        messages = GaugeMetricFamily(
            "sentry_governed_inbox_messages", "Messages in the inbox.", labels=("state",)
        )
        for state, count in found.messages.items():
            messages.add_metric((state,), count)
        yield messages
        yield GaugeMetricFamily(
            "sentry_governed_inbox_oldest_seconds",
            "How long the oldest message that is to be handled has been there.",
            value=found.oldest,
        )
