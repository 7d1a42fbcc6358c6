"""The `routing` section."""

from __future__ import annotations

from typing import Final, get_args

import attrs

from sentry_governed.routing import OnRepeat, Options
from sentry_governed.settings._duration import DURATION
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

_USUAL: Final = Options()


@attrs.frozen(kw_only=True)
class RoutingSettings:
    """Which alerts make tasks, and how.

    Attributes:
        on_repeat: `new_task` makes a task for each event, linked to the earlier ones; `comment` comments on
            the latest.
        create_on: The kinds of alert that make tasks; others are skipped.
        default_team: The default team, instead of the one that the teams file names.
        shadow: The path, as it is written, of a teams file that is tried out beside the live one, or None.
        lease: See `Options`, as for all that follow; in seconds.
        create_timeout: How long the creation of a task may take in all.
        clock_skew: How far the clocks of two workers may be apart.
        consistency_delay: How long Asana may take to list a task that it has created.
        retry_after: How long to wait when a service does not say.

    Raises:
        ConfigError: The times do not fit together.
    """

    on_repeat: OnRepeat = _USUAL.on_repeat
    create_on: frozenset[str] = _USUAL.create_on
    default_team: str | None = None
    shadow: str | None = None
    lease: float = _USUAL.lease
    create_timeout: float = _USUAL.create_timeout
    clock_skew: float = _USUAL.clock_skew
    consistency_delay: float = _USUAL.consistency_delay
    retry_after: float = _USUAL.retry_after

    def __attrs_post_init__(self) -> None:
        _ = self.options

    @property
    def options(self) -> Options:
        """The same for a router."""
        return Options(
            create_on=self.create_on,
            on_repeat=self.on_repeat,
            lease=self.lease,
            create_timeout=self.create_timeout,
            clock_skew=self.clock_skew,
            consistency_delay=self.consistency_delay,
            retry_after=self.retry_after,
        )


read_routing: Final = record(
    RoutingSettings,
    fields_of(
        RoutingSettings,
        on_repeat=word(get_args(OnRepeat)),
        create_on=made(frozenset, items(word(KINDS))),
        default_team=text,
        shadow=text,
        lease=DURATION,
        create_timeout=DURATION,
        clock_skew=DURATION,
        consistency_delay=DURATION,
        retry_after=DURATION,
    ),
)
