"""How the router behaves where the defaults are not wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import attrs

from sentry_governed.errors import ConfigError

OnRepeat: TypeAlias = Literal["new_task", "comment"]

DEFAULT_CREATE_ON = frozenset({"event_alert.triggered", "datadog.triggered"})


def _kinds(value: Iterable[str]) -> frozenset[str]:
    if isinstance(value, str):
        raise ConfigError(f"create_on is a collection of kinds, not the text {value!r}")
    return frozenset(value)


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
        ConfigError: A time is not positive, the lease is too short, or `on_repeat` is not known.
    """

    create_on: frozenset[str] = attrs.field(default=DEFAULT_CREATE_ON, converter=_kinds)
    on_repeat: OnRepeat = "new_task"
    lease: float = 120.0
    create_timeout: float = 45.0
    clock_skew: float = 10.0
    consistency_delay: float = 120.0
    retention: float = 90 * 86_400.0
    portfolio_ttl: float = 300.0
    retry_after: float = 30.0

    def __attrs_post_init__(self) -> None:
        if self.on_repeat not in {"new_task", "comment"}:
            raise ConfigError(f"on_repeat is new_task or comment, not {self.on_repeat!r}")
        for field in attrs.fields(Options):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and not value > 0:
                raise ConfigError(f"{field.name} is a number of seconds above 0, not {value!r}")
        if self.lease <= self.create_timeout + self.clock_skew:
            raise ConfigError(
                f"lease {self.lease:g} does not exceed create_timeout {self.create_timeout:g} "
                f"and clock_skew {self.clock_skew:g} together"
            )
