"""From settings to objects that are ready to use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from functools import cache, partial
from typing import TYPE_CHECKING, Self

import attrs

from sentry_governed.alerts import AsyncDatadogClient, DatadogClient, DatadogConfig, WebhookSecrets
from sentry_governed.asana import AsanaClient, AsanaConfig, AsyncAsanaClient, TaskBuilder
from sentry_governed.errors import Problem, SettingsError
from sentry_governed.policy import Guard, Policy
from sentry_governed.routing import AsyncRouter, Options, Router
from sentry_governed.sentry import AsyncSentryClient, SentryClient, SentryConfig
from sentry_governed.settings._nats import NatsLedgerLater
from sentry_governed.settings._needs import Needs, needs_of
from sentry_governed.settings._settings import Settings
from sentry_governed.settings._shadow import load_shadow
from sentry_governed.settings._stores import any_ledger, sync_ledger
from sentry_governed.teams import Teams

if TYPE_CHECKING:
    from sentry_governed.settings._stores import AnyLedger, SyncLedger


@attrs.frozen
class Runtime:
    """A router with everything that it stands on; use it in a `with` block, or `close` it.

    Attributes:
        router: Ready to handle alerts.
        asana: The client that it makes tasks with.
        sentry: The client that it links tasks with; None without a `sentry` section.
        ledger: Its memory.
        datadog: The client that it reads and posts events with; None without Datadog's keys.
    """

    router: Router
    asana: AsanaClient
    sentry: SentryClient | None
    ledger: SyncLedger
    datadog: DatadogClient | None = None

    def close(self) -> None:
        """Close all connections and the ledger."""
        with ExitStack() as stack:
            stack.callback(self.ledger.close)
            stack.callback(self.asana.close)
            if self.sentry is not None:
                stack.callback(self.sentry.close)
            if self.datadog is not None:
                stack.callback(self.datadog.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@attrs.frozen
class AsyncRuntime:
    """`Runtime` for asyncio; a ledger that is not in NATS works in threads."""

    router: AsyncRouter
    asana: AsyncAsanaClient
    sentry: AsyncSentryClient | None
    ledger: AnyLedger
    datadog: AsyncDatadogClient | None = None

    async def aclose(self) -> None:
        """See `Runtime.close`."""
        async with AsyncExitStack() as stack:
            if isinstance(self.ledger, NatsLedgerLater):
                stack.push_async_callback(self.ledger.aclose)
            else:
                stack.callback(self.ledger.close)
            stack.push_async_callback(self.asana.aclose)
            if self.sentry is not None:
                stack.push_async_callback(self.sentry.aclose)
            if self.datadog is not None:
                stack.push_async_callback(self.datadog.aclose)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def open_router(settings: Settings, *, secrets: Mapping[str, str] | None = None) -> Runtime:
    """Make a router of a configuration file; nothing is sent and no ledger is opened before it is used.

    Args:
        settings: What the file says. Relative paths in it begin in the file's folder.
        secrets: Values by name; the process's environment when None. An empty value counts as none.

    Raises:
        SettingsError: Something that a router needs is missing; all of it is in it, secrets by their names.
        TeamsFileError: The teams file, or the one that is tried out beside it, has problems.
        ConfigError: There is no default team.
    """
    needs = needs_of(settings, secrets)
    del secrets  # a traceback that shows locals would show them
    return router_of(needs)


def router_of(needs: Needs) -> Runtime:
    """See `open_router`."""
    make_ledger = cache(partial(needs.ledger, sync_ledger))
    plan = plan_of(needs, make_ledger)
    ledger = make_ledger()
    asana = AsanaClient(plan.asana)
    sentry = SentryClient(plan.sentry, guard=_guard(plan.sentry)) if plan.sentry else None
    datadog = DatadogClient(plan.datadog) if plan.datadog else None
    router = Router(
        teams=plan.teams,
        tasks=plan.tasks,
        asana=asana,
        sentry=sentry,
        datadog=datadog,
        ledger=ledger,
        shadow=plan.shadow,
        options=plan.options,
    )
    return Runtime(router, asana, sentry, ledger, datadog)


def open_async_router(settings: Settings, *, secrets: Mapping[str, str] | None = None) -> AsyncRuntime:
    """`open_router` for asyncio; call it in the event loop that uses the router."""
    needs = needs_of(settings, secrets)
    del secrets  # a traceback that shows locals would show them
    return async_router_of(needs)


def async_router_of(needs: Needs) -> AsyncRuntime:
    """See `open_async_router`."""
    make_ledger = cache(partial(needs.ledger, any_ledger))
    plan = plan_of(needs, make_ledger)
    ledger = make_ledger()
    asana = AsyncAsanaClient(plan.asana)
    sentry = AsyncSentryClient(plan.sentry, guard=_guard(plan.sentry)) if plan.sentry else None
    datadog = AsyncDatadogClient(plan.datadog) if plan.datadog else None
    router = AsyncRouter(
        teams=plan.teams,
        tasks=plan.tasks,
        asana=asana,
        sentry=sentry,
        datadog=datadog,
        ledger=ledger,
        shadow=plan.shadow,
        options=plan.options,
    )
    return AsyncRuntime(router, asana, sentry, ledger, datadog)


def sentry_config(settings: Settings, *, secrets: Mapping[str, str] | None = None) -> SentryConfig:
    """How Sentry is reached, for a client of one's own.

    Args:
        settings: What the file says.
        secrets: As for `open_router`.

    Raises:
        SettingsError: There is no `sentry` section, or a secret is missing.
    """
    needs = needs_of(settings, secrets)
    del secrets  # as in open_router
    needs.check(needs.sentry)
    config = needs.sentry()
    if config is None:
        raise SettingsError((Problem(settings.source, 0, 0, "there is no sentry section"),))
    return config


def webhook_secrets(settings: Settings, *, secrets: Mapping[str, str] | None = None) -> WebhookSecrets:
    """What `parse_alert` recognises genuine webhooks by.

    Args:
        settings: What the file says.
        secrets: As for `open_router`.

    Raises:
        SettingsError: A secret is missing; all missing ones are in it, by their names.
    """
    needs = needs_of(settings, secrets)
    del secrets  # as in open_router
    return webhook_secrets_of(needs)


def webhook_secrets_of(needs: Needs) -> WebhookSecrets:
    """See `webhook_secrets`."""
    sentry, datadog = needs.settings.sentry, needs.settings.datadog
    from_sentry = sentry.webhook_secrets if sentry else ()
    from_datadog = datadog.webhook_secrets
    needs.check(lambda: needs.secrets([*from_sentry, *from_datadog]))
    return WebhookSecrets(
        sentry=needs.secrets(from_sentry),
        datadog=needs.secrets(from_datadog),
        datadog_header=datadog.webhook_header,
    )


@attrs.frozen
class _Plan:
    teams: Teams
    shadow: Teams | None
    tasks: TaskBuilder
    asana: AsanaConfig
    sentry: SentryConfig | None
    datadog: DatadogConfig | None
    options: Options


def plan_of(needs: Needs, ledger: Callable[[], object]) -> _Plan:
    """What a router stands on, checked as a whole."""
    needs.check(needs.teams, needs.sentry, needs.asana, needs.datadog, ledger)
    routing = needs.settings.routing
    return _Plan(
        teams=Teams.load(needs.teams(), default=routing.default_team),
        shadow=load_shadow(needs.settings),
        tasks=TaskBuilder(needs.settings.task),
        asana=needs.asana(),
        sentry=needs.sentry(),
        datadog=needs.datadog(),
        options=routing.options,
    )


def _guard(config: SentryConfig) -> Guard:
    """What routing needs in the configured organization, or in each alert's own, and nothing else."""
    return Guard(Policy.for_router(orgs=[config.org or "*"]))
