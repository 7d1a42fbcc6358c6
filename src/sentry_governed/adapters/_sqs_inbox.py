"""An inbox that is a queue of Amazon SQS."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from typing import Final, Self

from sentry_governed._values import InboxMessage
from sentry_governed.adapters._aws import Access
from sentry_governed.adapters._envelope import packed
from sentry_governed.adapters._sqs_queue import MOST_BYTES, beside, open_queue
from sentry_governed.errors import ConfigError, InboxError

_FOR_ATTRIBUTES: Final = 2048
_LEAST_BYTES: Final = 1024
_MOST_AT_ONCE: Final = 32
_LONGEST: Final = 60.0


class SqsInbox:
    """An `Inbox` that is a queue of Amazon SQS; any number of threads may share it.

    On a FIFO queue each alert is a group of its own, and for five minutes SQS drops every further message of
    the same alert, whatever became of the first.

    Args:
        queue_url: The queue's URL. It says the region, and for an emulator the endpoint.
        quarantine_url: Where messages go that no worker could route; by default to the same queue, whose
            worker puts them with the dead letters.
        limit: How many bytes a message may have, its body trimmed to fit. The default leaves room in 256 KiB
            for the attributes of a dead letter; a queue whose `MaximumMessageSize` is 1 MiB takes more.
        timeout: Seconds that `put` takes at most, whatever the network does.
        client: An SQS client of boto3 to use instead of an own one.
        region: The AWS region, where the URL does not say it.
        endpoint_url: Where another service than AWS's own listens, where the URL does not say it.

    Raises:
        MissingExtraError: boto3 is not installed.
        ConfigError: A URL is not a queue's, a number is out of range, or a client comes with a region.
    """

    def __init__(
        self,
        queue_url: str,
        *,
        quarantine_url: str | None = None,
        limit: int = MOST_BYTES - _FOR_ATTRIBUTES,
        timeout: float = 0.8,
        client: object | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        if limit < _LEAST_BYTES:
            raise ConfigError(f"limit {limit} is too small for any webhook; give at least {_LEAST_BYTES}")
        if not 0 < timeout <= _LONGEST:
            raise ConfigError(f"timeout {timeout} is not above 0 and at most {_LONGEST:g} seconds")
        access = Access(
            region=region,
            endpoint_url=endpoint_url,
            connect_timeout=timeout / 2,
            read_timeout=timeout,
            attempts=2,
        )
        self._queue = open_queue(queue_url, client, access)
        self._quarantine = (
            self._queue
            if quarantine_url is None
            else beside(self._queue, quarantine_url, what="quarantine_url")
        )
        self._is_own = client is None
        self._limit = limit
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="sqs-inbox")

    def put(self, message: InboxMessage) -> None:
        """See `Inbox.put`.

        Raises:
            InboxError: It may not have been kept: SQS refused it or did not answer in time, or it is too
                large even when trimmed.
        """
        body = packed(message, limit=self._limit)
        queue = self._queue if message.problem is None else self._quarantine
        once = hashlib.sha256((message.key or message.sha256).encode()).hexdigest()
        # Nothing else bounds the time of a name lookup, or of fetching credentials.
        problem = self._problem(partial(queue.send, body, {}, group=once, once=once), queue.url)
        if problem is not None:
            raise InboxError(problem)

    def close(self) -> None:
        """Close the connections, those of an own client; what is being sent is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._is_own:
            self._queue.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _problem(self, send: Callable[[], None], url: str) -> str | None:
        try:
            sending = self._threads.submit(send)
        except RuntimeError:
            return f"{url}: this inbox is closed"
        try:
            sending.result(self._timeout)
        except FutureTimeoutError:
            sending.cancel()
            return f"{url}: no answer within {self._timeout:g} s"
        except (ConfigError, InboxError) as error:
            return str(error)
        return None
