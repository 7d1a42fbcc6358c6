"""The table in DynamoDB passes what every ledger must."""

import uuid
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import pytest

from sentry_governed.adapters.dynamodb import DynamoLedger
from sentry_governed.typing import Clock
from tests.adapters.aws.cloud import Cloud
from tests.routing.ledger_conformance import LedgerConformance, NewStore, Store


class TestDynamoLedger(LedgerConformance):
    """The table is the store; each handle has its own connections."""

    examples = 15

    @pytest.fixture
    def new_store(self, cloud: Cloud) -> NewStore:
        @contextmanager
        def new(clock: Clock) -> Generator[Store, None, None]:
            table = f"ledger-{uuid.uuid4().hex}"
            with ExitStack() as opened:

                def handle() -> DynamoLedger:
                    return opened.enter_context(DynamoLedger(table, endpoint_url=cloud.url, clock=clock))

                handle().create_table()
                yield handle

        return new
