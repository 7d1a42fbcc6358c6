"""How outcomes are told to people and to shells."""

from __future__ import annotations

import math
from typing import Final

from sentry_governed.routing import (
    Commented,
    Created,
    Deferred,
    Duplicate,
    Outcome,
    Rejected,
    Skipped,
    Uncertain,
)

_EXIT_CODES: Final[dict[type[Outcome], int]] = {Rejected: 1, Deferred: 3, Uncertain: 3}


def exit_code(outcome: Outcome) -> int:
    """0 when it is settled, 1 when it is refused for good, 3 when it has to be tried again."""
    return _EXIT_CODES.get(type(outcome), 0)


def meaning(outcome: Outcome) -> str:
    """What happened, in a few words."""
    match outcome:
        case Created():
            return "a task was created"
        case Commented():
            return "an earlier task was commented on"
        case Duplicate():
            return "the task was there already"
        case Skipped():
            return outcome.reason
        case Rejected():
            return outcome.problem
        case Deferred() | Uncertain():
            return f"{outcome.reason}; try again after {math.ceil(outcome.retry_after)} s"
