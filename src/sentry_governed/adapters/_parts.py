"""Parts of one process that run side by side: when one ends, all do."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

import attrs

_LOG: Final = logging.getLogger("sentry_governed")
_LONGEST_SLEEP: Final = 0.2


@attrs.frozen
class Part:
    """Something that runs until it is told to stop.

    Attributes:
        name: What the log calls it.
        run: Runs in a thread of its own, and returns soon after `stop`.
        stop: Tells it to finish what it has started; callable from any thread, more than once.
    """

    name: str
    run: Callable[[], None]
    stop: Callable[[], None]


@attrs.frozen
class Ended:
    """How it ended.

    Attributes:
        failed: The parts that ended without being told to.
        late: The parts that did not end in time; they still run.
    """

    failed: tuple[str, ...] = ()
    late: tuple[str, ...] = ()


class Parts:
    """Runs parts together.

    Args:
        drain: Seconds that the parts may take to end, together.
    """

    def __init__(self, *, drain: float) -> None:
        self._parts: list[Part] = []
        self._drain = drain
        self._threads: dict[str, threading.Thread] = {}
        self._is_stopping = False
        # A signal handler may interrupt `get` and call `put`: of the queues only this one allows that.
        self._news: SimpleQueue[str | None] = SimpleQueue()

    def add(self, part: Part) -> None:
        """Have it run too; its name is like no other's."""
        self._parts.append(part)

    def run(self) -> Ended:
        """Start all parts and wait until `stop` is called or one of them ends; then stop the others too."""
        for part in self._parts:
            thread = threading.Thread(target=self._run, args=(part,), name=part.name, daemon=True)
            self._threads[part.name] = thread
            thread.start()
        first = self._first()
        self._is_stopping = True
        deadline = time.monotonic() + self._drain
        for part in self._parts:
            part.stop()
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        late = tuple(name for name, thread in self._threads.items() if thread.is_alive())
        return Ended(() if first is None else (first,), late)

    def _first(self) -> str | None:
        while True:
            # A signal that another thread took does not wake this one, and only here its handler can run.
            with suppress(Empty):
                return self._news.get(timeout=_LONGEST_SLEEP)

    def stop(self) -> None:
        """Make `run` return; safe in signal handlers and in any thread."""
        self._news.put(None)

    def missing(self) -> list[str]:
        """The parts that do not run."""
        if self._is_stopping:
            return [part.name for part in self._parts]
        return [part.name for part in self._parts if not self._is_alive(part.name)]

    def _is_alive(self, name: str) -> bool:
        thread = self._threads.get(name)
        return thread is not None and thread.is_alive()

    def _run(self, part: Part) -> None:
        try:
            part.run()
        except Exception:  # noqa: BLE001  the end of one part is told to the others, whatever it is
            _LOG.exception("%s failed", part.name)
        finally:
            self._news.put(part.name)
