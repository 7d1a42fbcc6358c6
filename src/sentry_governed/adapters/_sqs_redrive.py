"""Moving dead letters back, one at a time, so that stopping half way loses nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from sentry_governed.adapters._sqs_queue import Queue, without_reason
from sentry_governed.errors import ConfigError

Step: TypeAlias = Literal["moved", "left"]

_BATCH: Final = 10
_WAIT: Final = 2
_HIDDEN: Final = 120


def redrive(dead: Queue, target: Queue, *, started: float) -> Iterator[Step]:
    """Send each message on, and then delete it; one that was put there meanwhile is left.

    A message that was sent on and not deleted any more is delivered twice, which the ledger makes harmless.

    Args:
        dead: Where the messages are.
        target: Where they are to be worked on.
        started: The time now, in seconds since the epoch: what is given up again would never come to an end.

    Yields:
        What became of each message.

    Raises:
        ConfigError: A queue is not there, or the credentials may not do this.
        InboxError: A queue cannot be used; what is not deleted is still there.
    """
    while found := dead.receive(most=_BATCH, wait=_WAIT, visibility=_HIDDEN):
        for delivery in found:
            if delivery.sent_at > started:
                yield "left"
                continue
            # SQS would drop a message that it has seen in the last five minutes, so it has a new name.
            attributes, once = without_reason(delivery.attributes), uuid.uuid4().hex
            target.send(delivery.body, attributes, group=delivery.group, once=once)
            dead.delete(delivery)
            yield "moved"


def target_of(dead: Queue) -> Queue:
    """The one queue whose dead letters go there.

    Raises:
        ConfigError: There is none, or more than one, or it may not be asked for.
        InboxError: SQS did not answer.
    """
    sources = dead.sources()
    if len(sources) != 1:
        told = ", ".join(sources) if sources else "no queue"
        raise ConfigError(f"{dead.url} has the dead letters of {told}; say with --to where they belong")
    return Queue(sources[0], dead.client)
