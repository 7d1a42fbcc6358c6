"""The function that AWS Lambda calls with the messages of a queue."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, TypedDict

from sentry_governed.adapters._aws import Access
from sentry_governed.adapters._settle import Ack, DeadLetter, Retry, Settlement, handle, settle
from sentry_governed.adapters._sqs_event import groups_in
from sentry_governed.adapters._sqs_queue import Delivery, Queue, bury, check_queue_url, open_queue
from sentry_governed.adapters._watch import Unwatched, Watch
from sentry_governed.errors import ConfigError, InboxError

if TYPE_CHECKING:
    from sentry_governed.routing import Router

_LOG: Final = logging.getLogger("sentry_governed")
_MOST_THREADS: Final = 100


class BatchItemFailure(TypedDict):
    """One message that is to be delivered again; the name is AWS's."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """What Lambda is answered: it deletes every message of the batch that is not in it; the name is AWS's."""

    batchItemFailures: list[BatchItemFailure]


class LambdaContext(Protocol):
    """What Lambda tells a handler about its invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is ended."""
        ...


Handler: TypeAlias = "Callable[[Mapping[str, object], LambdaContext], BatchResponse]"


def batch_response(failed: Iterable[str]) -> BatchResponse:
    """The answer that has Lambda delete every message but these.

    Args:
        failed: Message ids; one that is empty would have Lambda keep the whole batch.
    """
    return {"batchItemFailures": [{"itemIdentifier": each} for each in dict.fromkeys(failed)]}


def lambda_sqs(
    router: Router | Callable[[], Router],
    *,
    threads: int = 8,
    reserve: float = 5.0,
    dead_letter_url: str | None = None,
    client: object | None = None,
    watch: Watch = Unwatched(),  # noqa: B008  it has no state
) -> Handler:
    """A handler for AWS Lambda whose trigger is a queue of SQS.

    The trigger must have `ReportBatchItemFailures`. Without it Lambda takes no notice of what the handler
    answers and deletes messages that are not done.

    Nothing is sent to other services in the last `reserve` seconds of an invocation, and no message is begun
    in the `reserve` seconds before those; what was not begun is delivered again. On a FIFO queue a message
    that is not done keeps back the rest of its group.

    Args:
        router: A router, or a function that makes one. It is called in the first invocation, and what it
            makes is kept, with its connections, for the following ones.
        threads: How many messages are handled at once.
        reserve: Seconds; the function's timeout must be more than twice as long.
        dead_letter_url: Where a message goes, with the reason, that can never become a task. By default it
            is delivered again until the queue's own redrive policy puts it aside.
        client: An SQS client of boto3 to send dead letters with instead of an own one.
        watch: Told how each message was settled.

    Returns:
        The function for Lambda to call. It raises `ConfigError` when the router or the function's timeout is
        configured wrongly, and `PayloadError` when the event is not one of SQS: the whole batch is delivered
        again then.

    Raises:
        ConfigError: A number is out of range, or the URL is not a queue's.
    """
    if not 1 <= threads <= _MOST_THREADS:
        raise ConfigError(f"threads {threads} is not 1 to {_MOST_THREADS}")
    if not reserve > 0:
        raise ConfigError(f"reserve {reserve} is not a number of seconds above 0")
    if dead_letter_url is not None:
        check_queue_url(dead_letter_url, what="dead_letter_url")
    return _Consumer(_Once(router), threads, reserve, _Dead(dead_letter_url, client), watch).consume


class _Once:
    """A router that is made when it is first needed; one that could not be made is tried again."""

    def __init__(self, router: Router | Callable[[], Router]) -> None:
        self._make = router if callable(router) else lambda: router
        self._lock = threading.Lock()
        self._made: Router | None = None

    def get(self) -> Router:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


class _Dead:
    """The queue of the dead letters; boto3 is not loaded before there is one."""

    def __init__(self, url: str | None, client: object | None) -> None:
        self._url = url
        self._client = client
        self._lock = threading.Lock()
        self._queue: Queue | None = None

    def take(self, delivery: Delivery, reason: str) -> bool:
        """Whether it is there now."""
        _LOG.warning("message %s can never become a task: %s", delivery.id, reason)
        if self._url is None:
            return False
        try:
            bury(self._open(self._url), delivery, reason)
        except (ConfigError, InboxError) as error:
            _LOG.error("message %s could not be put with the dead letters: %s", delivery.id, error)
            return False
        return True

    def _open(self, url: str) -> Queue:
        access = Access(region=None, endpoint_url=None, connect_timeout=1, read_timeout=2, attempts=3)
        with self._lock:
            if self._queue is None:
                self._queue = open_queue(url, self._client, access)
            return self._queue


class _Consumer:
    def __init__(self, router: _Once, threads: int, reserve: float, dead: _Dead, watch: Watch) -> None:
        self._router = router
        self._threads = threads
        self._reserve = reserve
        self._dead = dead
        self._watch = watch

    def consume(self, event: Mapping[str, object], context: LambdaContext) -> BatchResponse:
        """Handle one batch."""
        groups = groups_in(event)
        if self._seconds(context) <= self._reserve:
            raise ConfigError(
                f"the function starts with {self._seconds(context) + self._reserve:g} s left, and begins "
                f"nothing in the last {2 * self._reserve:g} s; raise its timeout, or lower reserve"
            )
        router = self._router.get()

        def failed(group: Sequence[Delivery]) -> Iterable[str]:
            return self._failed(group, router, context)

        # A thread that goes on after the answer would be frozen, and wake up long after its lease.
        with ThreadPoolExecutor(min(self._threads, len(groups) or 1)) as pool:
            return batch_response(chain.from_iterable(pool.map(failed, groups)))

    def _seconds(self, context: LambdaContext) -> float:
        """Until the time after which nothing is sent."""
        return context.get_remaining_time_in_millis() / 1000 - self._reserve

    def _failed(self, group: Sequence[Delivery], router: Router, context: LambdaContext) -> list[str]:
        for number, delivery in enumerate(group):
            seconds = self._seconds(context)
            if seconds <= self._reserve or not self._is_done(delivery, router, seconds):
                return [each.id for each in group[number:]]
        return []

    def _is_done(self, delivery: Delivery, router: Router, seconds: float) -> bool:
        try:
            outcome = handle(router, delivery.body, delivery.headers, seconds)
        except ConfigError:
            raise
        except Exception:  # noqa: BLE001  the other messages of the batch are not to blame
            _LOG.exception("message %s is delivered again", delivery.id)
            return False
        settlement = settle(outcome, is_last=False)
        is_done = self._is_settled(delivery, settlement)
        self._watch.settled(outcome, settlement)
        return is_done

    def _is_settled(self, delivery: Delivery, settlement: Settlement) -> bool:
        match settlement:
            case Ack():
                return True
            case Retry():
                return False
            case DeadLetter(reason=reason):
                return self._dead.take(delivery, reason)
