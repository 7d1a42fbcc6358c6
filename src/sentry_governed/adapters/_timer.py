"""Something done again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from sentry_governed.errors import ConfigError, SentryGovernedError

_LOG: Final = logging.getLogger("sentry_governed")


class Timer:
    """Does something at once and then after each interval, until it is stopped.

    What fails is logged and tried again after the next interval; only a configuration that cannot be used
    ends it.

    Args:
        name: What the log calls it.
        every: Seconds from the end of one round to the begin of the next.
        work: One round.
    """

    def __init__(self, name: str, every: float, work: Callable[[], None]) -> None:
        self._name = name
        self._every = every
        self._work = work
        self._is_stopped = threading.Event()

    def run(self) -> None:
        """Work until `stop` is called.

        Raises:
            ConfigError: The work did.
        """
        while not self._is_stopped.is_set():
            try:
                self._work()
            except ConfigError:
                raise
            except SentryGovernedError as error:
                _LOG.warning("%s failed: %s", self._name, error)
            except Exception:  # noqa: BLE001  a fault of ours must not take the webhook endpoint down with it
                _LOG.exception("%s failed", self._name)
            self._is_stopped.wait(self._every)

    def stop(self) -> None:
        """End after the round that runs."""
        self._is_stopped.set()
