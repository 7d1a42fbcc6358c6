"""Sentry's integration-platform webhooks, as its documentation describes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from sentry_governed._convert import JsonObject, is_list, is_object, parse_utc
from sentry_governed._grammar import is_event_id, is_id, is_org_slug, is_project_slug
from sentry_governed.alerts._alert import Alert, Ignored
from sentry_governed.alerts._read import child, facts, from_epoch, identifier, iso, text, web_url
from sentry_governed.errors import PayloadError

_ACTIONS = {
    "event_alert": {"triggered"},
    "error": {"created"},
    "issue": {"created", "resolved", "assigned", "ignored", "archived", "unresolved"},
}
RESOURCE_OF_FIELD = {
    "event": "event_alert",
    "error": "error",
    "activity": "activity_alert",
    "metric_alert": "metric_alert",
    "installation": "installation",
    "comment_id": "comment",
    "issue": "issue",
}
_WORD = re.compile(r"[a-z0-9_.-]{1,64}")

_PATH = re.compile(
    r"https?://[^?#\s]*?"
    r"(?:/api/0/projects/([^/?#\s]+)/([^/?#\s]+)/|/organizations/([^/?#\s]+)/issues/)"
)
_CUSTOMER_DOMAIN = re.compile(r"https?://(?!(?:us|de)\.)([^./?#\s]+)\.sentry\.io/issues/")


def resource_of(payload: JsonObject) -> str:
    """Tell the resource, which only a header names, from the body's shape."""
    data = child(payload, "data")
    found = next((resource for field, resource in RESOURCE_OF_FIELD.items() if field in data), None)
    if found is None:
        raise PayloadError("the body's shape is of no known Sentry resource; give its headers too")
    return found


def read_sentry(resource: str, payload: JsonObject) -> Alert | Ignored:
    """Make an alert of a webhook's body, or say why it makes none."""
    if not _WORD.fullmatch(resource):
        raise PayloadError("the sentry-hook-resource header does not name a resource")
    action = payload.get("action")
    if not isinstance(action, str) or not _WORD.fullmatch(action):
        action = ""
    kind = f"{resource}.{action}" if action else resource
    known = _ACTIONS.get(resource)
    if known is None:
        return Ignored(f"sentry's {resource} webhooks make no alert", "sentry", kind)
    _refuse(resource, action=bool(action))
    if action not in known:
        return Ignored(f"sentry's {resource} webhooks of this action make no alert", "sentry", kind)
    data = child(payload, "data")
    if resource == "issue":
        return _from_issue(kind, action, payload, child(data, "issue"))
    return _from_event(kind, payload, child(data, "event" if resource == "event_alert" else "error"))


def read_event_alert(payload: JsonObject) -> Alert:
    """Make an alert of the body of an event alert."""
    return _from_event("event_alert.triggered", payload, child(child(payload, "data"), "event"))


def _from_event(kind: str, payload: JsonObject, event: JsonObject) -> Alert:
    event_id = identifier(event.get("event_id")) or ""
    project_id = identifier(event.get("project")) or ""
    _refuse(kind, event_id=is_event_id(event_id), project=is_id(project_id))
    org, project = _owner([event.get("url"), event.get("web_url"), event.get("issue_url")], project_id)
    tags = read_tags(event.get("tags"))
    message = text(event.get("message")) or text(child(event, "logentry").get("formatted"))
    level = text(event.get("level")) or _first(tags, "level")
    return Alert(
        "sentry",
        kind,
        f"sentry.{project_id}.{event_id}",
        text(event.get("title")) or message or f"event {event_id}",
        level=level.lower() if level else None,
        environment=text(event.get("environment")) or _first(tags, "environment"),
        occurred_at=iso(_moment(event)),
        org=org,
        project=project,
        issue_id=_issue_id(event),
        event_id=event_id,
        link=web_url(event.get("web_url")),
        tags=tags,
        raw=payload,
        own_facts=facts(
            message=message,
            culprit=event.get("culprit"),
            release=event.get("release"),
            transaction=event.get("transaction"),
            url=child(event, "request").get("url"),
            platform=event.get("platform"),
            logger=event.get("logger"),
            rule=child(payload, "data").get("triggered_rule"),
        ),
    )


