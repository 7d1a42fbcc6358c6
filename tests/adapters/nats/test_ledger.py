"""The ledger in a key-value bucket of a real server: it passes the conformance suite."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.adapters.nats.server import NatsServer
from tests.adapters.nats.stores import new_bucket
from tests.routing.ledger_conformance import LedgerConformance, NewStore, running_loop


class TestNatsLedger(LedgerConformance):
    """The bucket is the store; each handle has its own connection."""

    @pytest.fixture
    def new_store(self, server: NatsServer) -> Iterator[NewStore]:
        with running_loop() as loop:
            yield partial(new_bucket, server, loop=loop)
