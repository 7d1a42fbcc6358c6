"""A fake Sentry, and clients of each kind for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sentry_governed.testing import FakeInstallation, FakeSentry
from tests.sentry.doors import ISSUE, KINDS, TOKEN, Door, Guard, door_to


@pytest.fixture
def fake() -> FakeSentry:
    """A Sentry with an issue and an event."""
    fake = FakeSentry(token=TOKEN)
    fake.add_issue("acme", "web", issue_id=ISSUE, title="Queue is long", level="warning")
    fake.add_event(ISSUE, event_id="ab" * 16, tags={"service": "queue", "customer": ["a", "b"]})
    return fake


@pytest.fixture
def installation(fake: FakeSentry) -> FakeInstallation:
    """An integration in the organization."""
    return fake.add_installation("acme")


@pytest.fixture
def guard() -> Guard:
    """A guard that denies nothing yet."""
    return Guard()


@pytest.fixture(params=KINDS)
def door(
    request: pytest.FixtureRequest, fake: FakeSentry, installation: FakeInstallation, guard: Guard
) -> Iterator[Door]:
    """A client of each kind."""
    with door_to(fake, str(request.param), guard, installation) as opened:
        yield opened
