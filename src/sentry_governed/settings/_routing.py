"""The `routing` section."""

from __future__ import annotations

from typing import Final, get_args

import attrs

from sentry_governed.routing import DEFAULT_CREATE_ON, OnRepeat
from sentry_governed.settings._reader import fields_of, items, made, record, text, word

KINDS: Final = (
    "event_alert.triggered",
    "error.created",
    "issue.created",
    "issue.unresolved",
    "issue.assigned",
    "issue.resolved",
    "issue.archived",
    "issue.ignored",
    "datadog.triggered",
    "datadog.re_triggered",
    "datadog.warn",
    "datadog.re_warn",
    "datadog.no_data",
    "datadog.re_no_data",
    "datadog.renotify",
    "datadog.recovered",
)
"""The kinds of alert that may be asked to make tasks."""


@attrs.frozen(kw_only=True)
class RoutingSettings:
    """Which alerts make tasks, and how.

    Attributes:
        on_repeat: `new_task` makes a task for each event, linked to the earlier ones; `comment` comments on
            the latest.
        create_on: The kinds of alert that make tasks; others are skipped.
        default_team: The default team, instead of the one that the teams file names.
        shadow: The path, as it is written, of a teams file that is tried out beside the live one, or None.
    """

    on_repeat: OnRepeat = "new_task"
    create_on: frozenset[str] = DEFAULT_CREATE_ON
    default_team: str | None = None
    shadow: str | None = None


read_routing: Final = record(
    RoutingSettings,
    fields_of(
        RoutingSettings,
        on_repeat=word(get_args(OnRepeat)),
        create_on=made(frozenset, items(word(KINDS))),
        default_team=text,
        shadow=text,
    ),
)
