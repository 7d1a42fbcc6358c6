"""The `sentry` section."""

from __future__ import annotations

from typing import Final

import attrs

from sentry_governed.sentry import Installation, SentryConfig
from sentry_governed.settings._origin import check_base_url, check_origin
from sentry_governed.settings._reader import fields_of, flag, items, record, text
from sentry_governed.settings._secret_ref import SecretRef, secret

_check_org = attrs.fields(SentryConfig).org.validator
_check_uuid = attrs.fields(Installation).uuid.validator


@attrs.frozen
class InstallationSettings:
    """The integration that tasks are linked with.

    Attributes:
        uuid: Of its installation in the organization.
        token: The name of its own token.

    Raises:
        ConfigError: The uuid is none.
    """

    uuid: str = attrs.field(validator=_check_uuid)
    token: SecretRef


@attrs.frozen(kw_only=True)
class SentrySettings:
    """How Sentry is reached, and how its webhooks are recognised.

    Attributes:
        base_url: Where Sentry is.
        org: The organization's slug.
        token: The name of the token, or None.
        installation: The integration that tasks are linked with, or None.
        webhook_secrets: The names of the client secrets that webhooks are signed with.
        allow_http: Whether tokens may travel in clear text, as to a fake.

    Raises:
        ConfigError: The organization is no slug, the base URL is none, or http:// is not allowed.
    """

    base_url: str = attrs.field(default="https://sentry.io", validator=check_base_url)
    org: str | None = attrs.field(default=None, validator=_check_org)
    token: SecretRef | None = None
    installation: InstallationSettings | None = None
    webhook_secrets: tuple[SecretRef, ...] = ()
    allow_http: bool = False

    def __attrs_post_init__(self) -> None:
        check_origin(self.base_url, allow_http=self.allow_http)


_read_installation: Final = record(
    InstallationSettings,
    fields_of(InstallationSettings, uuid=text, token=secret),
    required=("uuid", "token"),
)

read_sentry: Final = record(
    SentrySettings,
    fields_of(
        SentrySettings,
        base_url=text,
        org=text,
        token=secret,
        installation=_read_installation,
        webhook_secrets=items(secret),
        allow_http=flag,
    ),
)
