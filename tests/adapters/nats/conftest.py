"""A server for each module, and one of its own for tests that break it."""

from collections.abc import Iterator

import pytest

from tests.adapters.nats.server import NatsServer, running


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    """One server for the module's tests."""
    with running() as server:
        yield server


@pytest.fixture
def fragile() -> Iterator[NatsServer]:
    """A server for one test, which may do to it what it likes."""
    with running() as server:
        yield server
