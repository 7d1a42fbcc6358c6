"""What comes in: alerts from Sentry and Datadog, authenticated and reduced to what routing needs.

What asks Datadog for more brings the HTTP library with it, so it is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_governed._lazy import later
from sentry_governed.alerts._alert import Alert, Ignored, Source
from sentry_governed.alerts._datadog_sites import check_site
from sentry_governed.alerts._from_event import alert_of_event
from sentry_governed.alerts._parse import decode_alert, parse_alert, read_verified
from sentry_governed.alerts._trim import trims
from sentry_governed.alerts._verify import Headers, WebhookSecrets, verify

if TYPE_CHECKING:
    from sentry_governed.alerts._datadog_calls import DatadogEvent as DatadogEvent
    from sentry_governed.alerts._datadog_calls import DatadogEventDraft as DatadogEventDraft
    from sentry_governed.alerts._datadog_calls import get_event as get_event
    from sentry_governed.alerts._datadog_calls import post_event as post_event
    from sentry_governed.alerts._datadog_client import AsyncDatadogClient as AsyncDatadogClient
    from sentry_governed.alerts._datadog_client import DatadogClient as DatadogClient
    from sentry_governed.alerts._datadog_client import DatadogConfig as DatadogConfig

__all__ = [
    "Alert",
    "AsyncDatadogClient",
    "DatadogClient",
    "DatadogConfig",
    "DatadogEvent",
    "DatadogEventDraft",
    "Headers",
    "Ignored",
    "Source",
    "WebhookSecrets",
    "alert_of_event",
    "check_site",
    "decode_alert",
    "get_event",
    "parse_alert",
    "post_event",
    "read_verified",
    "trims",
    "verify",
]

__getattr__ = later(
    __name__,
    {
        "_datadog_calls": "DatadogEvent DatadogEventDraft get_event post_event",
        "_datadog_client": "AsyncDatadogClient DatadogClient DatadogConfig",
    },
)
