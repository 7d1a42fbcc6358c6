"""Datadog's side of an alert: what its event says beyond the webhook, and the word that a task is there.

Neither may hold an alert up: each has a few seconds, and what fails is a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from sentry_governed._grammar import is_id
from sentry_governed._http.flow import Flow, within
from sentry_governed.alerts import Alert, DatadogEventDraft, get_event, post_event
from sentry_governed.errors import ConfigError, SentryGovernedError
from sentry_governed.routing._failures import leaves_open
from sentry_governed.routing._records import TaskRecord

_PATIENCE: Final = 10.0
_MONITOR: Final = "monitor_id"


def completed(alert: Alert) -> Flow[tuple[Alert, tuple[str, ...]]]:
    """The alert with its event's tags and its monitor as the tag `monitor_id`, and what went wrong.

    A tag that the event has replaces the webhook's; the other ones stay.
    """
    tags, monitor, notes = alert.tags, _monitor(alert), tuple[str, ...]()
    try:
        event = yield from within(_PATIENCE, get_event(alert.event_id or ""))
    except ConfigError:
        raise
    except SentryGovernedError as error:
        notes = (f"not enriched: {error}",)
    else:
        tags, monitor = {**tags, **event.tag_values}, event.monitor_id or monitor
    if monitor:
        tags = {_MONITOR: (monitor,), **tags}
    environment = alert.environment or next(filter(None, tags.get("env", ())), None)
    return attrs.evolve(alert, tags=tags, environment=environment), notes


def announce(alert: Alert, record: TaskRecord) -> Flow[str | None]:
    """Post an event that names the task; the answer is why that cannot be, or None.

    A worker that dies between this and writing it down has it posted again; both events have the alert's key
    as their aggregation key, so that Datadog shows them as one.
    """
    draft = DatadogEventDraft(
        title=f"Created Asana task for {alert.title}",
        text=record.url,
        tags=tuple(dict.fromkeys(_tags(alert))),
        aggregation_key=alert.key,
    )
    try:
        yield from within(_PATIENCE, post_event(draft))
    except ConfigError:
        raise
    except SentryGovernedError as error:
        what = "perhaps not posted" if leaves_open(error) else "not posted"
        return f"{what} to datadog: {error}"
    return None


def _tags(alert: Alert) -> Iterator[str]:
    for key, values in alert.tags.items():
        for value in values:
            yield f"{key}:{value}" if value else key
    if monitor := _monitor(alert):
        yield f"{_MONITOR}:{monitor}"
    yield "event_source:asana"


def _monitor(alert: Alert) -> str | None:
    """The monitor as the webhook names it; one whose event was read has it as a tag."""
    found = alert.raw.get("alert_id")
    named = next(filter(None, alert.tags.get(_MONITOR, ())), found)
    return named if isinstance(named, str) and is_id(named) else None
