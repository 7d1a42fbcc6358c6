"""How urgent an alert is."""

import pytest

from sentry_governed.alerts import Alert
from sentry_governed.asana import Priority, PrioritySettings, priority_of
from sentry_governed.errors import ConfigError
from tests.asana.makers import alert, datadog


@pytest.mark.parametrize(
    ("given_alert", "expected"),
    [
        *(
            (alert(level=level), Priority.MEDIUM)
            for level in ("sample", "debug", "info", "warning", "Warning")
        ),
        *((alert(level=level), Priority.HIGH) for level in ("error", "fatal", "critical", "", " ", None)),
        (alert(level="error", tags={"priority": ("P5",)}), Priority.HIGH),
        (datadog(), Priority.HIGH),
        *((datadog(priority=priority), Priority.HIGH) for priority in ("P1", "P2", "normal", "low")),
        *((datadog(priority=priority), Priority.MEDIUM) for priority in ("P3", "P4", "P5", "p5")),
        (datadog(priority="P5", level="error"), Priority.MEDIUM),
        (datadog(priority="P1", level="warning"), Priority.MEDIUM),
    ],
)
def test_usual(given_alert: Alert, expected: Priority) -> None:
    """Warnings and below, and Datadog's P3 to P5, are medium; all else is high."""
    assert priority_of(given_alert, PrioritySettings()) is expected


@pytest.mark.parametrize(
    ("given_alert", "expected"),
    [
        (alert(level="warning"), Priority.HIGH),
        (alert(level="info"), Priority.LOW),
        (alert(level="debug"), Priority.MEDIUM),
        (datadog(priority="P2", level="info"), Priority.MEDIUM),
        (datadog(priority="P1", level="info"), Priority.LOW),
    ],
)
def test_configured(given_alert: Alert, expected: Priority) -> None:
    """A configured level wins over the usual meaning, Datadog's priority over the level."""
    settings = PrioritySettings(levels={"warning": "high", "info": "low", "p2": "medium"})

    assert priority_of(given_alert, settings) is expected


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PrioritySettings("x", "2", "3"), "field 'x' is not an Asana id"),
        (lambda: PrioritySettings("1", "2"), "no option for medium"),
        (lambda: PrioritySettings("1", "2", "3", levels={"info": "low"}), "no option for low"),
        (lambda: PrioritySettings(None, "2"), "options but no field"),
        (
            lambda: PrioritySettings(levels={"warn": "low"}),
            "level 'warn' is not known .did you mean 'warning'",
        ),
        (
            lambda: PrioritySettings(levels={"info": "hihg"}),
            "priority 'hihg' is not known .did you mean 'high'",
        ),
    ],
)
def test_refused(make: object, message: str) -> None:
    """Settings that cannot work are refused by name when they are made."""
    assert callable(make)
    with pytest.raises(ConfigError, match=message):
        make()


def test_options() -> None:
    """Each priority has its own option."""
    settings = PrioritySettings("1", "2", "3", "4")

    assert [settings.option(priority) for priority in Priority] == ["2", "3", "4"]
