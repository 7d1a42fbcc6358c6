"""How Sentry is reached."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sentry_governed._actions import find
from sentry_governed._grammar import is_org_slug, is_uuid
from sentry_governed._http.changes import OnChange, log_change
from sentry_governed._http.endpoint import Endpoint, bearer
from sentry_governed._secret import Secret
from sentry_governed._values import Pairs
from sentry_governed.errors import ConfigError
from sentry_governed.typing import AsyncSender, Sender


def _check_uuid(_owner: object, _field: object, value: str) -> None:
    if not is_uuid(value):
        raise ConfigError(
            f"installation {value[:60]!r} is not a uuid in lower case; webhooks carry it as installation.uuid"
        )


def _check_org(_owner: object, _field: object, value: str | None) -> None:
    if value is not None and not is_org_slug(value):
        raise ConfigError(f"org {value[:60]!r} is not an organization's slug; numeric ids are not taken here")


@attrs.frozen
class Installation:
    """An integration in an organization: the only one that Sentry lets write external issues.

    Attributes:
        uuid: Of the installation, as every webhook of the integration carries it.
        token: The integration's own token.

    Raises:
        ConfigError: The uuid is none.
    """

    uuid: str = attrs.field(validator=_check_uuid)
    token: Secret


def _endpoint(config: SentryConfig) -> Endpoint:
    return Endpoint(
        base_url=config.base_url,
        credentials=(bearer(config.token),),
        headers=config.headers,
        user_agent=config.user_agent,
        timeout=config.timeout,
        allow_http=config.allow_http,
        trust_env=config.trust_env,
    )


@attrs.frozen(kw_only=True)
class SentryConfig:
    """How Sentry is reached.

    Attributes:
        token: Of a user or an integration; an organization token cannot read issues.
        org: The slug of the organization that calls are for unless they name another.
        base_url: Where Sentry is, without `/api/0`; a self-hosted one may be below a path.
        integration: Needed to create external issues.
        headers: Further headers of every request, such as a proxy in front of Sentry wants.
        user_agent: Who we say we are.
        allow_http: Whether tokens may travel in clear text, as to a fake.
        trust_env: Whether the environment may name a proxy and certificates.
        timeout: Seconds that one attempt of a request may take.
        patience: Seconds that a request may take with its waits and further attempts.
        on_change: Told each deprecated address that is used, once; a warning is logged otherwise.
        sender: Sends instead of HTTP, as it is and for both tokens: without further attempts.

    Raises:
        ConfigError: A value cannot be used.
    """

    token: Secret
    org: str | None = attrs.field(default=None, validator=_check_org)
    base_url: str = attrs.field(default="https://sentry.io", repr=False)
    integration: Installation | None = None
    headers: Pairs = attrs.field(default=(), repr=False)
    user_agent: str = "sentry-governed"
    allow_http: bool = False
    trust_env: bool = False
    timeout: float = 30.0
    patience: float = 60.0
    on_change: OnChange = attrs.field(default=log_change, repr=False)
    sender: Sender | AsyncSender | None = attrs.field(default=None, repr=False)
    endpoint: Endpoint = attrs.field(
        init=False, repr=False, default=attrs.Factory(_endpoint, takes_self=True)
    )

    @property
    def integration_endpoint(self) -> Endpoint | None:
        """The same place, as the integration; None without one."""
        if self.integration is None:
            return None
        return attrs.evolve(self.endpoint, credentials=(bearer(self.integration.token),))

    def defaults(self, action: str) -> Mapping[str, str]:
        """What an action takes from here where a call does not say it.

        Raises:
            ConfigError: There is no such action, or it needs an integration and none is configured.
        """
        asked = find(action)
        found = {"org": self.org} if self.org is not None and asked.parameter("org") else {}
        return {**found, "installation": self.installation} if asked.integration_token else found

    @property
    def installation(self) -> str:
        """The uuid of the installation.

        Raises:
            ConfigError: None is configured.
        """
        if self.integration is None:
            raise ConfigError("external issues need the integration's own token: set integration")
        return self.integration.uuid
