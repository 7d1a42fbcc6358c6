"""Webhooks that were kept as files."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sentry_governed._convert import is_object
from sentry_governed.errors import PayloadError


def headers_of(content: bytes) -> Mapping[str, str]:
    """The headers that a file holds.

    Raises:
        PayloadError: It holds anything but one JSON object of header name to text.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    headers = (
        {name: value for name, value in found.items() if isinstance(value, str)} if is_object(found) else None
    )
    if headers is None or headers != found:
        raise PayloadError("this is not one JSON object of header name to text")
    return headers
