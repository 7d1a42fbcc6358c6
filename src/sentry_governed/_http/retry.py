"""What may be sent again, and when: the table and the waits, as pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

import attrs

from sentry_governed._values import Request, Response
from sentry_governed.errors import NotSent, ReplyLost, ResponseTooLarge, TransportError

Outcome: TypeAlias = Response | TransportError

_RATE_LIMITED: Final = 429
_READ_AGAIN = frozenset({429, 500, 502, 503, 504})
_WRITE_AGAIN = frozenset({429, 503})
_SECONDS = re.compile(r"[0-9]{1,9}")
_EPOCH = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")
_LONGEST_DATE: Final = 64


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and how long to try.

    Attributes:
        attempts: In all, the first one included.
        first_wait: Seconds; doubled each time, and each a random half shorter.
        longest_wait: Where the doubling ends. What a service asks for may be longer.
        budget: Seconds for everything together when the caller sets no bound.
    """

    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 8.0
    budget: float = 60.0


def may_repeat(request: Request, outcome: Outcome) -> bool:
    """Whether sending it again is safe and may help."""
    if isinstance(outcome, NotSent):
        return True
    if isinstance(outcome, TransportError):
        is_read = request.method == "GET"
        return is_read and isinstance(outcome, ReplyLost) and not isinstance(outcome, ResponseTooLarge)
    if request.method == "GET":
        return outcome.status in _READ_AGAIN
    if request.method in ("PUT", "DELETE") and request.idempotent:
        return outcome.status in _WRITE_AGAIN
    return outcome.status == _RATE_LIMITED


def wait(
    outcome: Outcome, attempt: int, *, policy: RetryPolicy, now: float, random: Callable[[], float]
) -> float:
    """Seconds until the next attempt: what the service asks for, else a growing random time.

    Args:
        outcome: Of the attempt that just ended.
        attempt: Its number, from 1.
        policy: The bounds of the growing time.
        now: Seconds since the epoch; services name instants too.
        random: Draws from 0 to 1.
    """
    asked = wait_asked(outcome, now) if isinstance(outcome, Response) else None
    if asked is not None and asked > 0:
        return asked
    longest = min(policy.longest_wait, policy.first_wait * 2.0 ** (attempt - 1))
    return longest * (0.5 + random() / 2)


def wait_asked(response: Response, now: float) -> float | None:
    """Seconds that a response asks to wait, or None; `now` is in seconds since the epoch.

    It reads `Retry-After` (RFC 9110), or the end of the rate limit window of Sentry (an instant) or Datadog
    (seconds), which have no such header.
    """
    after = response.header("retry-after")
    if after is not None:
        return float(after) if _SECONDS.fullmatch(after) else _until(after, now)
    reset = response.header("x-sentry-rate-limit-reset")
    if response.status == _RATE_LIMITED and reset is not None and _EPOCH.fullmatch(reset):
        return float(reset) - now
    left = response.header("x-ratelimit-reset")
    if response.status == _RATE_LIMITED and left is not None and _SECONDS.fullmatch(left):
        return float(left)
    return None


def _until(date: str, now: float) -> float | None:
    if len(date) > _LONGEST_DATE:
        return None
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
