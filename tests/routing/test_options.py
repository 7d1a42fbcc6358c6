"""What may be chosen, and that what cannot work is refused before anything is handled."""

import math

import pytest

from sentry_governed.errors import ConfigError
from sentry_governed.routing import Options


def test_defaults() -> None:
    """The usual kinds, a task for each event, and times that fit together."""
    options = Options()

    assert options.create_on == {"event_alert.triggered", "datadog.triggered"}
    assert options.on_repeat == "new_task"
    assert options.lease > options.create_timeout + options.clock_skew
    assert (options.consistency_delay, options.retention) == (120, 90 * 86_400)


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"on_repeat": "ignore"}, "on_repeat is new_task or comment, not 'ignore'"),
        ({"create_on": "error.created"}, "create_on is a collection of kinds, not 'error.created'"),
        ({"create_on": None}, "create_on is a collection of kinds, not None"),
        ({"create_on": [1]}, r"create_on is a collection of kinds, not \[1\]"),
        ({"lease": 0}, "lease is a number of seconds above 0, not 0"),
        ({"lease": math.inf}, "lease is a number of seconds above 0, not inf"),
        ({"create_timeout": math.nan}, "create_timeout is a number of seconds above 0, not nan"),
        ({"clock_skew": -1}, "clock_skew is a number of seconds above 0, not -1"),
        ({"consistency_delay": "120"}, "consistency_delay is a number of seconds above 0, not '120'"),
        ({"portfolio_ttl": True}, "portfolio_ttl is a number of seconds above 0, not True"),
        ({"retry_after": None}, "retry_after is a number of seconds above 0, not None"),
        ({"lease": 55}, "lease 55 does not exceed create_timeout 45 and clock_skew 10 together"),
        ({"retention": 240}, "retention 240 does not exceed lease 120 and consistency_delay 120 together"),
    ],
)
def test_refused(chosen: dict[str, object], problem: str) -> None:
    """A value that cannot work is named, and so is what it would have to be."""
    with pytest.raises(ConfigError, match=f"^{problem}$"):
        Options(**chosen)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("kinds", [["a"], ("a",), {"a"}, frozenset({"a"})])
def test_kinds(kinds: list[str]) -> None:
    """Any collection of kinds will do."""
    assert Options(create_on=kinds).create_on == frozenset({"a"})


def test_barely() -> None:
    """The bounds themselves are not enough; a little more is."""
    assert Options(lease=55.1).lease == 55.1
    assert Options(retention=240.1).retention == 240.1
