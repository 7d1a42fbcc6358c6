"""From settings to a process that works a queue off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import attrs

from sentry_governed.adapters._logged import Logged
from sentry_governed.adapters._parts import Part, Parts
from sentry_governed.adapters._reconciling import tell
from sentry_governed.adapters._watch import Unwatched
from sentry_governed.errors import ConfigError
from sentry_governed.routing import AsyncReconciler, AsyncRouter, Reconciler
from sentry_governed.settings._inbox import InboxPlace, NatsStream, SqsQueue
from sentry_governed.settings._nats import nats_config, nats_queue
from sentry_governed.settings._needs import Needs, needs_of
from sentry_governed.settings._runtime import async_router_of, plan_of, router_of
from sentry_governed.settings._serve import ReconcileSettings
from sentry_governed.settings._service import LAST_WORDS, ROUND, Service, check_all, check_teams, reconciling
from sentry_governed.settings._settings import Settings
from sentry_governed.settings._stores import any_ledger

if TYPE_CHECKING:
    from sentry_governed.adapters._listener import Listener
    from sentry_governed.adapters._metrics import Metrics
    from sentry_governed.adapters.nats import JetStreamQueue, JetStreamWorker, NatsConfig
    from sentry_governed.settings._nats import LookUp

_LOG: Final = logging.getLogger("sentry_governed")

_MOST_OPERATORS: Final = 20


def open_worker(
    settings: Settings,
    kind: Literal["sqs", "nats"],
    *,
    listen: tuple[str, int] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Service:
    """Make the process of `sentry-governed worker`: it works off the queue that the inbox is.

    Args:
        settings: What the file says.
        kind: What the inbox has to be.
        listen: The address and the port where operators ask, or None.
        secrets: As for `open_router`.

    Raises:
        SettingsError: Something is wrong or missing in the settings, the teams file or the environment; all
            of it is in it.
        ConfigError: The address cannot be listened on, or an extra is missing.
    """
    needs = needs_of(settings, secrets)
    del secrets  # as in open_router
    with ExitStack() as opened:
        parts = Parts(drain=settings.serve.drain + LAST_WORDS)
        metrics, listener = _operations(parts, listen, opened)
        if kind == "sqs":
            _add_sqs(parts, needs, metrics, opened)
        else:
            _add_nats(parts, needs, metrics)
        return Service(parts, listener, opened.pop_all())


def _operations(
    parts: Parts, listen: tuple[str, int] | None, opened: ExitStack
) -> tuple[Metrics | None, Listener | None]:
    if listen is None:
        return None, None
    from sentry_governed.adapters._listener import Listener
    from sentry_governed.adapters._metrics import Metrics
    from sentry_governed.adapters._operations import Readiness, operations_app

    metrics = Metrics()
    app = operations_app(metrics, Readiness(parts.missing))
    host, port = listen
    listener = Listener(app, host=host, port=port, connections=_MOST_OPERATORS, drain=1.0)
    opened.callback(listener.close)
    parts.add(Part("operations", listener.run, listener.stop))
    return metrics, listener


def _add_sqs(parts: Parts, needs: Needs, metrics: Metrics | None, opened: ExitStack) -> None:
    from sentry_governed.adapters.sqs import SqsWorker

    serve = needs.settings.serve
    make_runtime = cache(partial(router_of, needs))

    def make(place: InboxPlace, _folder: Path, _look_up: LookUp) -> SqsWorker:
        if not isinstance(place, SqsQueue):
            raise ConfigError("this inbox is not a queue of SQS")
        return SqsWorker(
            place.queue_url,
            make_runtime().router,
            threads=serve.workers,
            drain=serve.drain,
            dead_letter_url=place.dead_letter_url,
            region=place.region,
            endpoint_url=place.endpoint_url,
            watch=Logged(metrics or Unwatched()),
        )

    make_worker = cache(partial(needs.inbox, make))
    make_reconciler = cache(lambda: Reconciler(make_runtime().router) if serve.reconcile else None)
    worker_or_refusal = partial(needs.check, make_worker)
    check_all(needs, partial(check_teams, needs), make_runtime, worker_or_refusal, make_reconciler)
    opened.enter_context(make_runtime())
    worker = make_worker()
    parts.add(Part("worker", worker.run, worker.stop))
    reconciler = make_reconciler()
    if reconciler is not None and serve.reconcile is not None:
        parts.add(reconciling(reconciler, serve.reconcile, metrics))


def _add_nats(parts: Parts, needs: Needs, metrics: Metrics | None) -> None:
    def make(place: InboxPlace, folder: Path, look_up: LookUp) -> _NatsWork:
        if not isinstance(place, NatsStream):
            raise ConfigError("this inbox is not a stream of NATS")
        return _NatsWork(needs, nats_config(place, folder, look_up), nats_queue(place), metrics)

    make_work = cache(partial(needs.inbox, make))
    plan = partial(plan_of, needs, partial(needs.ledger, any_ledger))
    check_all(needs, partial(check_teams, needs), plan, partial(needs.check, make_work))
    work = make_work()
    parts.add(Part("worker", work.run, work.stop))


@attrs.define
class _NatsWork:
    """A worker and the reconciler on an event loop of their own."""

    _needs: Needs
    _config: NatsConfig
    _queue: JetStreamQueue
    _metrics: Metrics | None
    _worker: JetStreamWorker | None = None
    _is_stopped: bool = False

    def run(self) -> None:
        asyncio.run(self._run())

    def stop(self) -> None:
        self._is_stopped = True
        if self._worker is not None:
            self._worker.stop()

    async def _run(self) -> None:
        from sentry_governed.adapters.nats import JetStreamWorker

        serve = self._needs.settings.serve
        async with async_router_of(self._needs) as runtime:
            self._worker = JetStreamWorker(
                self._config,
                runtime.router,
                queue=self._queue,
                loops=serve.workers,
                grace=serve.drain,
                watch=Logged(self._metrics or Unwatched()),
            )
            if self._is_stopped:
                self._worker.stop()
            tasks = [asyncio.create_task(self._worker.run())]
            if serve.reconcile is not None:
                tasks.append(asyncio.create_task(self._reconcile(runtime.router)))
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _reconcile(self, router: AsyncRouter) -> None:
        settings = self._needs.settings.serve.reconcile
        reconciler = AsyncReconciler(router)
        while settings is not None:
            try:
                await self._round(reconciler, settings)
            except ConfigError:
                raise
            except Exception:  # noqa: BLE001  a fault of ours must not take the worker down with it
                _LOG.exception("the reconciler failed")
            await asyncio.sleep(settings.every)

    async def _round(self, reconciler: AsyncReconciler, settings: ReconcileSettings) -> None:
        report = await reconciler.reconcile(
            settings.since,
            projects=settings.projects,
            query=settings.query,
            grace=settings.grace,
            deadline=ROUND,
        )
        tell(report, self._metrics)
