"""How sentry.io limits requests: a fixed window of one second per caller, endpoint and method."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable

from sentry_governed._values import Pairs, Response

_USUAL = 999


def too_many(limit: int, remaining_seconds: float, now: float, headers: Pairs = ()) -> Response:
    """A 429: JSON that calls itself HTML, and no `Retry-After`."""
    text = f"You are attempting to use this endpoint too frequently. Limit is {limit} requests in 1 seconds"
    kind = ("content-type", "text/html; charset=utf-8")
    reset = math.ceil(now + remaining_seconds)
    return Response(429, (kind, *rate_headers(limit, 0, reset), *headers), f'{{"detail":"{text}"}}'.encode())


def rate_headers(limit: int, remaining: int, reset: int) -> Pairs:
    """What every answer of a limited endpoint tells."""
    return (
        ("x-sentry-rate-limit-limit", str(limit)),
        ("x-sentry-rate-limit-remaining", str(remaining)),
        ("x-sentry-rate-limit-reset", str(reset)),
    )


class Limits:
    """What every caller has spent.

    Args:
        tight: Requests a second to the endpoints that are limited tightly.
    """

    def __init__(self, tight: int) -> None:
        self._tight = tight
        self._second = 0
        self._spent: Counter[Hashable] = Counter()

    def spend(self, who_and_what: Hashable, now: float, *, tightly: bool) -> tuple[Pairs, Response | None]:
        """Count one request: the headers to answer with, and the refusal if it is one too many."""
        if self._second != int(now):
            self._second = int(now)
            self._spent.clear()
        limit = self._tight if tightly else _USUAL
        self._spent[who_and_what] += 1
        left = limit - self._spent[who_and_what]
        headers = rate_headers(limit, max(0, left), self._second + 1)
        return headers, None if left >= 0 else too_many(limit, self._second + 1 - now, now)
