"""Where a service is, checked where it is written."""

from __future__ import annotations

from sentry_governed._http.gate import parse_origin


def check_base_url(_owner: object, _field: object, value: str) -> None:
    """Refuse what is no base URL; whether http:// is allowed is another key's to say."""
    parse_origin(value, allow_http=True)


def check_origin(base_url: str, *, allow_http: bool) -> None:
    """Refuse http:// unless it is allowed."""
    parse_origin(base_url, allow_http=allow_http)
