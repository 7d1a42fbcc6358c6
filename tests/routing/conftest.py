"""Worlds of fakes, and the ways to run a router in them."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.routing.makers import World
from tests.routing.ways import WAYS, OpenWay, Way, opened


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
def open_way(request: pytest.FixtureRequest) -> OpenWay:
    """How a router is run with each ledger; a ledger that needs an extra overrides this beside its tests."""
    return partial(opened, request.param)


@pytest.fixture
def any_way(open_way: OpenWay, world: World) -> Iterator[Way]:
    """With every ledger."""
    with open_way(world.clock) as way:
        yield way
