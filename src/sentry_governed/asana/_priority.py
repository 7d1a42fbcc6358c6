"""How urgent an alert is, and which options of a custom field say so."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import attrs

from sentry_governed.alerts import Alert
from sentry_governed.asana._checks import check_gid, check_known
from sentry_governed.errors import ConfigError

_LEVELS: Final = ("sample", "debug", "info", "warning", "error", "fatal")
"""Sentry's levels, the least urgent first."""

_DATADOG_LEVELS: Final = ("p1", "p2", "p3", "p4", "p5")
"""Datadog's priorities, the most urgent first."""

LEVEL_NAMES: Final = (*_LEVELS, *_DATADOG_LEVELS)
"""What a priority may be given to."""

_MILD: Final = frozenset((*_LEVELS[: _LEVELS.index("error")], *_DATADOG_LEVELS[2:]))


class Priority(enum.StrEnum):
    """A task's priority; without settings that say otherwise only HIGH and MEDIUM are given."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def _check_levels(_owner: object, _field: object, levels: Mapping[str, str]) -> None:
    for level, priority in levels.items():
        check_known("level", level, LEVEL_NAMES)
        check_known("priority", priority, [known.value for known in Priority])


_optional_gid = attrs.validators.optional(check_gid)


@attrs.frozen
class PrioritySettings:
    """The custom field that shows the priority, and what each level means.

    Attributes:
        field: The field's id; None shows no priority.
        high: The option's id; so are `medium` and `low`.
        levels: Which priority a level (`warning`, `p3`, ...) gives, where it is not the usual one: `high`
            from `error` up and for everything unknown, `medium` below, and for Datadog's P3 to P5.

    Raises:
        ConfigError: An id, level or priority is not one, or a field lacks the option of a priority in use.
    """

    field: str | None = attrs.field(default=None, validator=_optional_gid)
    high: str | None = attrs.field(default=None, validator=_optional_gid)
    medium: str | None = attrs.field(default=None, validator=_optional_gid)
    low: str | None = attrs.field(default=None, validator=_optional_gid)
    levels: Mapping[str, str] = attrs.field(
        factory=dict[str, str], validator=_check_levels, hash=False, kw_only=True
    )

    def __attrs_post_init__(self) -> None:
        if self.field is None:
            if self.high or self.medium or self.low:
                raise ConfigError("priority has options but no field; give the id of their custom field")
            return
        for priority in sorted({"high", "medium", *self.levels.values()}):
            if self.option(Priority(priority)) is None:
                raise ConfigError(f"priority has a field but no option for {priority}; give the option's id")

    def option(self, priority: Priority) -> str | None:
        """The option's id of a priority, or None."""
        return {Priority.HIGH: self.high, Priority.MEDIUM: self.medium, Priority.LOW: self.low}[priority]


def level_names(alert: Alert) -> tuple[str, ...]:
    """What the alert says about its urgency: Datadog's priority, then the level; in lower case."""
    stated = alert.facts.get("priority", ()) if alert.source == "datadog" else ()
    return tuple(text.strip().lower() for text in (*stated, alert.level or "") if text.strip())


def priority_of(alert: Alert, settings: PrioritySettings) -> Priority:
    """The alert's priority: what the settings say of its level, else the usual one."""
    names = level_names(alert)
    for name in names:
        if name in settings.levels:
            return Priority(settings.levels[name])
    return Priority.HIGH if _MILD.isdisjoint(names) else Priority.MEDIUM
