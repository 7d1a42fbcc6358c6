"""Making the task, or the comment, of one key: the one step whose reply may be lost for good."""

from __future__ import annotations

import attrs

from sentry_governed._http.flow import Flow, now, within
from sentry_governed.asana import (
    TaskDraft,
    add_comment,
    create_task,
    find_marker,
    has_marker,
    marker_line,
    stories,
    task_url,
)
from sentry_governed.errors import (
    ApiError,
    BadRequest,
    CreateUncertain,
    FieldNotOnProject,
    NoAccess,
    NotFound,
    PlanTooSmall,
    ReplyLost,
    SentryGovernedError,
    ServiceFailed,
)
from sentry_governed.routing._lease import Lease
from sentry_governed.routing._outcome import Deferred, Rejected, Uncertain

_LOOK_BACK = 60.0


@attrs.frozen
class Made:
    """What a POST made: a task, or a comment on one."""

    task: str
    url: str


def create(
    lease: Lease, draft: TaskDraft, default_project: str | None
) -> Flow[Uncertain | Rejected | Deferred | None]:
    """Create the task; None when it is there and written down.

    What Asana refuses is left out rather than the task: a custom field that is on none of the projects, all
    of them on a plan without custom fields, and a project that is gone in favour of the default project.
    """
    while True:
        projects = draft.projects or ()
        refusal: ApiError
        try:
            return (
                yield from _attempt(
                    lease, _post_task(draft), mode="task", digest=draft.digest, projects=projects
                )
            )
        except (BadRequest, NoAccess, NotFound, PlanTooSmall) as error:
            refusal = error
        simpler = _simpler(draft, refusal, default_project)
        notes = (*lease.record.notes, f"left out, because asana said: {refusal}")
        if simpler is None:
            yield from lease.release(state="failed", notes=notes)
            return Rejected(lease.key, str(refusal))
        yield from lease.advance(notes=notes)
        draft = simpler


def comment(lease: Lease, target: str, text: str) -> Flow[Uncertain | Deferred | None]:
    """Add a comment to an earlier task; None when it is there and written down.

    Raises:
        NotFound, NoAccess: The earlier task is gone.
    """
    return (yield from _attempt(lease, _post_comment(target, text), mode="comment", target=target))


def look_up(lease: Lease, reason: str) -> Flow[Uncertain | None]:
    """Settle a POST whose fate is unknown; None when the record now says `created`, or `reserved` again."""
    record, time = lease.record, (yield from now())
    left = record.creating_at + lease.options.consistency_delay - time
    try:
        found = yield from (_find_comment(lease) if record.mode == "comment" else _find_task(lease))
    except (NotFound, NoAccess) as error:
        found, reason, left = None, str(error), lease.options.retry_after
    if found:
        yield from lease.extend(state="created", task=found.task, url=found.url)
        return None
    if left <= 0:
        yield from lease.extend(state="reserved")
        return None
    yield from lease.release()
    return Uncertain(lease.key, left, record.attempts, reason)


def _attempt(lease: Lease, post: Flow[Made], **announced: object) -> Flow[Uncertain | Deferred | None]:
    """Announce a POST, send it once, and write down what came of it."""
    if not (yield from _announce(lease, announced)):
        return Deferred(lease.key, 1.0, "too little of the lease was left")
    lost, failure = "", None
    try:
        made = yield from within(lease.options.create_timeout, post)
    except (CreateUncertain, ReplyLost, ServiceFailed) as error:
        lost = str(error)
    except SentryGovernedError as error:
        failure = error
    else:
        yield from lease.extend(state="created", task=made.task, url=made.url)
        return None
    if failure:
        yield from lease.extend(state="reserved")
        raise failure
    yield from lease.extend(state="unknown", attempts=lease.record.attempts + 1)
    return (yield from look_up(lease, lost))


def _announce(lease: Lease, announced: dict[str, object]) -> Flow[bool]:
    """Write `creating` down, and say whether the lease outlasts the POST."""
    yield from lease.extend(state="creating", creating_at=(yield from now()), **announced)
    needed = lease.options.create_timeout + lease.options.clock_skew
    if lease.record.lease_until - (yield from now()) > needed:
        return True
    yield from lease.release(state="reserved")
    return False


def _post_task(draft: TaskDraft) -> Flow[Made]:
    task = yield from create_task(draft)
    return Made(task.gid, task.url)


def _post_comment(target: str, text: str) -> Flow[Made]:
    yield from add_comment(target, text)
    return Made(target, task_url(target))


def _find_task(lease: Lease) -> Flow[Made | None]:
    """Look in every project that the task was to be in; one that can be read is enough to say no."""
    since, marker = lease.record.creating_at - _LOOK_BACK, marker_line(lease.key)
    unreadable: ApiError | None = None
    readable = 0
    for project in lease.record.projects:
        try:
            task = yield from find_marker((project,), since, marker)
        except (NotFound, NoAccess) as error:
            unreadable = error
            continue
        readable += 1
        if task:
            return Made(task.gid, task.url)
    if unreadable and not readable:
        raise unreadable
    return None


def _find_comment(lease: Lease) -> Flow[Made | None]:
    target = lease.record.target or ""
    for story in (yield from stories(target)):
        if has_marker(story.text, lease.key):
            return Made(target, task_url(target))
    return None


def _simpler(draft: TaskDraft, refusal: ApiError, default_project: str | None) -> TaskDraft | None:
    """The draft without what was refused, or None when there is nothing to leave out."""
    if isinstance(refusal, FieldNotOnProject) and refusal.field in draft.custom_fields:
        rest = {gid: value for gid, value in draft.custom_fields.items() if gid != refusal.field}
        return attrs.evolve(draft, custom_fields=rest)
    if isinstance(refusal, PlanTooSmall) and draft.custom_fields:
        return attrs.evolve(draft, custom_fields={})
    if default_project and draft.projects != (default_project,):
        return attrs.evolve(draft, projects=(default_project,))
    return None
