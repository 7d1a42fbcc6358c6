"""Webhooks in: verified, put on an inbox, and answered within the second that Sentry waits."""

from sentry_governed.adapters.webhooks._asgi import AsgiApp, webhook_app
from sentry_governed.adapters.webhooks._lambda import LambdaHandler, lambda_webhook

__all__ = ["AsgiApp", "LambdaHandler", "lambda_webhook", "webhook_app"]
