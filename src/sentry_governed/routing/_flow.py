"""From an alert to its outcome: the one flow that the synchronous and the asynchronous router share."""

from __future__ import annotations

import attrs

from sentry_governed._http.flow import Flow
from sentry_governed.alerts import Alert, Ignored
from sentry_governed.asana import TaskBuilder
from sentry_governed.errors import ApiError, LedgerError, NoAccess, NotFound, TokenRefused, TransportError
from sentry_governed.routing._chain import chain_key, extend_chain, read_chain
from sentry_governed.routing._create import comment, create, look_up
from sentry_governed.routing._enrich import Owned, SentrySide, owned
from sentry_governed.routing._lease import Lease, Overtaken, read, take
from sentry_governed.routing._link import link_back
from sentry_governed.routing._options import Options
from sentry_governed.routing._outcome import (
    Commented,
    Created,
    Deferred,
    Duplicate,
    Outcome,
    Rejected,
    Skipped,
    Uncertain,
)
from sentry_governed.routing._placing import Portfolios, place
from sentry_governed.routing._records import TaskRecord
from sentry_governed.teams import Teams


@attrs.frozen
class Desk:
    """Everything that handling an alert needs besides the alert."""

    teams: Teams
    tasks: TaskBuilder
    options: Options
    portfolios: Portfolios
    sentry: SentrySide | None


def handle(alert: Alert | Ignored, desk: Desk, nonce: str) -> Flow[Outcome]:
    """Handle one delivery of an alert.

    It raises for what is configured wrongly only; everything else is an outcome.
    """
    if isinstance(alert, Ignored):
        return Skipped(f"{alert.kind}: {alert.reason}")
    if alert.kind not in desk.options.create_on:
        return Skipped(f"{alert.kind} makes no task", alert.key)
    try:
        return (yield from _handle(alert, desk, nonce))
    except Overtaken:
        return Deferred(alert.key, 1.0, "another worker took it over")
    except LedgerError as error:
        return Deferred(alert.key, desk.options.retry_after, str(error))
    except (TransportError, ApiError) as error:
        return _deferred(alert.key, error, desk.options)


def _handle(alert: Alert, desk: Desk, nonce: str) -> Flow[Outcome]:
    record, stored = yield from read(alert.key)
    if record and record.state == "done":
        return Duplicate(alert.key, record.task, record.url, record.notes)
    ours = None if record and is_made(record) else (yield from owned(alert, desk.teams, desk.sentry))
    if ours and ours.route.ignored and (record is None or record.state == "failed"):
        return Skipped(f"ignored: {ours.route.reason}", alert.key)
    lease = yield from take(alert.key, desk.options, nonce, record, stored)
    if isinstance(lease, Deferred):
        return lease
    failure: ApiError | TransportError
    try:
        stopped = (yield from _make(lease, ours, desk)) if ours else None
        return stopped or (yield from _finish(lease, alert, desk, is_first=ours is not None))
    except (TransportError, ApiError) as error:
        failure = error
    yield from lease.release()
    return _deferred(alert.key, failure, desk.options)


def is_made(record: TaskRecord) -> bool:
    """Whether the task or the comment is there, with steps left to do."""
    return record.state in {"created", "linked"}


def _make(lease: Lease, ours: Owned, desk: Desk) -> Flow[Uncertain | Rejected | Deferred | None]:
    """Make the task or the comment; None when it is there, perhaps by a delivery whose reply was lost."""
    if lease.record.state == "unknown":
        uncertain = yield from look_up(lease, "the fate of an earlier attempt is unknown")
        if uncertain or is_made(lease.record):
            return uncertain
    route, notes = ours.route, ours.notes
    yield from lease.advance(team=route.team.name, reason=route.reason, notes=notes)
    chain = yield from read_chain(chain_key(ours.alert, desk.sentry))
    if chain and desk.options.on_repeat == "comment":
        try:
            text = desk.tasks.build(ours.alert, route, previous=chain.latest, root=chain.root).as_comment()
            return (yield from comment(lease, chain.latest, text))
        except (NotFound, NoAccess) as error:
            yield from lease.advance(notes=(*notes, f"no comment on {chain.latest}: {error}"))
    draft = desk.tasks.build(
        ours.alert, route, previous=chain.latest if chain else None, root=chain.root if chain else None
    )
    placed = yield from place(draft.placement, desk.portfolios)
    if not placed.projects:
        problem = f"no project for team {route.team.name}: {'; '.join(placed.notes)}"
        yield from lease.release(state="failed", notes=(*lease.record.notes, problem))
        return Rejected(lease.key, problem)
    default_project = desk.tasks.settings.default_project
    return (yield from create(lease, attrs.evolve(draft, projects=placed.projects), default_project))


def _finish(lease: Lease, alert: Alert, desk: Desk, *, is_first: bool) -> Flow[Outcome]:
    """Chain and link a task that is there, and say how the delivery ended."""
    if lease.record.state == "created" and lease.record.mode == "task":
        key = chain_key(alert, desk.sentry)
        chain = (yield from extend_chain(key, lease.record.task, desk.options)) if key else None
        problem = (yield from link_back(alert, desk.sentry, lease.record, chain)) if chain else None
        yield from lease.advance(state="linked", notes=(*lease.record.notes, *filter(None, [problem])))
    yield from lease.release(state="done")
    record = lease.record
    if not is_first:
        return Duplicate(lease.key, record.task, record.url, record.notes)
    if record.mode == "comment":
        return Commented(lease.key, record.task, record.url, record.team, record.reason, record.notes)
    return Created(
        lease.key, record.task, record.url, record.team, record.reason, record.projects, record.notes
    )


def _deferred(key: str, error: ApiError | TransportError, options: Options) -> Deferred:
    """A passing failure. A refused token is one too: an operator mends it, and no alert is lost meanwhile."""
    wait = error.retry_after if isinstance(error, ApiError) and error.retry_after else options.retry_after
    return Deferred(key, wait * 10 if isinstance(error, TokenRefused) else wait, str(error))
