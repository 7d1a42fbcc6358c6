"""Messages as a webhook puts them."""

import hashlib
import json

from sentry_governed import Alert, InboxMessage, decode_alert
from sentry_governed.testing import FrozenClock, sentry_event_alert

NOW = FrozenClock().time()


def event(number: int) -> str:
    """The so-many-th event's id."""
    return f"{number:032x}"


def message(number: int = 1, *, problem: str | None = None, received_at: float = NOW) -> InboxMessage:
    """The webhook about the so-many-th event, small."""
    body = small(number) if problem is None else b"{" + str(number).encode()
    alert = decode_alert(small(number))
    assert isinstance(alert, Alert)
    return InboxMessage(
        source="sentry",
        resource="event_alert",
        body=body,
        key=None if problem else alert.key,
        received_at=received_at,
        sha256=hashlib.sha256(body).hexdigest(),
        problem=problem,
    )


def small(number: int) -> bytes:
    """An event alert's body without most of its bulk."""
    whole = sentry_event_alert(event=event(number))
    data = whole["data"]
    assert isinstance(data, dict)
    data["event"] = {
        name: value
        for name, value in data["event"].items()
        if name in {"event_id", "project", "url", "web_url", "issue_id", "title", "tags"}
    }
    return json.dumps(whole).encode()
