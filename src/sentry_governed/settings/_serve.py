"""The `serve` section."""

from __future__ import annotations

import re
from typing import Final

import attrs

from sentry_governed._grammar import is_project_slug
from sentry_governed._yaml import quoted
from sentry_governed.errors import ConfigError
from sentry_governed.settings._duration import DURATION
from sentry_governed.settings._reader import fields_of, items, number, record, text

_HOST: Final = re.compile(r"[A-Za-z0-9._:%-]{1,253}")


def _check_host(_owner: object, _field: object, value: str) -> None:
    if not _HOST.fullmatch(value):
        raise ConfigError(f"host {quoted(value)} is no address; write one such as 127.0.0.1 or ::1")


def _whole(default: int, low: int, high: int) -> int:
    def check(_owner: object, field: attrs.Attribute[int], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(f"{field.name} {value} is not a whole number from {low} to {high}")

    return attrs.field(default=default, validator=check)


def _seconds(default: float, low: float, high: float) -> float:
    def check(_owner: object, field: attrs.Attribute[float], value: float) -> None:
        if not low <= value <= high:
            raise ConfigError(f"{field.name} is {value:g} s; give {low:g} s to {high:g} s")

    return attrs.field(default=default, validator=check)


def _check_projects(_owner: object, _field: object, projects: tuple[str, ...]) -> None:
    for project in projects:
        if not is_project_slug(project):
            raise ConfigError(f"{quoted(project)} is not a project's slug")


@attrs.frozen(kw_only=True)
class ReconcileSettings:
    """How often Sentry is asked for issues whose webhook was lost.

    Attributes:
        every: Seconds from one look to the next.
        since: How far back each look goes, in seconds.
        grace: How long a webhook may take: younger issues wait for the next look.
        query: Which issues are meant, in Sentry's search language.
        projects: The slugs of the projects to look at; all of the organization when there are none.

    Raises:
        ConfigError: A value is out of bounds, a project is no slug, or an issue could fall between two looks.
    """

    every: float = _seconds(600.0, 10.0, 86_400.0)
    since: float = _seconds(3_600.0, 60.0, 90 * 86_400.0)
    grace: float = _seconds(120.0, 0.0, 3_600.0)
    query: str = "is:unresolved"
    projects: tuple[str, ...] = attrs.field(default=(), validator=_check_projects)

    def __attrs_post_init__(self) -> None:
        if self.since < self.every + self.grace:
            raise ConfigError(
                f"since is {self.since:g} s, which does not cover every and grace, {self.every:g} s and "
                f"{self.grace:g} s, together"
            )


@attrs.frozen(kw_only=True)
class ServeSettings:
    """How the webhook endpoint and the workers run.

    Attributes:
        host: The address that is listened on.
        port: The port; 0 for any free one.
        workers: How many alerts are handled at a time.
        connections: How many connections the endpoint takes at a time.
        lease: Seconds after which what a dead worker took from a SQLite inbox is taken by another.
        drain: Seconds that started work may take to end when the process is told to stop.
        reconcile: The timer that looks for lost webhooks; None for none.

    Raises:
        ConfigError: A value is out of bounds.
    """

    host: str = attrs.field(default="127.0.0.1", validator=_check_host)
    port: int = _whole(8080, 0, 65_535)
    workers: int = _whole(4, 1, 64)
    connections: int = _whole(100, 1, 10_000)
    lease: float = _seconds(60.0, 1.0, 3_600.0)
    drain: float = _seconds(30.0, 1.0, 600.0)
    reconcile: ReconcileSettings | None = None


_read_reconcile: Final = record(
    ReconcileSettings,
    fields_of(
        ReconcileSettings, every=DURATION, since=DURATION, grace=DURATION, query=text, projects=items(text)
    ),
)

read_serve: Final = record(
    ServeSettings,
    fields_of(
        ServeSettings,
        host=text,
        port=number,
        workers=number,
        connections=number,
        lease=DURATION,
        drain=DURATION,
        reconcile=_read_reconcile,
    ),
)
