"""The sites of Datadog. Source: its documentation, "Getting started with Datadog sites"."""

from __future__ import annotations

from typing import Final

from sentry_governed.errors import ConfigError

_SITES: Final = (
    "datadoghq.com",
    "datadoghq.eu",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "ddog-gov.com",
    "us2.ddog-gov.com",
)


def check_site(_owner: object, _field: object, site: str) -> None:
    """Refuse what is no site, whose API is at `https://api.` and the site."""
    if site not in _SITES:
        raise ConfigError(f"site {site!r} is none of {', '.join(_SITES)}; set base_url for another")
