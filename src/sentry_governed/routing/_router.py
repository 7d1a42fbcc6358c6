"""The router: every layer composed, for threads and for asyncio."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import TypeVar

from sentry_governed._http import AsyncService, Flow, Service, arun, run
from sentry_governed.alerts import Alert, AsyncDatadogClient, DatadogClient, Ignored
from sentry_governed.asana import AsanaClient, AsyncAsanaClient, TaskBuilder
from sentry_governed.errors import NoDefaultTeam
from sentry_governed.routing._enrich import SentrySide
from sentry_governed.routing._flow import Desk, handle
from sentry_governed.routing._options import Options
from sentry_governed.routing._outcome import Outcome
from sentry_governed.routing._placing import Portfolios
from sentry_governed.sentry import AsyncSentryClient, SentryClient, SentryConfig
from sentry_governed.teams import Teams
from sentry_governed.typing import AsyncLedger, Clock, Ledger

T = TypeVar("T")


def _desk(
    teams: Teams,
    tasks: TaskBuilder,
    options: Options | None,
    config: SentryConfig | None,
    *,
    has_datadog: bool,
    shadow: Teams | None,
) -> Desk:
    if teams.default is None:
        raise NoDefaultTeam(
            f"{teams.source} has no default team, so an alert that no rule matches would be lost; declare one"
        )
    chosen = options or Options()
    side = None
    if config is not None:
        side = SentrySide(config.org, config.integration.uuid if config.integration else None)
    return Desk(teams, tasks, chosen, Portfolios(chosen.portfolio_ttl), side, has_datadog, shadow)


class Router:
    """Makes one task an alert, however often the alert is delivered; for threads.

    One router serves any number of threads, and any number of processes may share a ledger.

    Args:
        teams: Who owns what; it declares a default team.
        tasks: Builds the tasks.
        asana: Where tasks are made.
        ledger: Remembers what was done. Several processes need one that they share.
        sentry: Completes alerts without tags and links tasks in Sentry, the latter with an integration.
        datadog: Completes Datadog's alerts from their events, and posts an event for each task.
        shadow: Rules that are tried out: outcomes and the ledger say where they differ, and nothing else
            comes of them.
        options: What is not as usual.
        clock: Where the time comes from.

    Attributes:
        desk: For flows of one's own: what handling an alert needs besides services and ledger.

    Raises:
        NoDefaultTeam: The teams file declares no default team.
    """

    def __init__(  # noqa: PLR0913  each part is given by its name
        self,
        *,
        teams: Teams,
        tasks: TaskBuilder,
        asana: AsanaClient,
        ledger: Ledger,
        sentry: SentryClient | None = None,
        datadog: DatadogClient | None = None,
        shadow: Teams | None = None,
        options: Options | None = None,
        clock: Clock = time,
    ) -> None:
        config = sentry.config if sentry else None
        self.desk = _desk(teams, tasks, options, config, has_datadog=datadog is not None, shadow=shadow)
        self._services: Mapping[str, Service] = {
            **asana.services,
            **(sentry.services if sentry else {}),
            **(datadog.services if datadog else {}),
        }
        self._ledger = ledger
        self._clock = clock

    def handle(self, alert: Alert | Ignored, deadline: float | None = None) -> Outcome:
        """Handle one delivery.

        Network, store and payload never make it raise; they are outcomes.

        Args:
            alert: What `parse_alert` returned.
            deadline: Seconds from now after which nothing is sent any more.

        Raises:
            ConfigError: Something is configured wrongly.
        """
        return self.run(handle(alert, self.desk, uuid.uuid4().hex), deadline)

    def run(self, flow: Flow[T], deadline: float | None = None) -> T:
        """Drive a flow of one's own on the router's services and ledger; `deadline` is seconds from now."""
        return run(
            flow,
            self._services,
            ledger=self._ledger,
            clock=self._clock,
            deadline=None if deadline is None else self._clock.monotonic() + deadline,
        )


class AsyncRouter:
    """`Router` for asyncio; a ledger that is not asynchronous works in threads."""

    def __init__(  # noqa: PLR0913  each part is given by its name
        self,
        *,
        teams: Teams,
        tasks: TaskBuilder,
        asana: AsyncAsanaClient,
        ledger: Ledger | AsyncLedger,
        sentry: AsyncSentryClient | None = None,
        datadog: AsyncDatadogClient | None = None,
        shadow: Teams | None = None,
        options: Options | None = None,
        clock: Clock = time,
    ) -> None:
        config = sentry.config if sentry else None
        self.desk = _desk(teams, tasks, options, config, has_datadog=datadog is not None, shadow=shadow)
        self._services: Mapping[str, AsyncService] = {
            **asana.services,
            **(sentry.services if sentry else {}),
            **(datadog.services if datadog else {}),
        }
        self._ledger = ledger
        self._clock = clock

    async def handle(self, alert: Alert | Ignored, deadline: float | None = None) -> Outcome:
        """See `Router.handle`; when it is cancelled, the next delivery takes up what it left."""
        return await self.run(handle(alert, self.desk, uuid.uuid4().hex), deadline)

    async def run(self, flow: Flow[T], deadline: float | None = None) -> T:
        """See `Router.run`."""
        return await arun(
            flow,
            self._services,
            ledger=self._ledger,
            clock=self._clock,
            deadline=None if deadline is None else self._clock.monotonic() + deadline,
        )
