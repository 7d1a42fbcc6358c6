"""What Asana announces in `Asana-Change` headers. Source: Asana's documentation, "Deprecations"."""

from __future__ import annotations

from collections.abc import Iterator

from sentry_governed._http.changes import ServiceChange
from sentry_governed._values import Request, Response
from sentry_governed.asana._text import one_line

_LONGEST = 200


def announced(_request: Request, response: Response) -> Iterator[ServiceChange]:
    """The changes that a response names: `name=...;info=...;affected=true`, one a header."""
    for header, value in response.headers:
        if header == "asana-change":
            for change in value.split(","):
                parts = dict(_pair(part) for part in change.split(";"))
                if name := parts.get("name"):
                    yield ServiceChange("asana", name, parts.get("info", ""), parts.get("affected") == "true")


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), one_line(value)[:_LONGEST]
