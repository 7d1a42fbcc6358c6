"""The worker of a SQLite inbox: threads that take, handle and settle, and one that keeps the leases alive."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Final

from sentry_governed.adapters._settle import Ack, DeadLetter, Retry, Settlement, handle, settle
from sentry_governed.adapters._watch import Unwatched, Watch
from sentry_governed.errors import ConfigError, InboxError
from sentry_governed.routing import Outcome, Router, Uncertain

if TYPE_CHECKING:
    from sentry_governed.adapters._sqlite_rows import Delivery
    from sentry_governed.adapters.sqlite import SqliteInbox

_LOG: Final = logging.getLogger("sentry_governed")
_TICK: Final = 0.05
_POLL: Final = 0.2
_UNEXPECTED_PAUSE: Final = 30.0


class SqliteWorker:
    """Empties a SQLite inbox through a router; any number of processes may do so side by side.

    A message that was deferred waits as long as the outcome says and keeps its attempts. One that stayed
    uncertain, or whose worker died, has one attempt less.

    Args:
        inbox: Where the messages are.
        router: Handles them; one serves all threads.
        threads: How many messages are handled at once.
        lease: Seconds that a message is held; the lease is extended for as long as the work takes.
        deadline: Seconds after which the handling of one message sends nothing any more.
        drain: Seconds that `run` waits for what is being handled, once it was told to stop.
        patience: Seconds for which the inbox may be unusable before `run` gives up.
        watch: Is told what becomes of each message.

    Raises:
        ConfigError: A number is not positive.
    """

    def __init__(
        self,
        inbox: SqliteInbox,
        router: Router,
        *,
        threads: int = 4,
        lease: float = 60.0,
        deadline: float = 120.0,
        drain: float = 30.0,
        patience: float = 60.0,
        watch: Watch | None = None,
    ) -> None:
        numbers = {"threads": threads, "lease": lease, "deadline": deadline, "drain": drain}
        for name, number in {**numbers, "patience": patience}.items():
            if not 0 < number < math.inf:
                raise ConfigError(f"{name} of a SqliteWorker is a number above 0, not {number!r}")
        self._inbox = inbox
        self._router = router
        self._threads = threads
        self._lease = lease
        self._deadline = deadline
        self._drain = drain
        self._patience = patience
        self._watch = watch or Unwatched()
        self._stopping = False
        self._failure: Exception | None = None
        self._held: dict[str, Delivery] = {}

    def run(self) -> None:
        """Work until `stop`; what is being handled then is finished, or given back when `drain` is over.

        Raises:
            ConfigError: Something is configured wrongly; what was being handled is given back.
            InboxError: The inbox could not be used for longer than `patience`.
        """
        loops = [threading.Thread(target=self._loop, daemon=True) for _ in range(self._threads)]
        beat = threading.Thread(target=self._keep_alive, args=(loops,), daemon=True)
        for thread in (*loops, beat):
            thread.start()
        end = None
        while any(loop.is_alive() for loop in loops):
            time.sleep(_TICK)
            if self._stopping:
                end = end or time.monotonic() + self._drain
                if time.monotonic() >= end:
                    break
        for delivery in tuple(self._held.values()):
            self._give_back(delivery, "its worker stopped")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Have `run` return; for any thread and any signal handler."""
        self._stopping = True

    def _loop(self) -> None:
        try:
            self._take_turns()
        except Exception as error:  # noqa: BLE001  a thread must not end unnoticed; `run` raises it
            self._fail(error)

    def _take_turns(self) -> None:
        usable_at = time.monotonic()
        while not self._stopping:
            try:
                delivery = self._inbox.take(self._lease)
            except InboxError as error:
                if time.monotonic() - usable_at >= self._patience:
                    self._fail(error)
                time.sleep(_POLL)
                continue
            usable_at = time.monotonic()
            if delivery is None:
                time.sleep(_POLL)
            else:
                self._work(delivery)

    def _work(self, delivery: Delivery) -> None:
        self._held[delivery.owner] = delivery
        try:
            outcome = self._outcome(delivery)
        except ConfigError as error:
            self._give_back(delivery, "its worker is configured wrongly")
            self._fail(error)
        else:
            settlement = settle(outcome, is_last=delivery.is_last and isinstance(outcome, Uncertain))
            self._settle(delivery, outcome, settlement)
            self._watch.settled(outcome, settlement)
        finally:
            del self._held[delivery.owner]

    def _outcome(self, delivery: Delivery) -> Outcome:
        try:
            return handle(self._router, delivery.message, deadline=self._deadline)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001  a fault of ours must not end the worker, nor lose the alert
            _LOG.exception("message %d could not be handled", delivery.number)
            reason = f"an unexpected {type(error).__name__}"
            return Uncertain(delivery.message.key or "", _UNEXPECTED_PAUSE, delivery.attempts, reason)

    def _settle(self, delivery: Delivery, outcome: Outcome, settlement: Settlement) -> None:
        with contextlib.suppress(InboxError):  # the lease lapses then, and the ledger knows what was done
            match settlement:
                case Ack():
                    self._inbox.ack(delivery)
                case Retry(after=after, reason=reason):
                    counts = isinstance(outcome, Uncertain)
                    self._inbox.give_back(delivery, after=after, reason=reason, counts=counts)
                case DeadLetter(reason=reason):
                    self._inbox.bury(delivery, reason)

    def _give_back(self, delivery: Delivery, reason: str) -> None:
        with contextlib.suppress(InboxError):
            self._inbox.give_back(delivery, after=0.0, reason=reason, counts=False)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._stopping = True

    def _keep_alive(self, loops: list[threading.Thread]) -> None:
        beat = time.monotonic() + self._lease / 3
        while any(loop.is_alive() for loop in loops):
            time.sleep(_TICK)
            if time.monotonic() < beat:
                continue
            beat = time.monotonic() + self._lease / 3
            for delivery in tuple(self._held.values()):
                try:
                    self._inbox.extend(delivery, self._lease)
                except InboxError:
                    break
