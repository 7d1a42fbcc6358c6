"""From settings to a process that runs until it is told to stop: the webhook endpoint, workers, or both."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache, partial
from typing import Final, Self

from sentry_governed.adapters._kept import Kept
from sentry_governed.adapters._listener import Listener
from sentry_governed.adapters._logged import Logged
from sentry_governed.adapters._logs import log
from sentry_governed.adapters._metrics import Backlog, Metrics
from sentry_governed.adapters._operations import Readiness, operations_app
from sentry_governed.adapters._parts import Ended, Part, Parts
from sentry_governed.adapters._reconciling import tell
from sentry_governed.adapters._requests import identified
from sentry_governed.adapters._timer import Timer
from sentry_governed.adapters.sqlite import SqliteInbox, SqliteWorker
from sentry_governed.adapters.webhooks import webhook_app
from sentry_governed.alerts import WebhookSecrets
from sentry_governed.errors import ConfigError, FileError, InboxError, Problem, SettingsError
from sentry_governed.routing import Reconciler
from sentry_governed.settings._inboxes import inbox_of
from sentry_governed.settings._nats import NatsInboxLater
from sentry_governed.settings._needs import Needs, missing, needs_of
from sentry_governed.settings._places import SqliteFile
from sentry_governed.settings._runtime import router_of, webhook_secrets_of
from sentry_governed.settings._serve import ReconcileSettings
from sentry_governed.settings._settings import Settings
from sentry_governed.teams import Teams

_LOG: Final = logging.getLogger("sentry_governed")
LAST_WORDS: Final = 5.0
ROUND: Final = 300.0


class Service:
    """A process that is ready to run; use it in a `with` block, or `close` it.

    Attributes:
        address: Where it listens; None where it does not.
    """

    def __init__(self, parts: Parts, listener: Listener | None, opened: ExitStack) -> None:
        self.address = listener.address if listener else None
        self._parts = parts
        self._opened = opened

    def run(self) -> Ended:
        """Work until `stop` is called, or until a part ends by itself."""
        host, port = self.address or (None, None)
        log(_LOG, logging.INFO, "started", host=host, port=port)
        ended = self._parts.run()
        for name in ended.failed:
            log(_LOG, logging.ERROR, "a part ended by itself", part=name)
        for name in ended.late:
            log(_LOG, logging.WARNING, "a part did not end in time; what it began is begun again", part=name)
        log(_LOG, logging.INFO, "stopped")
        return ended

    def stop(self) -> None:
        """Take nothing new, finish what was begun, and return from `run`; safe in signal handlers."""
        self._parts.stop()

    def close(self) -> None:
        """Close everything that it stands on."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_service(settings: Settings, *, secrets: Mapping[str, str] | None = None) -> Service:
    """Make the process of `sentry-governed serve`; it listens already, and answers when it runs.

    With a SQLite inbox it is the webhook endpoint and the workers. With another inbox it is the endpoint
    alone, and needs no secrets but those of webhooks and of the inbox.

    Args:
        settings: What the file says.
        secrets: As for `open_router`.

    Raises:
        SettingsError: Something is wrong or missing in the settings, the teams file or the environment; all
            of it is in it.
        ConfigError: The address cannot be listened on, or an extra is missing.
    """
    needs = needs_of(settings, secrets)
    del secrets  # as in open_router
    return _service(_Plan(needs))


def check_service(settings: Settings, *, secrets: Mapping[str, str] | None = None) -> None:
    """See that `open_service` would find everything in order; nothing is listened on.

    Raises:
        SettingsError: See `open_service`.
    """
    needs = needs_of(settings, secrets)
    del secrets  # as in open_router
    _Plan(needs).check()


