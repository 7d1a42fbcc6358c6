"""What in a queue's settings would lose work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from sentry_governed.adapters._sqs_queue import MOST_BYTES, redrive_of

_TIMES: Final = 6
_LEAST_RECEIVES: Final = 5
_DAY: Final = 86_400


@attrs.frozen
class Finding:
    """One setting that would lose work.

    Attributes:
        check: A name for machines.
        problem: What is wrong.
        advice: What to set.
    """

    check: str
    problem: str
    advice: str


def examine(
    queue: Mapping[str, str],
    dead: Mapping[str, str] | None,
    *,
    function_timeout: int | None = None,
    batch_window: int = 0,
) -> Iterator[Finding]:
    """What is wrong with a queue.

    Args:
        queue: Its settings by AWS's names.
        dead: Those of its dead-letter queue, or None when it could not be read.
        function_timeout: Seconds that the Lambda function behind it may take, if there is one.
        batch_window: Seconds for which Lambda gathers a batch.
    """
    if function_timeout is not None:
        yield from _visibility(queue, _TIMES * function_timeout + batch_window)
    yield from _dead_letters(queue, dead)
    if _number(queue, "MessageRetentionPeriod", _DAY) < _DAY:
        kept = queue["MessageRetentionPeriod"]
        yield Finding(
            "retention",
            f"messages are dropped after {kept} seconds, though nothing was done with them",
            "set MessageRetentionPeriod to 1209600 (14 days)",
        )
    if (size := _number(queue, "MaximumMessageSize", MOST_BYTES)) < MOST_BYTES:
        yield Finding(
            "size",
            f"messages over {size} bytes are refused, and the inbox sends up to {MOST_BYTES}",
            f"set MaximumMessageSize to at least {MOST_BYTES}, or give the inbox a lower limit",
        )


def _visibility(queue: Mapping[str, str], least: int) -> Iterator[Finding]:
    hidden = _number(queue, "VisibilityTimeout", 30)
    if hidden < least:
        yield Finding(
            "visibility",
            f"a message is delivered again after {hidden} seconds, while the function may still work on it",
            f"set VisibilityTimeout to at least {least}: 6 times the function's timeout, plus the window",
        )


def _dead_letters(queue: Mapping[str, str], dead: Mapping[str, str] | None) -> Iterator[Finding]:
    redrive = redrive_of(queue)
    if redrive is None:
        yield Finding(
            "no_dead_letter_queue",
            "what fails again and again is delivered until it is dropped",
            "make a dead-letter queue, and a RedrivePolicy with maxReceiveCount 5 or more",
        )
        return
    if redrive.most_receives < _LEAST_RECEIVES:
        yield Finding(
            "max_receive_count",
            f"messages are given up after {redrive.most_receives} deliveries, which a short outage uses up",
            f"set maxReceiveCount to {_LEAST_RECEIVES} or more",
        )
    if dead is None:
        yield Finding(
            "dead_letter_queue_unreadable",
            f"the dead-letter queue {redrive.target} is not there, or may not be read",
            "make it, or allow sqs:GetQueueUrl and sqs:GetQueueAttributes on it",
        )
        return
    kept, source = (_number(each, "MessageRetentionPeriod", 0) for each in (dead, queue))
    if queue.get("FifoQueue") != "true" and kept <= source:
        yield Finding(
            "dead_letter_retention",
            f"dead letters are dropped {kept} seconds after they were first sent, and the queue itself keeps "
            f"messages for {source}: some are dropped before anybody sees them",
            "set the dead-letter queue's MessageRetentionPeriod to 1209600 (14 days), and the queue's lower",
        )


def _number(settings: Mapping[str, str], name: str, default: int) -> int:
    return int(settings.get(name, default))
