"""Worlds of fakes, and the ways to run a router in them."""

from collections.abc import Iterator

import pytest

from tests.routing.makers import World
from tests.routing.ways import WAYS, Way, opened


@pytest.fixture
def world() -> World:
    """Fakes with every project, and a clock that stands still."""
    return World.new()


@pytest.fixture(params=["sync, memory", "async, memory"])
def way(request: pytest.FixtureRequest, world: World) -> Iterator[Way]:
    """In threads and on an event loop."""
    with opened(request.param, world.clock) as way:
        yield way


@pytest.fixture(params=WAYS)
def any_way(request: pytest.FixtureRequest, world: World) -> Iterator[Way]:
    """With every ledger."""
    with opened(request.param, world.clock) as way:
        yield way
