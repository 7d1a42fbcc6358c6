"""The configuration file, read and checked as a whole, and ready objects made of it.

What makes objects brings the HTTP library with it, so it is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_governed._lazy import later
from sentry_governed.routing import OnRepeat
from sentry_governed.settings._asana import AsanaSettings
from sentry_governed.settings._datadog import DatadogSettings
from sentry_governed.settings._duration import parse_duration
from sentry_governed.settings._inbox import NatsStream, SqsQueue
from sentry_governed.settings._ledger import DynamoTable, NatsBucket
from sentry_governed.settings._places import SqliteFile
from sentry_governed.settings._profiles import Profile, Profiles
from sentry_governed.settings._profiles_env import load_profiles
from sentry_governed.settings._routing import RoutingSettings
from sentry_governed.settings._secret_ref import SecretRef
from sentry_governed.settings._sentry import InstallationSettings, SentrySettings
from sentry_governed.settings._serve import ReconcileSettings, ServeSettings
from sentry_governed.settings._settings import Settings
from sentry_governed.settings._sources import SecretSource

if TYPE_CHECKING:
    from sentry_governed.settings._inboxes import open_async_inbox as open_async_inbox
    from sentry_governed.settings._inboxes import open_inbox as open_inbox
    from sentry_governed.settings._runtime import AsyncRuntime as AsyncRuntime
    from sentry_governed.settings._runtime import Runtime as Runtime
    from sentry_governed.settings._runtime import open_async_router as open_async_router
    from sentry_governed.settings._runtime import open_router as open_router
    from sentry_governed.settings._runtime import sentry_config as sentry_config
    from sentry_governed.settings._runtime import webhook_secrets as webhook_secrets
    from sentry_governed.settings._service import Service as Service
    from sentry_governed.settings._service import check_service as check_service
    from sentry_governed.settings._service import open_service as open_service
    from sentry_governed.settings._workers import open_worker as open_worker

__all__ = [
    "AsanaSettings",
    "AsyncRuntime",
    "DatadogSettings",
    "DynamoTable",
    "InstallationSettings",
    "NatsBucket",
    "NatsStream",
    "OnRepeat",
    "Profile",
    "Profiles",
    "ReconcileSettings",
    "RoutingSettings",
    "Runtime",
    "SecretRef",
    "SecretSource",
    "SentrySettings",
    "ServeSettings",
    "Service",
    "Settings",
    "SqliteFile",
    "SqsQueue",
    "check_service",
    "load_profiles",
    "open_async_inbox",
    "open_async_router",
    "open_inbox",
    "open_router",
    "open_service",
    "open_worker",
    "parse_duration",
    "sentry_config",
    "webhook_secrets",
]

__getattr__ = later(
    __name__,
    {
        "_inboxes": "open_async_inbox open_inbox",
        "_runtime": "AsyncRuntime Runtime open_async_router open_router sentry_config webhook_secrets",
        "_workers": "open_worker",
        "_service": "Service check_service open_service",
    },
)
