"""What comes in: alerts from Sentry and Datadog, authenticated and reduced to what routing needs."""

from sentry_governed.alerts._alert import Alert, Ignored, Source
from sentry_governed.alerts._parse import decode_alert, parse_alert
from sentry_governed.alerts._verify import Headers, WebhookSecrets

__all__ = ["Alert", "Headers", "Ignored", "Source", "WebhookSecrets", "decode_alert", "parse_alert"]
