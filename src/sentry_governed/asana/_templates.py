"""Text with `{fact}` placeholders, filled from an alert."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from sentry_governed.asana._checks import shown
from sentry_governed.errors import ConfigError

_DOTS = frozenset({".", ".."})
_PART = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z0-9_.\-/]+)\}|[{}]")


def check_template(text: str) -> None:
    """Refuse a template with a brace that neither holds a fact's name nor is doubled.

    Raises:
        ConfigError: It names the template.
    """
    for part in _PART.finditer(text):
        if part.group() in {"{", "}"}:
            brace = part.group()
            hint = f"write {{fact}}, or {brace * 2!r} for the brace itself"
            raise ConfigError(f"template {shown(text)} has a lone {brace!r}; {hint}")


def check_link(text: str) -> None:
    """Refuse a link template that is no http(s) address, or whose host an alert could choose.

    Raises:
        ConfigError: It names the template.
    """
    check_template(text)
    try:
        address = urlsplit(text)
    except ValueError:
        address = urlsplit("")
    if address.scheme not in {"http", "https"} or not address.netloc:
        raise ConfigError(f"link {shown(text)} does not start with https:// and a host")
    if set(address.netloc) & set("{}@"):
        raise ConfigError(f"link {shown(text)} has a placeholder or a user in its host; write the host out")


def fill(template: str, values: Mapping[str, str]) -> str | None:
    """The template with each `{fact}` as it is, or None when one of them is missing."""
    names = {part["name"] for part in _PART.finditer(template) if part["name"]}
    if not names <= values.keys():
        return None
    return _PART.sub(lambda part: values[part["name"]] if part["name"] else part.group()[0], template)


def fill_link(template: str, values: Mapping[str, str]) -> str | None:
    """As `fill`, each `{fact}` percent-encoded; None also when facts make a step of the path `.` or `..`."""
    link = fill(template, {name: quote(value, safe="", errors="replace") for name, value in values.items()})
    return link if link and _DOTS.isdisjoint(urlsplit(link).path.split("/")) else None
