"""Alerts of real shape and size, as Sentry and Datadog send them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TypedDict, Unpack

from sentry_governed.testing._clock import START
from sentry_governed.testing._filler import filler
from sentry_governed.testing._tags import pairs
from sentry_governed.testing._wire import Record
from sentry_governed.typing import JsonValue, Tags

IssueAction = Literal["created", "resolved", "assigned", "ignored", "archived", "unresolved"]

_INSTALLATION = "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"
_EVENT = "fc6d8c0c43fc4630ad850ee518f1b9d0"
_TITLE = "ValueError: out of range"


class SentryParts(TypedDict, total=False):
    """What every Sentry alert can be told to be about.

    Attributes:
        org: The organization's slug; `acme` unless told.
        project: The project's slug; `web` unless told.
        project_id: Made from the slugs unless told.
        issue: The issue's number; `1001` unless told.
        title: What happened, as `Type: message`.
        level: `fatal`, `error`, `warning`, `info`, `debug` or `sample`; `error` unless told.
        seen: When, in seconds since the epoch; the moment a frozen clock starts at unless told.
        installation: The uuid of the integration's installation.
        base_url: Where Sentry is; `https://sentry.io` unless told.
    """

    org: str
    project: str
    project_id: int
    issue: str
    title: str
    level: str
    seen: float
    installation: str
    base_url: str


class EventParts(SentryParts, total=False):
    """What an alert about an event can be told to be about, beside what every Sentry alert can.

    Attributes:
        event: The event's id, 32 hexadecimal digits.
        environment: `production` unless told; None leaves out both the property and the tag.
        tags: Further tags; a sequence is a key that repeats.
        extra: Further properties of the event, such as `release`; they replace what is there.
    """

    event: str
    environment: str | None
    tags: Tags
    extra: Mapping[str, JsonValue]


def sentry_event_alert(*, rule: str = "Send to the router", **parts: Unpack[EventParts]) -> Record:
    """The body that an alert rule of that name sends about an event, of more than 20 KB."""
    return _envelope("triggered", parts, {"event": _event(parts), "triggered_rule": rule})


def sentry_error(**parts: Unpack[EventParts]) -> Record:
    """The body that a subscription to errors sends about an event."""
    return _envelope("created", parts, {"error": _event(parts)})


def sentry_issue(*, action: IssueAction = "created", **parts: Unpack[SentryParts]) -> Record:
    """The body that a subscription to issues sends; it has no tags and no environment."""
    org, project, number = _names(parts)
    base, issue, seen = _base(parts), parts.get("issue", "1001"), parts.get("seen", START)
    title = parts.get("title", _TITLE)
    body: Record = {
        "id": issue,
        "shortId": f"{project.upper()}-1A",
        "title": title,
        "culprit": "shop.orders.steps.step_13 in handle_step_13",
        "level": parts.get("level", "error"),
        "status": action if action in ("resolved", "ignored") else "unresolved",
        "statusDetails": {},
        "substatus": "new" if action == "created" else None,
        "priority": "high",
        "project": {"id": str(number), "name": project, "slug": project, "platform": "python"},
        "platform": "python",
        "type": "error",
        "issueType": "error",
        "issueCategory": "error",
        "metadata": {"title": title},
        "assignedTo": None,
        "annotations": [],
        "count": "1",
        "userCount": 1,
        "firstSeen": _iso(seen),
        "lastSeen": _iso(seen),
        "permalink": f"{base}/organizations/{org}/issues/{issue}/",
    }
    if action == "created":
        body["url"] = f"{base}/api/0/organizations/{org}/issues/{issue}/"
        body["web_url"] = body["permalink"]
        body["project_url"] = f"{base}/api/0/projects/{org}/{project}/"
    return _envelope(action, parts, {"issue": body})


def datadog_alert(  # noqa: PLR0913  each is a variable of the template
    *,
    transition: str = "Triggered",
    title: str = "[Triggered] Error rate of orders is high",
    text: str = "More than 5 % of the requests fail.",
    priority: str = "P2",
    tags: Tags | None = None,
    environment: str | None = "production",
    event: str = "7712345678901234567",
    alert: str = "14093",
    cycle: str = "1185712345678901234",
    org: str = "acme",
    seen: float = START,
) -> Record:
    """The body that a Datadog webhook sends with the template that the documentation ships.

    Args:
        transition: `Triggered`, `Re-Triggered`, `Recovered`, `No Data`, `Warn`, `Renotify`, ...
        title: One line for people.
        text: The monitor's message.
        priority: `P1` to `P5`, or empty.
        tags: Further tags; a sequence is a key that repeats, an empty text a tag without a value.
        environment: The `env` tag; None leaves it out.
        event: The event's id, another one with every notification.
        alert: The monitor's id.
        cycle: The same from a trigger to its recovery.
        org: The organization's name.
        seen: When, in seconds since the epoch.
    """
    given = pairs({"env": environment, **(tags or {})})
    milliseconds = str(round(seen * 1000))
    return {
        "id": event,
        "title": title,
        "body": text,
        "date": milliseconds,
        "last_updated": milliseconds,
        "event_type": "query_alert_monitor",
        "priority": priority,
        "link": f"https://app.datadoghq.com/event/event?id={event}",
        "tags": ",".join(f"{key}:{value}" if value else key for key, value in given),
        "alert_transition": transition,
        "alert_id": alert,
        "alert_cycle_key": cycle,
        "org": {"id": "321813", "name": org},
    }


def _event(parts: EventParts) -> Record:
    org, project, number = _names(parts)
    base, issue, event = _base(parts), parts.get("issue", "1001"), parts.get("event", _EVENT)
    title, level, seen = parts.get("title", _TITLE), parts.get("level", "error"), parts.get("seen", START)
    environment = parts.get("environment", "production")
    tags = pairs({"level": level, "environment": environment, **parts.get("tags", {})})
    body: Record = {
        "event_id": event,
        "project": number,
        "release": None,
        "dist": None,
        "platform": "python",
        "message": "",
        "datetime": _iso(seen),
        "timestamp": seen,
        "received": seen,
        "tags": [[key, value] for key, value in tags],
        "title": title,
        "level": level,
        "url": f"{base}/api/0/projects/{org}/{project}/events/{event}/",
        "web_url": f"{base}/organizations/{org}/issues/{issue}/events/{event}/",
        "issue_url": f"{base}/api/0/organizations/{org}/issues/{issue}/",
        "issue_id": issue,
        **filler(title, seen),
    }
    if environment is not None:
        body["environment"] = environment
    return {**body, **parts.get("extra", {})}


def _envelope(action: str, parts: SentryParts, data: Record) -> Record:
    return {
        "action": action,
        "installation": {"uuid": parts.get("installation", _INSTALLATION)},
        "data": data,
        "actor": {"type": "application", "id": "sentry", "name": "Sentry"},
    }


def _names(parts: SentryParts) -> tuple[str, str, int]:
    org, project = parts.get("org", "acme"), parts.get("project", "web")
    made = 4_500_000_000_000_000 + zlib.crc32(f"{org}/{project}".encode())
    return org, project, parts.get("project_id", made)


def _base(parts: SentryParts) -> str:
    return parts.get("base_url", "https://sentry.io").rstrip("/")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
