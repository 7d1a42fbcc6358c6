"""Datadog webhooks: a template of the user's, so the one that the documentation ships is what is read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sentry_governed._convert import JsonObject, is_list
from sentry_governed._grammar import is_id
from sentry_governed.alerts._alert import Alert
from sentry_governed.alerts._read import child, facts, from_epoch, identifier, iso, web_url
from sentry_governed.errors import PayloadError

REQUIRED = ("id", "title", "tags", "alert_transition")

_UNEXPANDED = re.compile(r"\$[A-Z][A-Z0-9_]*(?:\[[^\]]*\])?")
_TRANSITION = re.compile(r"[a-z]+(?:_[a-z]+){0,3}")
_BETWEEN_WORDS = re.compile(r"[ -]+")
_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,90}")
_MILLISECONDS = re.compile(r"[0-9]{1,15}")


def read_datadog(payload: JsonObject) -> Alert:
    """Make an alert of a webhook's body."""
    fields = {name: _expanded(value) for name, value in payload.items()}
    _refuse_missing(payload, fields)
    event_id, title, transition = fields["id"], fields["title"], _transition(fields["alert_transition"])
    tags = values_of_tags(payload["tags"])
    return Alert(
        "datadog",
        f"datadog.{transition}",
        _key(event_id, fields.get("alert_id", ""), fields.get("alert_cycle_key", "")),
        title,
        environment=next((value for value in tags.get("env", ()) if value), None),
        occurred_at=_occurred_at(fields.get("date", "")),
        event_id=event_id,
        link=web_url(fields.get("link")),
        tags=tags,
        raw=payload,
        own_facts=facts(
            message=fields.get("body"),
            org=_expanded(child(payload, "org").get("name")),
            priority=_priority(fields.get("priority", "")),
        ),
    )


def _expanded(value: object) -> str:
    """The text of a templated value; empty where Datadog left the variable as it was."""
    found = (identifier(value) or "").strip()
    return "" if _UNEXPANDED.fullmatch(found) else found


def _refuse_missing(payload: JsonObject, fields: dict[str, str]) -> None:
    missing = [name for name in REQUIRED if not (name in payload if name == "tags" else fields.get(name))]
    if missing:
        raise PayloadError(
            f"the datadog webhook lacks {', '.join(missing)}; its payload must be the documented template"
        )


def _transition(found: str) -> str:
    transition = _BETWEEN_WORDS.sub("_", found.lower())
    if not _TRANSITION.fullmatch(transition):
        raise PayloadError("the datadog webhook's alert_transition does not name a transition")
    return transition


def _key(event_id: str, alert_id: str, cycle: str) -> str:
    named = {"id": event_id, "alert_id": alert_id, "alert_cycle_key": cycle}
    broken = [name for name, value in named.items() if value and not _EVENT_ID.fullmatch(value)]
    if broken or (alert_id and not is_id(alert_id)):
        raise PayloadError(f"the datadog webhook's {', '.join(broken) or 'alert_id'} is not an id")
    return f"datadog.{alert_id}.{cycle}" if alert_id and cycle else f"datadog.event.{event_id}"


def _occurred_at(milliseconds: str) -> str | None:
    if not _MILLISECONDS.fullmatch(milliseconds):
        return None
    return iso(from_epoch(int(milliseconds) / 1000))


def _priority(found: str) -> str:
    """P1 to P5 for monitors, normal or low for other events."""
    return found.upper() if found[:1] in {"P", "p"} else found.lower()


def values_of_tags(found: object) -> dict[str, tuple[str, ...]]:
    """`key:value` texts, comma-separated as templated or a list as the events API has them.

    A value may hold colons, a key may come again, and a tag without a colon is there with an empty value.
    """
    values: dict[str, list[str]] = {}
    for tag in each_tag(found):
        key, _, value = tag.strip().partition(":")
        if key:
            values.setdefault(key, []).append(value)
    return {key: tuple(several) for key, several in values.items()}


def each_tag(found: object) -> Sequence[str]:
    """The tags as they are written."""
    if is_list(found):
        return [tag for tag in found if isinstance(tag, str)]
    return _expanded(found).split(",")
