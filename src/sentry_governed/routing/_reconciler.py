"""The reconciler, for threads and for asyncio."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from sentry_governed.errors import ConfigError
from sentry_governed.routing._flow import Desk
from sentry_governed.routing._reconcile import ReconcileReport, Search, reconcile
from sentry_governed.routing._router import AsyncRouter, Router

_KIND: Final = "event_alert.triggered"
_QUERY: Final = "is:unresolved"


def _org(desk: Desk) -> str:
    if desk.sentry is None or desk.sentry.org is None:
        raise ConfigError("reconciling needs a router with a sentry client that is configured with an org")
    if _KIND not in desk.options.create_on:
        raise ConfigError(f"reconciling makes tasks as {_KIND}, which create_on leaves out")
    return desk.sentry.org


class Reconciler:
    """Makes up for webhooks that never came: lists recent issues, and routes those that have no task.

    Any number of them may run at once, beside any number of routers of the same ledger.

    Args:
        router: Handles what is found. It has a client of Sentry, configured with an organization.

    Raises:
        ConfigError: The router has none, or makes no tasks of event alerts.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._org = _org(router.desk)

    def reconcile(
        self,
        since: float,
        *,
        projects: Sequence[str] = (),
        query: str = _QUERY,
        grace: float = 0.0,
        deadline: float | None = None,
    ) -> ReconcileReport:
        """Look through the issues that were first seen lately.

        Network, store and payloads never make it raise; they are in the report.

        Args:
            since: How many seconds back.
            projects: Slugs of the projects to look at; all of the organization when there are none.
            query: Sentry's search; empty for issues of every status.
            grace: How many seconds a webhook may take: younger issues wait for the next time.
            deadline: Seconds from now after which nothing is sent any more.

        Raises:
            ConfigError: A number is out of range, or something is configured wrongly.
        """
        search = Search(since=since, projects=tuple(projects), query=query, grace=grace)
        flow = reconcile(search, self._router.desk, self._org, uuid.uuid4().hex, deadline)
        return self._router.run(flow, deadline)


class AsyncReconciler:
    """`Reconciler` for asyncio.

    Args:
        router: As for `Reconciler`.
    """

    def __init__(self, router: AsyncRouter) -> None:
        self._router = router
        self._org = _org(router.desk)

    async def reconcile(
        self,
        since: float,
        *,
        projects: Sequence[str] = (),
        query: str = _QUERY,
        grace: float = 0.0,
        deadline: float | None = None,
    ) -> ReconcileReport:
        """See `Reconciler.reconcile`; when it is cancelled, the next one takes up what it left."""
        search = Search(since=since, projects=tuple(projects), query=query, grace=grace)
        flow = reconcile(search, self._router.desk, self._org, uuid.uuid4().hex, deadline)
        return await self._router.run(flow, deadline)