def _from_issue(kind: str, action: str, payload: JsonObject, issue: JsonObject) -> Alert:
    issue_id = identifier(issue.get("id")) or ""
    seen = issue.get("lastSeen")
    last_seen = parse_utc(seen) if isinstance(seen, str) else None
    _refuse(kind, id=is_id(issue_id), lastSeen=(seen is None) == (last_seen is None))
    place = child(issue, "project")
    places = [issue.get(name) for name in ("project_url", "url", "permalink", "web_url")]
    org, project = _owner(places, identifier(place.get("id")) or "")
    slug = text(place.get("slug"))
    if project and slug and project != slug:
        raise PayloadError(f"{kind}: the issue's project and its project_url differ")
    level = text(issue.get("level"))
    return Alert(
        "sentry",
        kind,
        f"sentry.issue.{issue_id}.{action}{_cycle(action, last_seen)}",
        text(issue.get("title")) or f"issue {issue_id}",
        level=level.lower() if level else None,
        occurred_at=iso(last_seen),
        org=org,
        project=project or (slug if slug and is_project_slug(slug) else None),
        issue_id=issue_id,
        link=web_url(issue.get("permalink")) or web_url(issue.get("web_url")),
        raw=payload,
        own_facts=facts(
            culprit=issue.get("culprit"),
            platform=issue.get("platform"),
            logger=issue.get("logger"),
            priority=issue.get("priority"),
        ),
    )


def _cycle(action: str, last_seen: datetime | None) -> str:
    """An issue is created once; resolving, assigning and the others come again."""
    if action == "created" or last_seen is None:
        return ""
    return f".{last_seen:%Y%m%dT%H%M%S%fZ}"


def _refuse(kind: str, **sound: bool) -> None:
    broken = [name for name, holds in sound.items() if not holds]
    if broken:
        raise PayloadError(f"{kind}: missing or malformed: {', '.join(broken)}")


def _moment(event: JsonObject) -> datetime | None:
    written = event.get("datetime")
    if isinstance(written, str):
        return parse_utc(written)
    stamp = event.get("timestamp")
    return from_epoch(stamp) if isinstance(stamp, float | int) else None


def _issue_id(event: JsonObject) -> str | None:
    issue_id = identifier(event.get("issue_id"))
    return issue_id if issue_id and is_id(issue_id) else None


def read_tags(tags: object) -> dict[str, tuple[str, ...]]:
    """Every value of each tag; what is no tag is left out."""
    values: dict[str, list[str]] = {}
    for key, value in _pairs(tags if is_list(tags) else ()):
        if isinstance(key, str) and isinstance(value, str):
            values.setdefault(key, []).append(value)
    return {key: tuple(several) for key, several in values.items()}


def _pairs(tags: Iterable[object]) -> Iterator[tuple[object, object]]:
    for tag in tags:
        if is_list(tag) and len(tag) == 2:  # noqa: PLR2004 - a pair
            yield tag[0], tag[1]
        elif is_object(tag):
            yield tag.get("key"), tag.get("value")


def _first(tags: dict[str, tuple[str, ...]], name: str) -> str | None:
    return next((value for value in tags.get(name, ()) if value), None)


def _owner(urls: Iterable[object], project_id: str) -> tuple[str | None, str | None]:
    """The organization and project that the URLs name; a payload has no other field for them.

    A segment of digits is an id. The project's must be the payload's own.
    """
    org = project = None
    for found_org, found_project in _named(urls):
        if is_org_slug(found_org):
            if org and org.lower() != found_org.lower():
                raise PayloadError("the payload's URLs name two organizations")
            org = org or found_org
        if found_project.isdigit() and found_project != project_id:
            raise PayloadError("the payload's URL and its project differ")
        if is_project_slug(found_project):
            project = project or found_project
    return org, project


def _named(urls: Iterable[object]) -> Iterator[tuple[str, str]]:
    for url in urls:
        if not isinstance(url, str):
            continue
        if found := _PATH.match(url):
            yield found[1] or found[3], found[2] or ""
        elif found := _CUSTOMER_DOMAIN.match(url):
            yield found[1], ""
