"""An alert of an event that was read from Sentry's API, as the webhook about it would have made it."""

from __future__ import annotations

import attrs

from sentry_governed._convert import JsonObject, is_list, is_object
from sentry_governed.alerts._alert import Alert
from sentry_governed.alerts._read import child, text
from sentry_governed.alerts._sentry import read_event_alert
from sentry_governed.typing import JsonValue


def alert_of_event(org: str, project: str, issue: JsonObject, event: JsonObject) -> Alert:
    """Make the alert `event_alert.triggered` of an issue's event; no rule is known to have fired.

    Args:
        org: The organization's slug.
        project: The project's slug.
        issue: The issue as the API lists it.
        event: The event as the API shows it. What says who the user was is left behind.

    Raises:
        PayloadError: The event lacks its id or its project.
    """
    tags = event.get("tags")
    tagged = {tag.get("key"): tag.get("value") for tag in (tags if is_list(tags) else ()) if is_object(tag)}
    body: dict[str, JsonValue] = {
        **{name: event.get(name) for name in ("title", "message", "culprit", "platform", "tags")},
        "event_id": event.get("eventID"),
        "project": event.get("projectID"),
        "datetime": event.get("dateCreated"),
        "level": tagged.get("level") or issue.get("level"),
        "logger": tagged.get("logger") or issue.get("logger"),
        "release": child(event, "release").get("version"),
        "issue_id": issue.get("id"),
        "web_url": _web_url(issue, event),
        "request": {"url": _requested(event)},
    }
    made = read_event_alert({"action": "triggered", "data": {"event": body}})
    return attrs.evolve(made, org=org, project=project)


def _web_url(issue: JsonObject, event: JsonObject) -> str | None:
    """Where a person opens the event: below the issue."""
    link = text(issue.get("permalink"))
    return f"{link.rstrip('/')}/events/{event.get('eventID')}/" if link else None


def _requested(event: JsonObject) -> JsonValue:
    """The URL of the request in which it happened."""
    entries = event.get("entries")
    for entry in entries if is_list(entries) else ():
        if is_object(entry) and entry.get("type") == "request":
            return child(entry, "data").get("url")
    return None
