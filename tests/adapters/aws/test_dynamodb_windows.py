"""Every window in which a delivery can fail, and every crash, with the ledger in a table of DynamoDB."""

import asyncio
import functools
import uuid
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sentry_governed.adapters.dynamodb import DynamoLedger
from sentry_governed.typing import Clock, Ledger
from tests.adapters.aws.cloud import Cloud
from tests.routing.conftest import any_way, way, world  # noqa: F401 - the tests below ask for them
from tests.routing.test_crashes import *  # noqa: F403 - the same tests, with the ledger that is named here
from tests.routing.test_state_machine import RouterMachine
from tests.routing.test_windows import *  # noqa: F403 - likewise
from tests.routing.ways import OpenWay, Way, opened_with

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient


@functools.cache
def clients(url: str) -> "DynamoDBClient":
    """One client for all tables."""
    return boto3.Session().client("dynamodb", endpoint_url=url)


@contextmanager
def new_table(cloud: Cloud, clock: Clock) -> Generator[Ledger, None, None]:
    """An empty table; making a client for each would take longer than the tests."""
    table = f"ledger-{uuid.uuid4().hex}"
    client = clients(cloud.url)
    client.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield DynamoLedger(table, client=client, clock=clock)


@pytest.fixture
def open_way(cloud: Cloud) -> OpenWay:
    """A router in threads, with a table of its own."""

    def new_ledger(clock: Clock, _directory: Path, _runner: asyncio.Runner) -> AbstractContextManager[Ledger]:
        return new_table(cloud, clock)

    def opening(clock: Clock) -> AbstractContextManager[Way]:
        return opened_with(False, new_ledger, clock)

    return opening


class DynamoMachine(RouterMachine):
    """Workers that interleave, stop and die anywhere, with a table for their ledger."""

    cloud: Cloud

    def new_ledger(self, clock: Clock) -> AbstractContextManager[Ledger]:
        return new_table(self.cloud, clock)


def test_never_two_and_one_in_the_end_in_a_table(cloud: Cloud) -> None:
    """Live tasks an alert are never more than one, and exactly one once faults stop and deliveries go on."""
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    chosen = settings(max_examples=6, stateful_step_count=30, deadline=None, suppress_health_check=checks)
    machine = type("Machine", (DynamoMachine,), {"cloud": cloud})
    run_state_machine_as_test(machine, settings=chosen)
