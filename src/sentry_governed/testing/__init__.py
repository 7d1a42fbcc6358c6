"""For your own tests: services that behave, and misbehave on order, without a network."""

from sentry_governed.testing._asana import FakeAsana
from sentry_governed.testing._asana_values import (
    FakeField,
    FakeOption,
    FakePortfolio,
    FakeProject,
    FakeStory,
    FakeTask,
)
from sentry_governed.testing._clock import FrozenClock
from sentry_governed.testing._faults import Fault, Faults
from sentry_governed.testing._sentry import FakeSentry
from sentry_governed.testing._sentry_values import (
    FakeEvent,
    FakeExternalIssue,
    FakeInstallation,
    FakeIssue,
    FakeNote,
    FakeOrg,
    FakeSentryProject,
)
from sentry_governed.testing._wire import Call

__all__ = [
    "Call",
    "FakeAsana",
    "FakeEvent",
    "FakeExternalIssue",
    "FakeField",
    "FakeInstallation",
    "FakeIssue",
    "FakeNote",
    "FakeOption",
    "FakeOrg",
    "FakePortfolio",
    "FakeProject",
    "FakeSentry",
    "FakeSentryProject",
    "FakeStory",
    "FakeTask",
    "Fault",
    "Faults",
    "FrozenClock",
]
