"""Which failures stay, which pass, and which leave open whether anything was done."""

from __future__ import annotations

from typing import Final

from sentry_governed.errors import (
    ApiError,
    BadRequest,
    CreateUncertain,
    Denied,
    Gone,
    NoAccess,
    NotFound,
    PlanTooSmall,
    Redirected,
    ReplyLost,
    RequestRefused,
    ResponseTooLarge,
    SentryGovernedError,
    ServiceFailed,
    TokenRefused,
    UnexpectedAnswer,
)
from sentry_governed.routing._options import Options

_STAYS: Final = (
    BadRequest,
    Denied,
    Gone,
    NoAccess,
    NotFound,
    PlanTooSmall,
    Redirected,
    RequestRefused,
    ResponseTooLarge,
    UnexpectedAnswer,
)
_LEAVES_OPEN: Final = (CreateUncertain, ReplyLost, ServiceFailed, UnexpectedAnswer)
_GAVE_UP_WAITING: Final = 408
_PATIENCE_FOR_OPERATORS: Final = 10
_LONGEST_WAIT: Final = 3600.0


def stays(error: SentryGovernedError) -> bool:
    """Whether asking again gets the same answer.

    A refused token is not among these: an operator mends it, and no alert is lost meanwhile.
    """
    return isinstance(error, _STAYS) and not _timed_out(error)


def leaves_open(error: SentryGovernedError) -> bool:
    """Whether a write that ended so may have been applied."""
    return isinstance(error, _LEAVES_OPEN) or _timed_out(error)


def wait_after(error: SentryGovernedError, options: Options) -> float:
    """Seconds after which it is worth another try.

    What a service asks for counts up to an hour: one slip of it must not put an alert off for years.
    """
    asked = error.retry_after if isinstance(error, ApiError) else None
    wait = min(asked, _LONGEST_WAIT) if asked else options.retry_after
    return wait * _PATIENCE_FOR_OPERATORS if isinstance(error, TokenRefused) else wait


def _timed_out(error: SentryGovernedError) -> bool:
    return isinstance(error, BadRequest) and error.status == _GAVE_UP_WAITING
