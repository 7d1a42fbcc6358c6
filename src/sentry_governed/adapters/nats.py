"""NATS JetStream: an inbox, workers, and a ledger in a key-value bucket. It needs the `nats` extra."""

from sentry_governed.adapters._nats_config import NatsConfig
from sentry_governed.adapters._nats_inbox import JetStreamInbox
from sentry_governed.adapters._nats_ledger import NatsLedger
from sentry_governed.adapters._nats_queue import JetStreamQueue
from sentry_governed.adapters._nats_worker import JetStreamWorker

__all__ = ["JetStreamInbox", "JetStreamQueue", "JetStreamWorker", "NatsConfig", "NatsLedger"]
