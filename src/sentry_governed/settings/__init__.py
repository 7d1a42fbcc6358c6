"""The configuration file, read and checked as a whole."""

from sentry_governed.settings._asana import AsanaSettings
from sentry_governed.settings._routing import OnRepeat, RoutingSettings
from sentry_governed.settings._secret_ref import SecretRef
from sentry_governed.settings._settings import Settings

__all__ = ["AsanaSettings", "OnRepeat", "RoutingSettings", "SecretRef", "Settings"]
