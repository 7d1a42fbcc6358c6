"""NATS JetStream: a ledger in a key-value bucket. It needs the `nats` extra."""

from sentry_governed.adapters._nats_config import NatsConfig
from sentry_governed.adapters._nats_ledger import NatsLedger

__all__ = ["NatsConfig", "NatsLedger"]
