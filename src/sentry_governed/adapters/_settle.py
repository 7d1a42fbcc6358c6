"""What a worker makes of an outcome, whatever the queue: one table for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs

from sentry_governed._values import InboxMessage
from sentry_governed.adapters._envelope import alert_in, alert_of
from sentry_governed.alerts import Alert, Headers, Ignored
from sentry_governed.errors import PayloadError
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

if TYPE_CHECKING:
    from sentry_governed.routing import AsyncRouter, Router


@attrs.frozen
class Ack:
    """It is done: take it off the queue."""


@attrs.frozen
class Retry:
    """Deliver it again.

    Attributes:
        after: Seconds to wait first.
        reason: Why, in one line.
    """

    after: float
    reason: str


@attrs.frozen
class DeadLetter:
    """Put it aside for a person, and off the queue.

    Attributes:
        reason: Why, in one line.
    """

    reason: str


Settlement: TypeAlias = Ack | Retry | DeadLetter
Delivered: TypeAlias = bytes | str | InboxMessage


def settle(outcome: Outcome, *, is_last: bool) -> Settlement:
    """What to do with the delivery that ended so.

    Args:
        outcome: What the router said.
        is_last: Whether the queue will not deliver it again by itself.
    """
    match outcome:
        case Created() | Commented() | Duplicate() | Skipped():
            return Ack()
        case Rejected(problem=problem):
            return DeadLetter(problem)
        case Deferred(retry_after=after, reason=reason) | Uncertain(retry_after=after, reason=reason):
            return (
                DeadLetter(f"given up after the last delivery: {reason}") if is_last else Retry(after, reason)
            )


def handle(
    router: Router, data: Delivered, headers: Headers | None = None, deadline: float | None = None
) -> Outcome:
    """Route what a queue delivered; what cannot be read is Rejected.

    Args:
        router: Handles it.
        data: A message, an envelope of this library, or a whole webhook body that its producer verified.
        headers: Of the webhook, where there is no envelope; they tell the sender and the resource.
        deadline: Seconds from now after which nothing is sent any more.

    Raises:
        ConfigError: Something is configured wrongly.
    """
    found = _read(data, headers)
    return found if isinstance(found, Rejected) else router.handle(found, deadline)


async def ahandle(
    router: AsyncRouter, data: Delivered, headers: Headers | None = None, deadline: float | None = None
) -> Outcome:
    """`handle` for asyncio."""
    found = _read(data, headers)
    return found if isinstance(found, Rejected) else await router.handle(found, deadline)


def _read(data: Delivered, headers: Headers | None) -> Alert | Ignored | Rejected:
    try:
        return alert_of(data) if isinstance(data, InboxMessage) else alert_in(data, headers)
    except PayloadError as error:
        return Rejected("", str(error))
