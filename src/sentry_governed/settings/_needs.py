"""What the settings must hold before anything can be made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs

from sentry_governed._secret import Secret
from sentry_governed._yaml import quoted
from sentry_governed.alerts import DatadogConfig
from sentry_governed.asana import AsanaConfig
from sentry_governed.errors import ConfigError, Problem, SettingsError
from sentry_governed.sentry import Installation, SentryConfig
from sentry_governed.settings._inbox import InboxPlace
from sentry_governed.settings._ledger import LedgerPlace
from sentry_governed.settings._places import Place
from sentry_governed.settings._reader import Refused, collect
from sentry_governed.settings._secret_ref import SecretRef
from sentry_governed.settings._settings import Settings
from sentry_governed.settings._sources import SecretSource

T = TypeVar("T")
P = TypeVar("P", bound=Place)


@attrs.frozen
class Needs:
    """What is needed of the settings: each method returns one thing, or raises `Refused`.

    Attributes:
        settings: What the file says.
        look_up: Finds the value of a secret. It is a function, so that a traceback that shows locals does not
            show an environment.
        sources: What `look_up` stands for, as far as the file says it.
    """

    settings: Settings
    look_up: Callable[[str], str | None]
    sources: tuple[SecretSource, ...] = ()

    def check(self, *attempts: Callable[[], object]) -> None:
        """Try everything first, so that whatever is missing is said at once.

        Raises:
            SettingsError: Something is.
        """
        problems: tuple[Problem, ...] = ()
        everything: list[Callable[[], object]] = [partial(_openable, source) for source in self.sources]
        try:
            collect([*everything, *attempts])
        except Refused as refusal:
            problems = refusal.problems
        if problems:
            in_order = sorted(problems, key=lambda problem: (problem.line, problem.column))
            raise SettingsError(
                tuple(attrs.evolve(problem, source=self.settings.source) for problem in in_order)
            )

    def teams(self) -> Path:
        """Where the teams file is."""
        if self.settings.teams is None:
            raise missing("teams file", "teams: teams.yaml")
        return self.settings.folder / self.settings.teams

    def asana(self) -> AsanaConfig:
        """How Asana is reached."""
        asana = self.settings.asana
        if asana.token is None:
            raise missing("asana token", "asana: {token: {secret: ASANA_PAT}}")
        (token,) = self.secrets([asana.token])
        return AsanaConfig(token=token, base_url=asana.base_url, allow_http=asana.allow_http)

    def sentry(self) -> SentryConfig | None:
        """How Sentry is reached; None without a `sentry` section."""
        sentry = self.settings.sentry
        if sentry is None:
            return None
        if sentry.token is None:
            raise missing("sentry token", "sentry: {token: {secret: SENTRY_API_TOKEN}}")
        if sentry.installation is None:
            (token,), integration = self.secrets([sentry.token]), None
        else:
            token, own = self.secrets([sentry.token, sentry.installation.token])
            integration = Installation(sentry.installation.uuid, own)
        return SentryConfig(
            token=token,
            org=sentry.org,
            base_url=sentry.base_url,
            integration=integration,
            allow_http=sentry.allow_http,
        )

    def datadog(self) -> DatadogConfig | None:
        """How Datadog is reached; None without its keys."""
        datadog = self.settings.datadog
        if datadog.api_key is None or datadog.app_key is None:
            return None
        api_key, app_key = self.secrets([datadog.api_key, datadog.app_key])
        return DatadogConfig(
            api_key=api_key,
            app_key=app_key,
            site=datadog.site,
            base_url=datadog.base_url,
            allow_http=datadog.allow_http,
        )

    def ledger(self, make: Callable[[LedgerPlace, Path, Callable[[SecretRef], Secret]], T]) -> T:
        """What is made of where the ledger is, the folder that relative paths begin in, and secrets."""
        if self.settings.ledger is None:
            raise missing("ledger", "ledger: {sqlite: ledger.db}")
        return self._made(make, self.settings.ledger)

    def inbox(self, make: Callable[[InboxPlace, Path, Callable[[SecretRef], Secret]], T]) -> T:
        """What is made of where the inbox is; see `ledger`."""
        if self.settings.inbox is None:
            raise missing("inbox", "inbox: {sqlite: inbox.db}")
        return self._made(make, self.settings.inbox)

    def _made(self, make: Callable[[P, Path, Callable[[SecretRef], Secret]], T], place: P) -> T:
        try:
            return make(place, self.settings.folder, self._secret)
        except ConfigError as error:
            problem = str(error)
        raise Refused(Problem("", place.line, place.column, problem))

    def secrets(self, references: Iterable[SecretRef]) -> tuple[Secret, ...]:
        """The secrets of these names."""
        return tuple(collect([partial(self._secret, each) for each in references]))

    def _secret(self, reference: SecretRef) -> Secret:
        shown = f"environment variable {quoted(reference.name)}"
        problem = f"{shown} is not set"
        value = self.look_up(reference.name)
        if value:
            try:
                return Secret(value)
            except ConfigError as error:
                problem = f"{shown}: {error}"
        raise Refused(Problem("", reference.line, reference.column, problem))


def needs_of(settings: Settings, secrets: Mapping[str, str] | None) -> Needs:
    """What is needed of settings, secrets being looked up in a mapping, or where the file says."""
    values = os.environ if secrets is None else secrets
    return Needs(
        settings,
        lambda name: values.get(name),  # noqa: PLW0108  a bound method would show the mapping
        settings.secrets if secrets is None else (),
    )


def _openable(source: SecretSource) -> None:
    if source.kind != "env":
        message = f"the secrets of {source.kind!r} are not available in this version"
        raise Refused(Problem("", source.line, source.column, message, "write [env]"))


def missing(what: str, example: str) -> Refused:
    return Refused(Problem("", 0, 0, f"there is no {what}", f"write {example}"))
