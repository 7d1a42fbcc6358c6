"""From settings to a process that runs until it is told to stop: the webhook endpoint, workers, or both."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache, partial
from typing import Final, Self

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
from sentry_governed.adapters.webhooks import AsgiApp, webhook_app
from sentry_governed.alerts import WebhookSecrets
from sentry_governed.errors import ConfigError, FileError, InboxError, Problem, SettingsError
from sentry_governed.routing import Reconciler
from sentry_governed.settings._inboxes import inbox_of
from sentry_governed.settings._needs import Needs, missing, needs_of
from sentry_governed.settings._runtime import router_of, webhook_secrets_of
from sentry_governed.settings._serve import ReconcileSettings, ServeSettings
from sentry_governed.settings._settings import Settings
from sentry_governed.teams import Teams

_LOG: Final = logging.getLogger("sentry_governed")
_LAST_WORDS: Final = 5.0
_ROUND: Final = 300.0


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
    return _whole(_Plan(needs))


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
        self.serve = needs.settings.serve
        self.runtime = cache(partial(router_of, needs))
        self.inbox = cache(partial(inbox_of, needs))
        self.secrets = cache(partial(_webhook_secrets, needs))
        self.reconciler = cache(self._reconciler)
        self._needs = needs

    def check(self) -> None:
        """Try everything first, so that whatever is wrong is said at once.

        Raises:
            SettingsError: Something is.
        """
        teams = partial(_check_teams, self._needs)
        attempts = (teams, self.runtime, self.secrets, self.inbox, self.reconciler)
        problems: list[Problem] = []
        for attempt in attempts:
            try:
                attempt()
            except FileError as error:
                problems += error.problems
            except ConfigError as error:
                problems.append(Problem(self._needs.settings.source, 0, 0, str(error)))
        if problems:
            raise SettingsError(tuple(dict.fromkeys(problems)))

    def _reconciler(self) -> Reconciler | None:
        return Reconciler(self.runtime().router) if self.serve.reconcile else None


def _whole(plan: _Plan) -> Service:
    plan.check()
    with ExitStack() as opened:
        runtime, inbox = opened.enter_context(plan.runtime()), opened.enter_context(plan.inbox())
        metrics = Metrics(partial(_backlog, inbox))
        watch, serve = Logged(metrics), plan.serve
        parts = Parts(drain=serve.drain + _LAST_WORDS)
        hooks = webhook_app(secrets=plan.secrets(), inbox=inbox, watch=watch)
        readiness = Readiness(lambda: [*parts.missing(), *_unwritable(inbox)])
        listener = _listener(serve, operations_app(metrics, readiness, identified(hooks)))
        opened.callback(listener.close)
        worker = SqliteWorker(inbox, runtime.router, threads=serve.workers, drain=serve.drain, watch=watch)
        parts.add(Part("endpoint", listener.run, listener.stop))
        parts.add(Part("worker", worker.run, worker.stop))
        reconciler = plan.reconciler()
        if reconciler is not None and serve.reconcile is not None:
            timer = _timer(reconciler, serve.reconcile, metrics)
            parts.add(Part("reconciler", timer.run, timer.stop))
        return Service(parts, listener, opened.pop_all())


def _check_teams(needs: Needs) -> None:
    needs.check(needs.teams)
    Teams.load(needs.teams(), default=needs.settings.routing.default_team)


def _webhook_secrets(needs: Needs) -> WebhookSecrets:
    needs.check(partial(_check_recognised, needs.settings))
    return webhook_secrets_of(needs)


def _check_recognised(settings: Settings) -> None:
    sentry = settings.sentry
    if not (sentry and sentry.webhook_secrets) and not settings.datadog.webhook_secrets:
        raise missing("secret of webhooks", "sentry: {webhook_secrets: [{secret: SENTRY_CLIENT_SECRET}]}")


def _listener(serve: ServeSettings, app: AsgiApp) -> Listener:
    return Listener(app, host=serve.host, port=serve.port, connections=serve.connections, drain=serve.drain)


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


def _timer(reconciler: Reconciler, settings: ReconcileSettings, metrics: Metrics) -> Timer:
    def work() -> None:
        report = reconciler.reconcile(
            settings.since,
            projects=settings.projects,
            query=settings.query,
            grace=settings.grace,
            deadline=_ROUND,
        )
        tell(report, metrics)

    return Timer("reconciler", settings.every, work)
