"""The configuration file of the command line and the workers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import attrs

from sentry_governed._yaml import MAX_BYTES, read
from sentry_governed.asana import TaskSettings
from sentry_governed.errors import Problem, SettingsError
from sentry_governed.settings._asana import AsanaSettings, read_asana
from sentry_governed.settings._reader import Refused, record, text
from sentry_governed.settings._routing import RoutingSettings, read_routing


@attrs.frozen(kw_only=True)
class Settings:
    """What a configuration file says; secrets stay names.

    Attributes:
        teams: The path of the teams file, as it is written, or None.
        asana: The `asana` section.
        routing: The `routing` section.
    """

    teams: str | None = None
    asana: AsanaSettings = attrs.Factory(AsanaSettings)
    routing: RoutingSettings = attrs.Factory(RoutingSettings)

    @property
    def task(self) -> TaskSettings:
        """What is configured about tasks."""
        return self.asana.task

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Settings:
        """Read a file.

        Raises:
            SettingsError: The file cannot be read, or has problems; all of them are in it.
        """
        source = os.fspath(path)
        try:
            with Path(path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise SettingsError((Problem(source, 0, 0, f"cannot be read: {reason}"),)) from None
        return cls.parse(content, source=source)

    @classmethod
    def parse(cls, content: str | bytes, *, source: str = "<string>") -> Settings:
        """Read a file's content; `source` names it in problems.

        Raises:
            SettingsError: It has problems; all of them are in it.
        """
        root, found = read(content, source)
        problems = list(found)
        if root is not None:
            try:
                settings = _read_settings(root)
            except Refused as refusal:
                problems += (attrs.evolve(problem, source=source) for problem in refusal.problems)
            else:
                if not problems:
                    return settings
        raise SettingsError(tuple(sorted(problems, key=lambda problem: (problem.line, problem.column))))


_read_settings: Final = record(
    Settings,
    {"teams": text, "asana": read_asana, "routing": read_routing},
    unread=("sentry", "datadog", "policy", "ledger", "inbox", "serve", "secrets"),
)
