"""A fake Asana, and clients of each kind for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sentry_governed.testing import FakeAsana
from tests.asana.doors import KINDS, PROJECT, TOKEN, Door, door_to


@pytest.fixture
def fake() -> FakeAsana:
    """An Asana with one project in one portfolio."""
    fake = FakeAsana(token=TOKEN)
    fake.add_portfolio("Sprints", gid="21")
    fake.add_project("Backlog", gid=PROJECT, portfolio="21", created_at=1_700_000_000.0)
    return fake


@pytest.fixture(params=KINDS)
def door(request: pytest.FixtureRequest, fake: FakeAsana) -> Iterator[Door]:
    """A client of each kind."""
    with door_to(fake, str(request.param)) as opened:
        yield opened
