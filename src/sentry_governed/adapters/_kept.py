"""Whether webhooks can be kept, as far as the last ones tell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from sentry_governed.adapters._watch import Watch

if TYPE_CHECKING:
    from sentry_governed.adapters._settle import Settlement
    from sentry_governed.routing import Outcome

_REMEMBERED: Final = 30.0


class Kept:
    """Remembers for a while that a webhook could not be kept, unless one was kept since.

    Args:
        watch: Told the same.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._failed_at = float("-inf")

    def received(self, source: str, verdict: str) -> None:
        """See `Watch.received`."""
        if verdict == "unavailable":
            self._failed_at = time.monotonic()
        elif verdict in {"kept", "quarantined"}:
            self._failed_at = float("-inf")
        self._watch.received(source, verdict)

    def settled(self, outcome: Outcome, settlement: Settlement) -> None:
        """See `Watch.settled`."""
        self._watch.settled(outcome, settlement)

    def problems(self) -> list[str]:
        """What is wrong with the inbox."""
        if time.monotonic() - self._failed_at < _REMEMBERED:
            return ["the last webhook could not be kept"]
        return []
