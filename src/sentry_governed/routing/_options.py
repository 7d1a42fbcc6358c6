"""How the router behaves where the defaults are not wanted."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Literal, TypeAlias, cast

import attrs

from sentry_governed.errors import ConfigError

OnRepeat: TypeAlias = Literal["new_task", "comment"]
"""What a further alert of an issue that has a task makes."""

_USUAL_KINDS = frozenset({"event_alert.triggered", "datadog.triggered"})


def _kinds(value: Collection[str]) -> frozenset[str]:
    if not _are_texts(value):
        raise ConfigError(f"create_on is a collection of kinds, not {value!r}")
    return frozenset(value)


def _are_texts(value: object) -> bool:
    if isinstance(value, str) or not isinstance(value, Collection):
        return False
    return all(isinstance(item, str) for item in cast(Collection[object], value))


def _check_seconds(_options: object, field: attrs.Attribute[float], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ConfigError(f"{field.name} is a number of seconds above 0, not {value!r}")


@attrs.frozen(kw_only=True)
class Options:
    """What may be chosen about routing; all times are in seconds.

    Attributes:
        create_on: The kinds of alert that make tasks; every other kind is skipped.
        on_repeat: Whether a second event of an issue makes a task of its own or a comment on the latest one.
        lease: How long one worker holds a key. It exceeds `create_timeout` and `clock_skew` together.
        create_timeout: How long the creation of a task may take in all.
        clock_skew: How far the clocks of two workers may be apart.
        consistency_delay: How long Asana may take to list a task that it has created.
        retention: How long a key is remembered.
        portfolio_ttl: How long the newest project of a portfolio is remembered.
        retry_after: How long to wait when a service does not say.

    Raises:
        ConfigError: A time is not positive and finite, the lease or the retention is too short, or another
            value cannot be used.
    """

    create_on: frozenset[str] = attrs.field(default=_USUAL_KINDS, converter=_kinds)
    on_repeat: OnRepeat = "new_task"
    lease: float = attrs.field(default=120.0, validator=_check_seconds)
    create_timeout: float = attrs.field(default=45.0, validator=_check_seconds)
    clock_skew: float = attrs.field(default=10.0, validator=_check_seconds)
    consistency_delay: float = attrs.field(default=120.0, validator=_check_seconds)
    retention: float = attrs.field(default=90 * 86_400.0, validator=_check_seconds)
    portfolio_ttl: float = attrs.field(default=300.0, validator=_check_seconds)
    retry_after: float = attrs.field(default=30.0, validator=_check_seconds)

    @property
    def needed(self) -> float:
        """How much of a lease must be left when the creation of a task begins."""
        return self.create_timeout + self.clock_skew

    def __attrs_post_init__(self) -> None:
        if self.on_repeat not in {"new_task", "comment"}:
            raise ConfigError(f"on_repeat is new_task or comment, not {self.on_repeat!r}")
        if self.lease <= self.needed:
            raise ConfigError(
                f"lease {self.lease:g} does not exceed create_timeout {self.create_timeout:g} "
                f"and clock_skew {self.clock_skew:g} together"
            )
        if self.retention <= self.lease + self.consistency_delay:
            raise ConfigError(
                f"retention {self.retention:g} does not exceed lease {self.lease:g} "
                f"and consistency_delay {self.consistency_delay:g} together"
            )
