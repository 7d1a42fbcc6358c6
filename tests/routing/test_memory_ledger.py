"""The ledgers in memory."""

from sentry_governed.routing.ledgers import MemoryLedger
from sentry_governed.testing import FrozenClock


def test_memory_bounded() -> None:
    """Expired records do not pile up in memory."""
    clock = FrozenClock()
    ledger = MemoryLedger(clock=clock)
    for number in range(1000):
        ledger.put(f"k.{number}", "v", expected=None, expires_at=clock.time() + 10)
        clock.advance(1)

    assert len(ledger._records) <= 30
