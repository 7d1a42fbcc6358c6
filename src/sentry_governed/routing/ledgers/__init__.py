"""Where the router remembers what it did: compare-and-set stores of small texts."""

from sentry_governed.routing.ledgers._memory import AsyncMemoryLedger, MemoryLedger
from sentry_governed.routing.ledgers._sqlite import SqliteLedger

__all__ = ["AsyncMemoryLedger", "MemoryLedger", "SqliteLedger"]
