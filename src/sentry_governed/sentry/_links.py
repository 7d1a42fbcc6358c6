"""Reads the cursor of the next page out of a `Link` header.

Only the cursor is followed, never the URL, which may name another host. Source: Sentry's API documentation,
"Paginating Results".
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from sentry_governed._values import Response

_LONGEST = 4096
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[a-zA-Z]+="[^"]*")*)')
_CURSOR = re.compile(r"[!-~]{1,500}")
_ATTRIBUTE = re.compile(r';\s*([a-zA-Z]+)="([^"]*)"')


def next_cursor(response: Response) -> str | None:
    """The cursor of the next page, or None when there is none."""
    for url, attributes in _LINK.findall((response.header("link") or "")[:_LONGEST]):
        known = dict(_ATTRIBUTE.findall(attributes))
        if known.get("rel") == "next" and known.get("results", "true") == "true":
            return known.get("cursor") or _in_query(url)
    return None


def is_cursor(text: str) -> bool:
    """Whether it can be asked for: visible ASCII, as much as a cursor may be long."""
    return _CURSOR.fullmatch(text) is not None


def _in_query(url: str) -> str | None:
    try:
        return next(iter(parse_qs(urlsplit(url).query).get("cursor", ())), None)
    except ValueError:
        return None
