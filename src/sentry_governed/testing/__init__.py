"""For your own tests: services that behave, and misbehave on order, without a network."""

from sentry_governed.testing._alerts import (
    EventParts,
    SentryParts,
    datadog_alert,
    sentry_error,
    sentry_event_alert,
    sentry_issue,
)
from sentry_governed.testing._asana import FakeAsana
from sentry_governed.testing._asana_values import (
    FakeField,
    FakeOption,
    FakePortfolio,
    FakeProject,
    FakeStory,
    FakeTask,
    FieldType,
)
from sentry_governed.testing._cases import Case
from sentry_governed.testing._cases_file import load_cases
from sentry_governed.testing._clock import FrozenClock
from sentry_governed.testing._datadog import FakeDatadog, FakeDatadogEvent
from sentry_governed.testing._faults import Fault, Faults
from sentry_governed.testing._routes import assert_routes
from sentry_governed.testing._sentry import FakeSentry
from sentry_governed.testing._sentry_values import (
    FakeDeploy,
    FakeEvent,
    FakeExternalIssue,
    FakeInstallation,
    FakeIssue,
    FakeMember,
    FakeNote,
    FakeOrg,
    FakeRelease,
    FakeSentryProject,
    FakeTeam,
)
from sentry_governed.testing._signed import datadog_webhook, sign_webhook
from sentry_governed.testing._wire import Call

__all__ = [
    "Call",
    "Case",
    "EventParts",
    "FakeAsana",
    "FakeDatadog",
    "FakeDatadogEvent",
    "FakeDeploy",
    "FakeEvent",
    "FakeExternalIssue",
    "FakeField",
    "FakeInstallation",
    "FakeIssue",
    "FakeMember",
    "FakeNote",
    "FakeOption",
    "FakeOrg",
    "FakePortfolio",
    "FakeProject",
    "FakeRelease",
    "FakeSentry",
    "FakeSentryProject",
    "FakeStory",
    "FakeTask",
    "FakeTeam",
    "Fault",
    "Faults",
    "FieldType",
    "FrozenClock",
    "SentryParts",
    "assert_routes",
    "datadog_alert",
    "datadog_webhook",
    "load_cases",
    "sentry_error",
    "sentry_event_alert",
    "sentry_issue",
    "sign_webhook",
]
