"""Logs for machines: one JSON object a line, without payloads, locals or foreign messages of exceptions."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, TextIO

from sentry_governed.errors import SentryGovernedError

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Names the request that is being answered."""

_LONGEST: Final = 2_000
_FIELDS: Final = "sentry_governed"


def log(logger: logging.Logger, level: int, event: str, **fields: str | float | None) -> None:
    """Log an event with fields of its own.

    Args:
        logger: Where.
        level: How grave it is.
        event: What happened, in a few words that are always the same.
        fields: What about; None is left out.
    """
    logger.log(level, "%s", event, extra={_FIELDS: fields})


class JsonLines(logging.Formatter):
    """Formats a record as one line of ASCII JSON.

    An exception is given by its class and where it was raised. What it says is shown for the library's own
    only, as another's may quote what it choked on.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, object] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage()[:_LONGEST],
            "request_id": request_id.get(),
            **getattr(record, _FIELDS, {}),
            **_error(record.exc_info[1] if record.exc_info else None),
        }
        return json.dumps({name: _short(value) for name, value in entry.items() if value is not None})


def _short(value: object) -> object:
    return value[:_LONGEST] if isinstance(value, str) else value


def _error(error: BaseException | None) -> dict[str, object]:
    if error is None:
        return {}
    said = f": {error}" if isinstance(error, SentryGovernedError) else ""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": f"{type(error).__name__}{said}",
        "raised_at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
    }


def log_to(stream: TextIO = sys.stderr) -> None:
    """Send the library's log to a stream as JSON lines, and of all others what is at least a warning."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("sentry_governed").setLevel(logging.INFO)