class _Plan:
    """What a process stands on; each thing is made once, when it is first asked for."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self.serve = needs.settings.serve
        self.is_whole = needs.settings.inbox is None or isinstance(needs.settings.inbox, SqliteFile)
        self.runtime = cache(partial(router_of, needs))
        self.inbox = cache(partial(inbox_of, needs))
        self.secrets = cache(partial(_webhook_secrets, needs))
        self.reconciler = cache(self._reconciler)

    def check(self) -> None:
        """Try everything first, so that whatever is wrong is said at once.

        Raises:
            SettingsError: Something is.
        """
        for_workers = (partial(check_teams, self.needs), self.runtime, self.reconciler)
        check_all(self.needs, *(for_workers if self.is_whole else ()), self.secrets, self.inbox)

    def _reconciler(self) -> Reconciler | None:
        return Reconciler(self.runtime().router) if self.serve.reconcile else None


def _service(plan: _Plan) -> Service:
    plan.check()
    inbox = plan.inbox()
    with ExitStack() as opened:
        if not isinstance(inbox, NatsInboxLater):
            opened.callback(inbox.close)
        metrics = Metrics(partial(_backlog, inbox) if isinstance(inbox, SqliteInbox) else None)
        kept = Kept(Logged(metrics))
        parts = Parts(drain=plan.serve.drain + LAST_WORDS)
        unfit = partial(_unwritable, inbox) if isinstance(inbox, SqliteInbox) else kept.problems
        readiness = Readiness(lambda: [*parts.missing(), *unfit()])
        hooks = identified(webhook_app(secrets=plan.secrets(), inbox=inbox, watch=kept))
        listener = Listener(
            operations_app(metrics, readiness, hooks),
            host=plan.serve.host,
            port=plan.serve.port,
            connections=plan.serve.connections,
            drain=plan.serve.drain,
            at_end=inbox.aclose if isinstance(inbox, NatsInboxLater) else None,
        )
        opened.callback(listener.close)
        parts.add(Part("endpoint", listener.run, listener.stop))
        if isinstance(inbox, SqliteInbox):
            _add_workers(parts, plan, inbox, metrics, opened)
        return Service(parts, listener, opened.pop_all())


def _add_workers(parts: Parts, plan: _Plan, inbox: SqliteInbox, metrics: Metrics, opened: ExitStack) -> None:
    runtime, serve = opened.enter_context(plan.runtime()), plan.serve
    worker = SqliteWorker(
        inbox,
        runtime.router,
        threads=serve.workers,
        lease=serve.lease,
        drain=serve.drain,
        watch=Logged(metrics),
    )
    parts.add(Part("worker", worker.run, worker.stop))
    reconciler = plan.reconciler()
    if reconciler is not None and serve.reconcile is not None:
        parts.add(reconciling(reconciler, serve.reconcile, metrics))


def check_all(needs: Needs, *attempts: Callable[[], object]) -> None:
    """Try everything first, so that whatever is wrong is said at once.

    Raises:
        SettingsError: Something is.
    """
    problems: list[Problem] = []
    for attempt in attempts:
        try:
            attempt()
        except FileError as error:
            problems += error.problems
        except ConfigError as error:
            problems.append(Problem(needs.settings.source, 0, 0, str(error)))
    if problems:
        raise SettingsError(tuple(dict.fromkeys(problems)))


def check_teams(needs: Needs) -> None:
    """See that the teams file can be loaded."""
    needs.check(needs.teams)
    Teams.load(needs.teams(), default=needs.settings.routing.default_team)


def _webhook_secrets(needs: Needs) -> WebhookSecrets:
    needs.check(partial(_check_recognised, needs.settings))
    return webhook_secrets_of(needs)


def _check_recognised(settings: Settings) -> None:
    sentry = settings.sentry
    if not (sentry and sentry.webhook_secrets) and not settings.datadog.webhook_secrets:
        raise missing("secret of webhooks", "sentry: {webhook_secrets: [{secret: SENTRY_CLIENT_SECRET}]}")


def _backlog(inbox: SqliteInbox) -> Backlog:
    stats = inbox.stats()
    counts = {
        "waiting": stats.waiting - stats.leased,
        "held": stats.leased,
        "dead": stats.dead,
        "quarantined": stats.quarantined,
    }
    return Backlog(counts, stats.oldest_age or 0.0)


def _unwritable(inbox: SqliteInbox) -> list[str]:
    try:
        inbox.check()
    except InboxError as error:
        return [str(error)]
    return []


def reconciling(reconciler: Reconciler, settings: ReconcileSettings, metrics: Metrics | None) -> Part:
    """The reconciler as a timer."""

    def work() -> None:
        report = reconciler.reconcile(
            settings.since,
            projects=settings.projects,
            query=settings.query,
            grace=settings.grace,
            deadline=ROUND,
        )
        tell(report, metrics)

    timer = Timer("reconciler", settings.every, work)
    return Part("reconciler", timer.run, timer.stop)
