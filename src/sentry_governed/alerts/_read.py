"""What both senders' readers share: careful looks at decoded values."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sentry_governed._convert import JsonObject, is_object

_WEB_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f-\x9f/?#]+(?:[/?#][^\s\x00-\x1f\x7f-\x9f]*)?")


def text(value: object) -> str | None:
    """A text that says something, or None."""
    return value if isinstance(value, str) and value else None


def identifier(value: object) -> str | None:
    """An id as text, whether it was sent as text or as a number, or None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value)


def child(value: JsonObject, name: str) -> JsonObject:
    """The object below a name; an empty one where there is none."""
    found = value.get(name)
    return found if is_object(found) else {}


def web_url(value: object) -> str | None:
    """An http or https URL that a person may be sent to, or None."""
    return value if isinstance(value, str) and _WEB_URL.fullmatch(value) else None


def from_epoch(seconds: float) -> datetime | None:
    """The moment, or None where no calendar reaches."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def facts(**values: object) -> dict[str, str]:
    """Those of the values that say something."""
    return {name: value for name, value in values.items() if isinstance(value, str) and value}
