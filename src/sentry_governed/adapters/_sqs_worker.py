"""A worker that polls a queue of Amazon SQS."""

from __future__ import annotations

import logging
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from sentry_governed.adapters._aws import Access
from sentry_governed.adapters._settle import handle
from sentry_governed.adapters._sqs_acts import Desk, desk_of
from sentry_governed.adapters._sqs_queue import Delivery, beside, open_queue
from sentry_governed.adapters._watch import Unwatched, Watch
from sentry_governed.errors import ConfigError, InboxError

if TYPE_CHECKING:
    from sentry_governed.routing import Router

_LOG: Final = logging.getLogger("sentry_governed")
_MOST_THREADS: Final = 100
_LONGEST_WAIT: Final = 20
_LONGEST_VISIBILITY: Final = 43_200
_FIRST_PAUSE, _LONGEST_PAUSE, _NAP = 0.5, 30.0, 0.1


class SqsWorker:
    """Routes what waits in a queue of Amazon SQS.

    Each thread receives one message, routes it, and then deletes it, hides it for a while, or puts it with
    the dead letters. While it works, the message stays hidden from others, however long that takes.

    A deferred message does not come closer to the dead letters: on a standard queue a copy is sent with a
    delay of up to 15 minutes, and the original deleted. A FIFO queue takes no delay for one message; there it
    is hidden, and that counts as a delivery.

    Where the queue has a redrive policy, the worker itself puts what cannot become a task into that
    dead-letter queue, with the reason as the message's attribute `sentry_governed_reason`.

    Args:
        queue_url: The queue's URL. It says the region, and for an emulator the endpoint.
        router: Handles the alerts.
        threads: How many messages are handled at once.
        visibility: Seconds for which a message stays hidden when the worker dies.
        wait: Seconds that one poll waits for a message, 1 to 20.
        deadline: Seconds after which nothing is sent any more for one message.
        drain: Seconds that `run` waits after `stop` for the messages that are being handled.
        dead_letter_url: Where dead letters go instead of where the queue's redrive policy says.
        client: An SQS client of boto3 to use instead of own ones. Its read timeout exceeds `wait`.
        region: The AWS region, where the URL does not say it.
        endpoint_url: Where another service than AWS's own listens, where the URL does not say it.
        watch: Told how each message was settled.

    Raises:
        MissingExtraError: boto3 is not installed.
        ConfigError: A URL is not a queue's, a number is out of range, or a client comes with a region.
    """

    def __init__(  # noqa: PLR0913  keywords with defaults
        self,
        queue_url: str,
        router: Router,
        *,
        threads: int = 4,
        visibility: int = 60,
        wait: int = 20,
        deadline: float = 90.0,
        drain: float = 25.0,
        dead_letter_url: str | None = None,
        client: object | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        watch: Watch = Unwatched(),  # noqa: B008  it has no state
    ) -> None:
        _check("threads", threads, 1, _MOST_THREADS)
        _check("visibility", visibility, 1, _LONGEST_VISIBILITY)
        _check("wait", wait, 1, _LONGEST_WAIT)
        _check("deadline", deadline, 1, _LONGEST_VISIBILITY)
        _check("drain", drain, 0, _LONGEST_VISIBILITY)

        def access(read_timeout: float, attempts: int) -> Access:
            return Access(
                region=region,
                endpoint_url=endpoint_url,
                connect_timeout=2,
                read_timeout=read_timeout,
                attempts=attempts,
            )

        self._polled = open_queue(queue_url, client, access(wait + 5, 1))
        self._queue = open_queue(queue_url, client, access(5, 3))
        self._dead = (
            None if dead_letter_url is None else beside(self._queue, dead_letter_url, what="dead_letter_url")
        )
        self._router, self._watch, self._threads = router, watch, threads
        self._visibility, self._wait, self._deadline, self._drain = visibility, wait, deadline, drain
        self._stopping = False
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._held: dict[str, Delivery] = {}
        self._idle = threading.Condition()
        self._ended = threading.Event()
        self._failure: ConfigError | None = None

    def run(self) -> None:
        """Work until `stop` is called; it can be called once.

        An outage of SQS is waited out. A poll that is still waiting then is left to itself: a message that it
        receives yet is given back.

        Raises:
            ConfigError: The queue or a service is configured wrongly; nothing was deleted because of it.
        """
        threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(self._threads)]
        for thread in [*threads, threading.Thread(target=self._stay_hidden, daemon=True)]:
            thread.start()
        self._wake.get()
        with self._idle:
            self._stopping = True
            if not self._idle.wait_for(lambda: not self._held, self._drain):
                _LOG.warning(
                    "%d messages were not finished in time, and are delivered again", len(self._held)
                )
        self._ended.set()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Have `run` return once what is being handled is finished; a signal handler may call it."""
        self._stopping = True
        self._wake.put(None)

    def _loop(self) -> None:
        pause = _FIRST_PAUSE
        desk: Desk | None = None
        while not self._stopping:
            try:
                desk = desk or desk_of(self._queue, self._dead)
                self._take_one(desk)
                pause = _FIRST_PAUSE
            except ConfigError as error:
                self._failure = error
                self.stop()
            except InboxError as error:
                _LOG.warning("trying again in %g s: %s", pause, error)
                self._rest(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception:  # noqa: BLE001  one message must not end the worker
                _LOG.exception("a message is delivered again")
                self._rest(pause)

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            time.sleep(_NAP)

    def _take_one(self, desk: Desk) -> None:
        for delivery in self._polled.receive(most=1, wait=self._wait, visibility=self._visibility):
            if self._begin(delivery):
                try:
                    self._work(desk, delivery)
                finally:
                    self._end(delivery)
            else:
                self._queue.hide(delivery, 0)

    def _work(self, desk: Desk, delivery: Delivery) -> None:
        outcome = handle(self._router, delivery.body, delivery.headers, self._deadline)
        settlement = desk.settle(delivery, outcome)
        self._watch.settled(outcome, settlement)

    def _begin(self, delivery: Delivery) -> bool:
        with self._idle:
            if self._stopping:
                return False
            self._held[delivery.handle] = delivery
            return True

    def _end(self, delivery: Delivery) -> None:
        with self._idle:
            del self._held[delivery.handle]
            self._idle.notify_all()

    def _stay_hidden(self) -> None:
        while not self._ended.wait(self._visibility / 3):
            with self._idle:
                held = list(self._held.values())
            for delivery in held:
                try:
                    self._queue.hide(delivery, self._visibility)
                except (ConfigError, InboxError) as error:
                    _LOG.info("a message may be delivered twice: %s", error)


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} {value:g} is not {low:g} to {high:g}")
