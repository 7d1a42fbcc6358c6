"""From an alert to its outcome: the one flow that the synchronous and the asynchronous router share."""

from __future__ import annotations

import attrs

from sentry_governed._http.flow import Flow, now
from sentry_governed.alerts import Alert, Ignored
from sentry_governed.asana import TaskBuilder, TaskDraft
from sentry_governed.errors import ConfigError, LedgerError, SentryGovernedError
from sentry_governed.routing._chain import chain_key, enter, extend_chain
from sentry_governed.routing._create import comment, create, look_up
from sentry_governed.routing._datadog import announce, completed
from sentry_governed.routing._enrich import Owned, SentrySide, owned
from sentry_governed.routing._failures import stays, wait_after
from sentry_governed.routing._lease import Lease, Overtaken, read
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
)
from sentry_governed.routing._placing import Portfolios, place
from sentry_governed.routing._records import NO_TASKS, Chain
from sentry_governed.routing._shadow import LONGEST_REASON, shadowed
from sentry_governed.teams import Teams


@attrs.frozen
class Desk:
    """Everything that handling an alert needs besides the alert.

    Attributes:
        teams: Who owns what.
        tasks: Builds the tasks.
        options: What may be chosen.
        portfolios: The newest project of each.
        sentry: What is known of Sentry, or None without a client.
        has_datadog: Whether there is a client of Datadog.
        shadow: Rules that are tried out beside the live ones.
        alone: Whether it makes the first task of an issue only, and nobody else's at the same time.
    """

    teams: Teams
    tasks: TaskBuilder
    options: Options
    portfolios: Portfolios
    sentry: SentrySide | None
    has_datadog: bool = False
    shadow: Teams | None = None
    alone: bool = False


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
        return Deferred(alert.key, 1.0, "another worker was faster")
    except ConfigError:
        raise
    except SentryGovernedError as error:
        return Deferred(alert.key, wait_after(error, desk.options), str(error))


def _handle(alert: Alert, desk: Desk, nonce: str) -> Flow[Outcome]:
    found = yield from read(alert.key)
    record = found.record
    if record and record.state == "done":
        return Duplicate(alert.key, record.task, record.url, record.notes, record.shadow)
    busy_for = found.busy_for((yield from now()))
    if busy_for > 0:
        return Deferred(alert.key, busy_for, "another worker is at it")
    ours = None if record and record.is_made else (yield from _owned_and_shadowed(alert, desk))
    if ours and ours.route.ignored and not (record and record.is_open):
        return _ignored(alert.key, ours)
    lease = yield from found.take(desk.options, nonce)
    failure: SentryGovernedError
    try:
        stopped = (yield from _make(lease, ours, desk)) if ours else None
        return stopped or (
            yield from _finish(lease, ours.alert if ours else alert, desk, is_first=ours is not None)
        )
    except (ConfigError, LedgerError):
        raise
    except SentryGovernedError as error:
        failure = error
    yield from lease.release()
    return Deferred(alert.key, wait_after(failure, desk.options), str(failure))


def _owned_and_shadowed(alert: Alert, desk: Desk) -> Flow[Owned]:
    ours = yield from _owned(alert, desk)
    shadow = shadowed(ours.alert, ours.route, desk.shadow, unmatched=ours.unmatched)
    return attrs.evolve(ours, shadow=shadow)


def _owned(alert: Alert, desk: Desk) -> Flow[Owned]:
    """Say who owns an alert, after learning what its sender says beyond the webhook."""
    if alert.source == "datadog" and desk.has_datadog:
        full, notes = yield from completed(alert)
        return Owned(full, desk.teams.route(full), notes)
    return (yield from owned(alert, desk.teams, desk.sentry))


def _ignored(key: str, ours: Owned) -> Skipped:
    return Skipped(f"ignored: {ours.route.reason}", key, ours.shadow)


