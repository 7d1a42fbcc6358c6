"""A fake Datadog."""

from __future__ import annotations

from typing import ClassVar

import attrs

from sentry_governed._convert import is_list, is_object
from sentry_governed._values import Pairs, Response
from sentry_governed.testing._alerts import datadog_alert
from sentry_governed.testing._fake import Fake
from sentry_governed.testing._faults import Fault
from sentry_governed.testing._tags import pairs
from sentry_governed.testing._wire import Ask, Record, as_html, as_json
from sentry_governed.typing import Clock, Tags

_MESSAGES = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 429: "Too many requests"}
_FIRST_ID = 7_712_345_678_901_234_567


@attrs.frozen
class FakeDatadogEvent:
    """An event; `posted` tells one that came through the API, `readable_at` is when it can be read."""

    id: str
    title: str
    text: str
    tags: tuple[str, ...] = ()
    monitor_id: str | None = None
    aggregation_key: str | None = None
    created_at: float = 0.0
    readable_at: float = 0.0
    posted: bool = False

    def record(self) -> Record:
        """As JSON; ids are numbers, and as text where 53 bits do not hold them."""
        return {
            "id": int(self.id),
            "id_str": self.id,
            "title": self.title,
            "text": self.text,
            "tags": list(self.tags),
            "monitor_id": None if self.monitor_id is None else int(self.monitor_id),
            "date_happened": int(self.created_at),
            "alert_type": "info" if self.posted else "error",
            "priority": "normal",
            "host": None,
            "url": f"/event/event?id={self.id}",
        }


class FakeDatadog(Fake):
    """A stateful Datadog, as its events API shows it.

    Args:
        api_key: What HTTP callers must show; None lets everybody in.
        app_key: What they must show as well.
        clock: What it takes the time from; the system's when None.
        reading_delay: Seconds until a new event can be read.
    """

    public_origin: ClassVar[str] = "https://api.datadoghq.com"
    base_path: ClassVar[str] = "/api/v1"

    def __init__(
        self,
        *,
        api_key: str | None = None,
        app_key: str | None = None,
        clock: Clock | None = None,
        reading_delay: float = 0.0,
    ) -> None:
        super().__init__(token=None, clock=clock)
        self._keys = (("dd-api-key", api_key), ("dd-application-key", app_key))
        self._reading_delay = reading_delay
        self._events: dict[str, FakeDatadogEvent] = {}

    def add_event(
        self,
        title: str = "[Triggered] Error rate of orders is high",
        *,
        tags: Tags | None = None,
        monitor: str = "14093",
        text: str = "More than 5 % of the requests fail.",
        event_id: str | None = None,
    ) -> FakeDatadogEvent:
        """Make an event of a monitor; an empty tag is one without a value."""
        given = tuple(f"{key}:{value}" if value else key for key, value in pairs(tags or {}))
        return self._keep(event_id, title, text, given, monitor_id=monitor)

    def webhook(self, event: str, *, cycle: str = "1185712345678901234", tags: Tags | None = None) -> Record:
        """The body of the webhook about an event, with fewer tags than the event has.

        Args:
            event: The event's id.
            cycle: The same from a trigger to its recovery.
            tags: Those that the template's variable holds; none unless told.

        Raises:
            KeyError: There is no such event.
        """
        with self._lock:
            known = self._events[event]
        return datadog_alert(
            event=event,
            alert=known.monitor_id or "",
            cycle=cycle,
            title=known.title,
            text=known.text,
            tags=tags,
            environment=None,
        )

    @property
    def posted(self) -> tuple[FakeDatadogEvent, ...]:
        """The events that came through the API, oldest first."""
        with self._lock:
            return tuple(event for event in self._events.values() if event.posted)

    def refuse(self, fault: Fault) -> Response:
        """Answer with the fault's status as Datadog does; a 429 says how many seconds its window lasts."""
        status, headers = fault.code or 500, fault.headers
        if fault.retry_after is not None:
            headers = (("x-ratelimit-reset", f"{fault.retry_after:g}"), *headers)
        if fault.body is not None:
            return Response(status, headers, fault.body)
        if status in _MESSAGES:
            return _errors(status, _MESSAGES[status], headers)
        return as_html(status, "Bad gateway", headers)

    def handle(self, method: str, path: str, query: Pairs, headers: Pairs, body: bytes | None) -> Response:
        """See `Fake.handle`; the keys are headers of Datadog's own."""
        sent = dict(headers)
        if any(key is not None and sent.get(name) != key for name, key in self._keys):
            return _errors(403, _MESSAGES[403])
        return super().handle(method, path, query, headers, body)

    def _headers(self, path: str) -> Pairs:
        del path
        return tuple((name, key) for name, key in self._keys if key is not None)

    def _route(self, ask: Ask, path: str) -> Response:
        if ask.call.method == "POST" and path == "/events":
            return self._post(ask)
        event = self._events.get(path.removeprefix("/events/"))
        if ask.call.method != "GET" or event is None or event.readable_at > self.clock.time():
            return _errors(404, "Event not found" if path.startswith("/events/") else "Not Found")
        return as_json(200, {"event": event.record()})

    def _post(self, ask: Ask) -> Response:
        try:
            body = ask.call.json()
        except ValueError:
            return _errors(400, "Payload is not in the expected format")
        found = body if is_object(body) else {}
        title, text, tags = found.get("title"), found.get("text"), found.get("tags", [])
        if not isinstance(title, str) or not isinstance(text, str) or not is_list(tags):
            return _errors(400, "Invalid event: title and text are required")
        key = found.get("aggregation_key")
        given = tuple(tag for tag in tags if isinstance(tag, str))
        made = self._keep(None, title, text, given, aggregation_key=key if isinstance(key, str) else None)
        return as_json(202, {"status": "ok", "event": made.record()})

    def _keep(
        self,
        event_id: str | None,
        title: str,
        text: str,
        tags: tuple[str, ...],
        *,
        monitor_id: str | None = None,
        aggregation_key: str | None = None,
    ) -> FakeDatadogEvent:
        with self._lock:
            now = self.clock.time()
            made = FakeDatadogEvent(
                event_id or str(_FIRST_ID + len(self._events)),
                title,
                text,
                tags,
                monitor_id,
                aggregation_key,
                now,
                now + self._reading_delay,
                posted=monitor_id is None,
            )
            self._events[made.id] = made
            return made


def _errors(status: int, message: str, headers: Pairs = ()) -> Response:
    """An error in Datadog's shape."""
    return as_json(status, {"errors": [message]}, headers)
