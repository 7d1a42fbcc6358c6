"""A watch that writes the log."""

from __future__ import annotations

import logging
from typing import Final

from sentry_governed.adapters._logs import log
from sentry_governed.adapters._settle import Ack, DeadLetter, Retry, Settlement
from sentry_governed.adapters._watch import Watch
from sentry_governed.routing import (
    Commented,
    Created,
    Deferred,
    Duplicate,
    Outcome,
    Rejected,
    Skipped,
    Uncertain,
)

_LOG: Final = logging.getLogger("sentry_governed")
_EXPECTED: Final = frozenset({"kept", "ignored"})


class Logged:
    """Logs what happens, and tells another watch.

    Args:
        watch: Told the same.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def received(self, source: str, verdict: str) -> None:
        """See `Watch.received`."""
        level = logging.INFO if verdict in _EXPECTED else logging.WARNING
        log(_LOG, level, "webhook", source=source, verdict=verdict)
        self._watch.received(source, verdict)

    def settled(self, outcome: Outcome, settlement: Settlement) -> None:
        """See `Watch.settled`."""
        fields = {
            "outcome": type(outcome).__name__.lower(),
            "key": outcome.key or None,
            **_about(outcome),
            "shadow": _shadow(outcome),
        }
        match settlement:
            case Ack():
                log(_LOG, logging.INFO, "handled", **fields)
            case Retry(after=after):
                log(_LOG, logging.WARNING, "put back", **fields, retry_after=after)
            case DeadLetter(reason=reason):
                log(_LOG, logging.ERROR, "put aside", **{**fields, "reason": reason})
        self._watch.settled(outcome, settlement)


def _about(outcome: Outcome) -> dict[str, str]:
    """What may be told of it; titles, tags and notes may hold what a stranger wrote."""
    match outcome:
        case Created() | Commented():
            return {"team": outcome.team, "task": outcome.url}
        case Duplicate():
            return {"task": outcome.url}
        case Skipped() | Deferred() | Uncertain():
            return {"reason": outcome.reason}
        case Rejected():
            return {"reason": outcome.problem}


def _shadow(outcome: Outcome) -> str | None:
    """What rules that are tried out would have done otherwise."""
    if isinstance(outcome, Deferred | Uncertain) or outcome.shadow is None:
        return None
    return str(outcome.shadow)
