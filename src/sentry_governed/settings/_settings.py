"""The configuration file of the command line and the workers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import attrs

from sentry_governed.asana import TaskSettings
from sentry_governed.errors import SettingsError
from sentry_governed.policy import Policy
from sentry_governed.settings._asana import AsanaSettings, read_asana
from sentry_governed.settings._datadog import DatadogSettings, read_datadog
from sentry_governed.settings._inbox import InboxPlace, read_inbox
from sentry_governed.settings._ledger import LedgerPlace, read_ledger
from sentry_governed.settings._policy import read_policy
from sentry_governed.settings._reader import content_of, document, record, text
from sentry_governed.settings._routing import RoutingSettings, read_routing
from sentry_governed.settings._sentry import SentrySettings, read_sentry
from sentry_governed.settings._serve import ServeSettings, read_serve
from sentry_governed.settings._sources import SecretSource, read_sources


@attrs.frozen(kw_only=True)
class Settings:
    """What a configuration file says; secrets stay names.

    Attributes:
        teams: The path of the teams file, as it is written, or None.
        sentry: The `sentry` section, or None.
        asana: The `asana` section.
        datadog: The `datadog` section.
        policy: The `policy` section: what may be asked of Sentry by name. Routing has a policy of its own.
        routing: The `routing` section.
        ledger: The `ledger` section, or None.
        inbox: The `inbox` section, or None.
        serve: The `serve` section.
        secrets: The `secrets` section.
        source: What problems call the file.
        folder: Where relative paths begin: the file's own folder.
    """

    teams: str | None = None
    sentry: SentrySettings | None = None
    asana: AsanaSettings = attrs.Factory(AsanaSettings)
    datadog: DatadogSettings = attrs.Factory(DatadogSettings)
    policy: Policy = attrs.Factory(Policy)
    routing: RoutingSettings = attrs.Factory(RoutingSettings)
    ledger: LedgerPlace | None = None
    inbox: InboxPlace | None = None
    serve: ServeSettings = attrs.Factory(ServeSettings)
    secrets: tuple[SecretSource, ...] = (SecretSource("env"),)
    source: str = attrs.field(default="<string>", eq=False, repr=False)
    folder: Path = attrs.field(factory=Path, eq=False, repr=False)

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
        content = content_of(path, SettingsError)
        return attrs.evolve(cls.parse(content, source=os.fspath(path)), folder=Path(path).parent)

    @classmethod
    def parse(cls, content: str | bytes, *, source: str = "<string>") -> Settings:
        """Read a file's content; relative paths in it begin in the working directory.

        Args:
            content: YAML; bytes are UTF-8.
            source: What problems call it.

        Raises:
            SettingsError: It has problems; all of them are in it.
        """
        settings = document(content, source, _read_settings, SettingsError)
        return attrs.evolve(settings, source=source)


_read_settings: Final = record(
    Settings,
    {
        "teams": text,
        "sentry": read_sentry,
        "asana": read_asana,
        "datadog": read_datadog,
        "policy": read_policy,
        "routing": read_routing,
        "ledger": read_ledger,
        "inbox": read_inbox,
        "serve": read_serve,
        "secrets": read_sources,
    },
)
