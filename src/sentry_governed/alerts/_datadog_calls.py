"""The calls of Datadog's events API as flows, for a driver that binds the service `datadog`.

Source: Datadog's API reference, "Events", version 1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import attrs

from sentry_governed._convert import Id, is_object
from sentry_governed._grammar import is_id
from sentry_governed._http.answers import ask, decoded, structured, unexpected
from sentry_governed._http.flow import Flow
from sentry_governed._operation import Intent, Operation
from sentry_governed._values import Request
from sentry_governed.alerts._datadog import values_of_tags
from sentry_governed.errors import ApiError, RequestRefused, TokenRefused
from sentry_governed.typing import JsonValue

SERVICE: Final = "datadog"
_EVENTS: Final = "/api/v1/events"
_FORBIDDEN: Final = 403
_LONGEST_TITLE: Final = 100
_LONGEST_TEXT: Final = 4_000
_LONGEST_AGGREGATION_KEY: Final = 100


@attrs.frozen(kw_only=True)
class DatadogEvent:
    """An event of Datadog.

    Attributes:
        id: Decimal digits; as a number it needs 64 bits.
        title: One line.
        text: The message.
        tags: `key:value` texts as they came, the monitor's own among them.
        monitor_id: The monitor, or empty for another event.
        url: Where Datadog says it is, below its site; often empty.
        host: The host, or empty.
        raw: The object as it came. It may hold personal data.
    """

    id: Id
    title: str = ""
    text: str = attrs.field(default="", repr=False)
    tags: tuple[str, ...] = attrs.field(default=(), repr=False)
    monitor_id: Id = ""
    url: str = ""
    host: str = ""
    raw: Mapping[str, JsonValue] = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)

    @property
    def tag_values(self) -> dict[str, tuple[str, ...]]:
        """Every value of each tag; a tag without a colon is there with an empty value."""
        return values_of_tags(list(self.tags))


@attrs.frozen(kw_only=True)
class DatadogEventDraft:
    """An event to post. What is longer than Datadog takes is cut when it is sent.

    Attributes:
        title: At most 100 characters.
        text: At most 4,000 characters.
        tags: `key:value` texts.
        aggregation_key: Events with the same one are shown as one; at most 100 characters.
        alert_type: `info`, `success`, `warning`, `error`, ...
        source_type_name: What Datadog's event explorer calls the source.
    """

    title: str
    text: str
    tags: tuple[str, ...] = ()
    aggregation_key: str = ""
    alert_type: str = "info"
    source_type_name: str = "my_apps"

    def to_payload(self) -> dict[str, JsonValue]:
        """The body of the request."""
        payload: dict[str, JsonValue] = {
            "title": self.title[:_LONGEST_TITLE],
            "text": self.text[:_LONGEST_TEXT],
            "tags": list(self.tags),
            "alert_type": self.alert_type,
            "source_type_name": self.source_type_name,
        }
        if self.aggregation_key:
            payload["aggregation_key"] = self.aggregation_key[:_LONGEST_AGGREGATION_KEY]
        return payload


def get_event(event_id: str) -> Flow[DatadogEvent]:
    """Read an event. It may take a moment until a new one can be read.

    Raises:
        RequestRefused: The id is not the digits of one; nothing was sent.
    """
    template = f"{_EVENTS}/{{event_id}}"
    if not is_id(event_id):
        raise RequestRefused("GET", template, f"{event_id[:60]!a} is not the number of an event")
    return (yield from _ask("get", "read", Request("GET", template, (("event_id", event_id),))))


def post_event(draft: DatadogEventDraft) -> Flow[DatadogEvent]:
    """Post an event.

    It is not idempotent: after `ReplyLost` or `ServiceFailed` it may be there. With an aggregation key a
    second one is shown together with the first.
    """
    body = json.dumps(draft.to_payload(), separators=(",", ":")).encode()
    return (yield from _ask("create", "write", Request("POST", _EVENTS, body=body)))


def _ask(action: str, intent: Intent, request: Request) -> Flow[DatadogEvent]:
    operation = Operation(f"datadog.events.{action}", intent, "none", service=SERVICE)
    response = yield from ask(SERVICE, operation, request, refine=_refine)
    body = decoded(request, response)
    if not is_object(body):
        raise unexpected(request, response, "the body is not an object")
    return structured(request, response, body.get("event"), DatadogEvent)


def _refine(status: int, _detail: str) -> type[ApiError] | None:
    """Datadog says 403 for a key that it does not know."""
    return TokenRefused if status == _FORBIDDEN else None
