"""What the tests of approvals and of audit files share."""

from pathlib import Path

import pytest

from sentry_governed._secret import Secret
from sentry_governed.policy import SignedApprovals
from sentry_governed.testing import FrozenClock


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that the tests move."""
    return FrozenClock(1_700_000_000.0)


@pytest.fixture(params=["memory", "file"])
def approvals(request: pytest.FixtureRequest, clock: FrozenClock, tmp_path: Path) -> SignedApprovals:
    """Approvals that remember in memory, and in a file."""
    store = tmp_path / "approvals.db" if request.param == "file" else None
    return SignedApprovals([Secret("k" * 31 + "1")], store=store, clock=clock)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where an audit goes."""
    return tmp_path / "audit.jsonl"
