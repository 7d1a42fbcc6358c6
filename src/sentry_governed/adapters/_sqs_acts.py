"""What becomes of a message on its queue once the router is done with it."""

from __future__ import annotations

import logging
import math
from typing import Final

import attrs

from sentry_governed.adapters._settle import Ack, DeadLetter, Retry, Settlement, settle
from sentry_governed.adapters._sqs_queue import LONGEST_DELAY, Delivery, Queue, Redrive, bury, redrive_of
from sentry_governed.routing import Deferred, Outcome

_LOG: Final = logging.getLogger("sentry_governed")
_LONGEST_HIDDEN: Final = 36_000


@attrs.frozen
class Desk:
    """Settles deliveries.

    Attributes:
        queue: Where they came from.
        dead: Where those go that are given up, if anybody knows.
        redrive: When SQS itself gives up.
    """

    queue: Queue
    dead: Queue | None
    redrive: Redrive | None

    def settle(self, delivery: Delivery, outcome: Outcome) -> Settlement:
        """Do with the message what the outcome asks for.

        Raises:
            ConfigError: A queue is not there, or the credentials may not do this.
            InboxError: It may not have been done; the message is delivered again.
        """
        # What is deferred waits for others, so on a queue that takes delays a copy begins its count anew.
        renews = isinstance(outcome, Deferred) and not self.queue.is_fifo
        settlement = settle(outcome, is_last=self._is_last(delivery) and not renews)
        match settlement:
            case Ack():
                self.queue.delete(delivery)
            case Retry(after=after) if renews:
                delay = min(math.ceil(after), LONGEST_DELAY)
                self.queue.send(delivery.body, delivery.attributes, delay=delay)
                self.queue.delete(delivery)
            case Retry(after=after):
                self.queue.hide(delivery, min(math.ceil(after), _LONGEST_HIDDEN))
            case DeadLetter(reason=reason):
                self._bury(delivery, reason)
        return settlement

    def _is_last(self, delivery: Delivery) -> bool:
        return self.redrive is not None and delivery.receives >= self.redrive.most_receives

    def _bury(self, delivery: Delivery, reason: str) -> None:
        if self.dead is None:
            _LOG.warning("message %s has nowhere to be put aside: %s", delivery.id, reason)
            self.queue.hide(delivery, LONGEST_DELAY)
            return
        _LOG.warning("message %s goes to the dead letters: %s", delivery.id, reason)
        bury(self.dead, delivery, reason)
        self.queue.delete(delivery)


def desk_of(queue: Queue, dead_letters: Queue | None) -> Desk:
    """The desk of a queue, whose settings say where its dead letters go unless that is told.

    Raises:
        ConfigError: The queue is not there, or the credentials may not read its settings.
        InboxError: It did not answer.
    """
    redrive = redrive_of(queue.settings())
    if dead_letters is None and redrive is not None:
        dead_letters = queue.of_arn(redrive.target)
    return Desk(queue, dead_letters, redrive)
