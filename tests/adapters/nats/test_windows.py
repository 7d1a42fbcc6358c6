"""Every window in which a delivery can fail, and every crash, with the ledger in a real server's bucket."""

import asyncio
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sentry_governed.typing import AsyncLedger, Clock, Ledger
from tests.adapters.nats.server import NatsServer, running
from tests.adapters.nats.stores import bridged, new_bucket
from tests.routing.conftest import any_way, way, world  # noqa: F401 - the tests below ask for them
from tests.routing.ledger_conformance import running_loop
from tests.routing.test_crashes import *  # noqa: F403 - the same tests, with the ledger that is named here
from tests.routing.test_state_machine import RouterMachine
from tests.routing.test_windows import *  # noqa: F403 - likewise
from tests.routing.ways import OpenWay, Way, opened_with


@pytest.fixture
def open_way(server: NatsServer) -> OpenWay:
    """A router on an event loop, with a bucket of its own."""

    @contextmanager
    def new_ledger(
        clock: Clock, _directory: Path, _runner: asyncio.Runner
    ) -> Generator[AsyncLedger, None, None]:
        with bridged(server, clock) as ledger:
            yield ledger

    def opening(clock: Clock) -> AbstractContextManager[Way]:
        return opened_with(True, new_ledger, clock)

    return opening


class NatsMachine(RouterMachine):
    """Workers that interleave, stop and die anywhere, with a bucket for their ledger."""

    server: NatsServer

    @contextmanager
    def new_ledger(self, clock: Clock) -> Generator[Ledger, None, None]:
        with running_loop() as loop, new_bucket(self.server, clock, loop) as store:
            yield store()


def test_never_two_and_one_in_the_end_in_a_bucket() -> None:
    """Live tasks an alert are never more than one, and exactly one once faults stop and deliveries go on."""
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    chosen = settings(max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=checks)
    with running() as server:
        machine = type("Machine", (NatsMachine,), {"server": server})
        run_state_machine_as_test(machine, settings=chosen)
