"""What Sentry announces about an address that is going away; afterwards it answers 410, at first at times."""

from __future__ import annotations

from collections.abc import Iterator

from sentry_governed._http.changes import ServiceChange
from sentry_governed._values import Request, Response

_LONGEST = 200


def announced(request: Request, response: Response) -> Iterator[ServiceChange]:
    """The deprecation that a response names for its own address."""
    date = response.header("x-sentry-deprecation-date")
    if date is not None:
        replacement = response.header("x-sentry-replacement-endpoint")
        info = f"deprecated on {_shown(date)}" + (f"; use {_shown(replacement)}" if replacement else "")
        yield ServiceChange("sentry", request.template, info, affected=True)


def _shown(text: str) -> str:
    return "".join(character for character in text[:_LONGEST] if character.isprintable())
