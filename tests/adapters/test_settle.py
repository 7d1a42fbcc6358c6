"""What workers make of outcomes."""

import pytest

from sentry_governed import Commented, Created, Deferred, Duplicate, Outcome, Rejected, Skipped, Uncertain
from sentry_governed.adapters._settle import Ack, DeadLetter, Retry, Settlement, settle

GIVEN_UP = "given up after the last delivery"
TABLE: list[tuple[Outcome, Settlement, Settlement]] = [
    (Created("k", "1", "u", "t", "r"), Ack(), Ack()),
    (Commented("k", "1", "u", "t", "r"), Ack(), Ack()),
    (Duplicate("k", "1", "u"), Ack(), Ack()),
    (Skipped("r"), Ack(), Ack()),
    (Deferred("k", 3.0, "busy"), Retry(3.0, "busy"), DeadLetter(f"{GIVEN_UP}: busy")),
    (
        Uncertain("k", 9.0, 1, "lost"),
        Retry(9.0, "lost"),
        DeadLetter("given up after the last delivery: lost"),
    ),
    (Rejected("k", "no project"), DeadLetter("no project"), DeadLetter("no project")),
]


@pytest.mark.parametrize(("outcome", "usually", "at_last"), TABLE, ids=lambda each: type(each).__name__)
def test_table(outcome: Outcome, usually: Settlement, at_last: Settlement) -> None:
    """Each outcome has one settlement, and another one at most on the last delivery."""
    assert settle(outcome, is_last=False) == usually
    assert settle(outcome, is_last=True) == at_last
