"""What an operator can watch: each webhook's verdict and how each delivery was settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sentry_governed.adapters._settle import Settlement  # a webhook is watched without a router
    from sentry_governed.routing import Outcome


class Watch(Protocol):
    """Told what happens, as it happens, from any thread; it must neither raise nor wait."""

    def received(self, source: str, verdict: str) -> None:
        """A request came to the webhook.

        Args:
            source: `sentry`, `datadog` or `unknown`.
            verdict: `kept`, `ignored`, `quarantined`, `refused` (not authentic), `too_large` or
                `unavailable`.
        """
        ...

    def settled(self, outcome: Outcome, settlement: Settlement) -> None:
        """A worker handled a delivery."""
        ...


class Unwatched:
    """Nobody watches."""

    def received(self, source: str, verdict: str) -> None:
        """See `Watch.received`."""

    def settled(self, outcome: Outcome, settlement: Settlement) -> None:
        """See `Watch.settled`."""
