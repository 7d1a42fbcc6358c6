"""Whether webhooks can be kept, as far as the last ones tell."""

from sentry_governed.adapters._kept import Kept
from sentry_governed.adapters._settle import Ack
from sentry_governed.adapters._watch import Unwatched
from sentry_governed.routing import Outcome, Skipped


class Told(Unwatched):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def received(self, source: str, verdict: str) -> None:
        self.calls.append((source, verdict))

    def settled(self, outcome: Outcome, settlement: object) -> None:
        self.calls.append((outcome, settlement))


def test_last_verdict() -> None:
    """One that could not be kept is a problem until one is kept; what was refused or ignored says nothing."""
    kept = Kept(Told())
    assert kept.problems() == []
    kept.received("sentry", "unavailable")
    kept.received("unknown", "refused")
    kept.received("sentry", "ignored")
    assert kept.problems() == ["the last webhook could not be kept"]
    kept.received("sentry", "quarantined")
    assert kept.problems() == []


def test_told_on() -> None:
    """Everything is told on."""
    told = Told()
    kept = Kept(told)
    kept.received("datadog", "kept")
    kept.settled(Skipped("why"), Ack())

    assert told.calls == [("datadog", "kept"), (Skipped("why"), Ack())]
