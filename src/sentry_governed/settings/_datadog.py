"""The `datadog` section."""

from __future__ import annotations

from typing import Final

import attrs

from sentry_governed.alerts import WebhookSecrets, check_site
from sentry_governed.errors import ConfigError
from sentry_governed.settings._origin import check_base_url, check_origin
from sentry_governed.settings._reader import fields_of, flag, items, made, record, text
from sentry_governed.settings._secret_ref import SecretRef, secret


def _lower(name: str) -> str:
    return name.lower()


def _check_header(_owner: object, _field: object, value: str) -> None:
    WebhookSecrets(datadog_header=value)


@attrs.frozen(kw_only=True)
class DatadogSettings:
    """How Datadog's webhooks are recognised, and how its events API is reached.

    Attributes:
        webhook_header: The header that a webhook shows its secret in.
        webhook_secrets: The names of the secrets.
        api_key: The name of Datadog's API key, or None.
        app_key: The name of Datadog's application key; there is one when there is an API key.
        site: Which Datadog the account is on.
        base_url: Where the API is, when it is not the site's.
        allow_http: Whether the keys may travel in clear text, as to a fake.

    Raises:
        ConfigError: The header's name is none, one key is there without the other, the site is not known, the
            base URL is none, or http:// is not allowed.
    """

    webhook_header: str = attrs.field(
        default="datadog-secret-token", converter=_lower, validator=_check_header
    )
    webhook_secrets: tuple[SecretRef, ...] = ()
    api_key: SecretRef | None = None
    app_key: SecretRef | None = None
    site: str = attrs.field(default="datadoghq.com", validator=check_site)
    base_url: str | None = attrs.field(default=None, validator=attrs.validators.optional(check_base_url))
    allow_http: bool = False

    def __attrs_post_init__(self) -> None:
        if (self.api_key is None) != (self.app_key is None):
            missing = "api_key" if self.api_key is None else "app_key"
            raise ConfigError(f"there is no {missing}; datadog is asked with both keys, or with neither")
        if self.base_url is not None:
            check_origin(self.base_url, allow_http=self.allow_http)


read_datadog: Final = record(
    DatadogSettings,
    fields_of(
        DatadogSettings,
        webhook_header=made(_lower, text),
        webhook_secrets=items(secret),
        api_key=secret,
        app_key=secret,
        site=text,
        base_url=text,
        allow_http=flag,
    ),
)
