"""What comes in: alerts from Sentry and Datadog, authenticated and reduced to what routing needs."""

from sentry_governed.alerts._alert import Alert, Ignored

__all__ = ["Alert", "Ignored"]