def _make(lease: Lease, ours: Owned, desk: Desk) -> Flow[Outcome | None]:
    """Make the task or the comment; None when it is there, perhaps by a delivery whose reply was lost."""
    if lease.record.state == "unknown":
        uncertain = yield from look_up(lease, "the fate of an earlier attempt is unknown")
        if uncertain or lease.record.is_made:
            return uncertain
        if ours.route.ignored:
            yield from lease.release()
            return _ignored(lease.key, ours)
    chain = yield from _entered(lease, ours, desk)
    if not isinstance(chain, Chain):
        return chain
    reason = ours.route.reason[:LONGEST_REASON]
    lease.remember(team=ours.route.team.name, reason=reason, notes=ours.notes, shadow=ours.shadow)
    if chain.root and desk.options.on_repeat == "comment":
        try:
            return (yield from _comment(lease, ours, desk, chain))
        except SentryGovernedError as error:
            if not stays(error):
                raise
            lease.remember(notes=(*ours.notes, f"not commented on {chain.latest}: {error}"))
    return (yield from _create(lease, ours, desk, chain))


def _comment(lease: Lease, ours: Owned, desk: Desk, chain: Chain) -> Flow[Outcome | None]:
    return (yield from comment(lease, chain.latest, _draft(ours, desk, chain).as_comment()))


def _entered(lease: Lease, ours: Owned, desk: Desk) -> Flow[Chain | Outcome]:
    """The tasks of the alert's issue, or why none is to be added now."""
    key = chain_key(ours.alert, desk.sentry)
    if key is None:
        return NO_TASKS
    found = yield from enter(key, lease, alone=desk.alone)
    if isinstance(found, Chain) and not (found.root and desk.alone):
        return found
    yield from lease.release()
    if isinstance(found, Chain):
        return Skipped("the issue has a task by now", lease.key, ours.shadow)
    return found


def _create(lease: Lease, ours: Owned, desk: Desk, chain: Chain) -> Flow[Outcome | None]:
    draft = _draft(ours, desk, chain)
    placed = yield from place(draft.placement, desk.portfolios)
    lease.remember(notes=(*lease.record.notes, *placed.notes))
    if not placed.projects:
        yield from lease.release(state="failed")
        problem = f"no project for team {ours.route.team.name}: {'; '.join(placed.notes)}"
        return Rejected(lease.key, problem, ours.shadow)
    if lease.is_late((yield from now())):
        entered = yield from _entered(lease, ours, desk)
        if not isinstance(entered, Chain):
            return entered
        draft = _draft(ours, desk, entered)
    draft = attrs.evolve(draft, projects=placed.projects)
    stopped = yield from create(lease, draft, desk.tasks.settings.default_project)
    if lease.record.projects != placed.projects:
        desk.portfolios.forget()
    return stopped


def _draft(ours: Owned, desk: Desk, chain: Chain) -> TaskDraft:
    return desk.tasks.build(ours.alert, ours.route, previous=chain.latest or None, root=chain.root or None)


def _finish(lease: Lease, alert: Alert, desk: Desk, *, is_first: bool) -> Flow[Outcome]:
    """Chain and link a task that is there, and say how the delivery ended."""
    if lease.record.state == "created" and lease.record.mode == "task":
        yield from _announce(lease, alert, desk)
    yield from lease.release(state="done")
    record = lease.record
    if not is_first:
        return Duplicate(lease.key, record.task, record.url, record.notes, record.shadow)
    if record.mode == "comment":
        return Commented(
            lease.key, record.task, record.url, record.team, record.reason, record.notes, record.shadow
        )
    return Created(
        lease.key,
        record.task,
        record.url,
        record.team,
        record.reason,
        record.projects,
        record.notes,
        record.shadow,
    )


def _announce(lease: Lease, alert: Alert, desk: Desk) -> Flow[None]:
    """Tell the alert's sender of the task."""
    if alert.source == "sentry":
        yield from _chain_and_link(lease, alert, desk)
    elif desk.has_datadog:
        yield from _linked(lease, (yield from announce(alert, lease.record)))


def _chain_and_link(lease: Lease, alert: Alert, desk: Desk) -> Flow[None]:
    key, task, sentry = chain_key(alert, desk.sentry), lease.record.task, desk.sentry
    chain = (yield from extend_chain(key, task, desk.options)) if key else Chain(task, task)
    if sentry is None or sentry.installation is None:
        return
    is_root = chain.root == task
    problem = yield from link_back(alert, sentry, sentry.installation, lease.record, is_root=is_root)
    yield from _linked(lease, problem)


def _linked(lease: Lease, problem: str | None) -> Flow[None]:
    notes = lease.record.notes if problem is None else (*lease.record.notes, problem)
    yield from lease.advance(state="linked", notes=notes)
