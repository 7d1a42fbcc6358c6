"""The `datadog` section."""

from __future__ import annotations

from typing import Final

import attrs

from sentry_governed.alerts import WebhookSecrets
from sentry_governed.settings._reader import fields_of, items, made, record, text
from sentry_governed.settings._secret_ref import SecretRef, secret


def _lower(name: str) -> str:
    return name.lower()


def _check_header(_owner: object, _field: object, value: str) -> None:
    WebhookSecrets(datadog_header=value)


@attrs.frozen(kw_only=True)
class DatadogSettings:
    """How Datadog's webhooks are recognised.

    Attributes:
        webhook_header: The header that a webhook shows its secret in.
        webhook_secrets: The names of the secrets.
        api_key: The name of Datadog's API key, or None.
        app_key: The name of Datadog's application key, or None.

    Raises:
        ConfigError: The header's name is none.
    """

    webhook_header: str = attrs.field(
        default="datadog-secret-token", converter=_lower, validator=_check_header
    )
    webhook_secrets: tuple[SecretRef, ...] = ()
    api_key: SecretRef | None = None
    app_key: SecretRef | None = None


read_datadog: Final = record(
    DatadogSettings,
    fields_of(
        DatadogSettings,
        webhook_header=made(_lower, text),
        webhook_secrets=items(secret),
        api_key=secret,
        app_key=secret,
    ),
)
