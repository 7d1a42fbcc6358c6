"""Making the task, or the comment, of one key: the one step whose reply may be lost for good."""

from __future__ import annotations

import re

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
    BadRequest,
    FieldNotOnProject,
    NoAccess,
    NotFound,
    PlanTooSmall,
    SentryGovernedError,
)
from sentry_governed.routing._failures import leaves_open, wait_after
from sentry_governed.routing._lease import Lease
from sentry_governed.routing._outcome import Deferred, Rejected, Uncertain

_LOOK_BACK = 60.0
_GID = re.compile(r"[0-9]+")


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
    of them where one cannot be set, and a project that is gone, in the end for the default project.
    """
    while True:
        refusal: BadRequest | NoAccess | NotFound | PlanTooSmall
        projects = draft.projects or ()
        try:
            return (
                yield from _attempt(
                    lease, _post_task(draft), mode="task", digest=draft.digest, projects=projects
                )
            )
        except (BadRequest, NoAccess, NotFound, PlanTooSmall) as error:
            refusal = error
        simpler, left_out = _simpler(draft, refusal, default_project)
        lease.remember(notes=(*lease.record.notes, f"{left_out}: {refusal}"))
        if simpler is None:
            yield from lease.release(state="failed")
            return Rejected(lease.key, str(refusal), lease.record.shadow)
        draft = simpler


def comment(lease: Lease, target: str, text: str) -> Flow[Uncertain | Deferred | None]:
    """Add a comment to an earlier task; None when it is there and written down."""
    return (yield from _attempt(lease, _post_comment(target, text), mode="comment", target=target))


def look_up(lease: Lease, reason: str) -> Flow[Uncertain | None]:
    """Settle a POST whose fate is unknown; None when the record now says `created`, or `reserved` again."""
    record, options = lease.record, lease.options
    left = record.posted_by + options.consistency_delay - (yield from now())
    found: Made | None = None
    try:
        found = yield from (_find_comment(lease) if record.mode == "comment" else _find_task(lease))
    except SentryGovernedError as error:
        reason, left = str(error), max(left, wait_after(error, options))
    if found:
        yield from lease.extend(state="created", task=found.task, url=found.url)
        return None
    if left <= 0:
        yield from lease.extend(state="reserved")
        return None
    yield from lease.release(attempts=record.attempts + 1)
    return Uncertain(lease.key, left, lease.record.attempts, reason)


def _attempt(lease: Lease, post: Flow[Made], **announced: object) -> Flow[Uncertain | Deferred | None]:
    """Announce a POST, send it once, and write down what came of it."""
    yield from lease.extend(state="creating", creating_at=(yield from now()), **announced)
    failure: SentryGovernedError
    try:
        made = yield from within(lease.options.create_timeout, _if_time_is_left(lease, post))
    except SentryGovernedError as error:
        failure = error
    else:
        if made is None:
            yield from lease.release(state="reserved")
            return Deferred(lease.key, 1.0, "too little of the lease was left")
        yield from lease.extend(state="created", task=made.task, url=made.url)
        return None
    if not leaves_open(failure):
        yield from lease.extend(state="reserved")
        raise failure
    posted_by = (yield from now()) + lease.options.clock_skew
    yield from lease.extend(state="unknown", posted_by=posted_by)
    return (yield from look_up(lease, str(failure)))


def _if_time_is_left(lease: Lease, post: Flow[Made]) -> Flow[Made | None]:
    """Send it if the lease outlasts it; this look at the lease is the last step before the POST."""
    if lease.lasts((yield from now())):
        return (yield from post)
    return None


def _post_task(draft: TaskDraft) -> Flow[Made]:
    task = yield from create_task(draft)
    return Made(task.gid, task.url)


def _post_comment(target: str, text: str) -> Flow[Made]:
    yield from add_comment(target, text)
    return Made(target, task_url(target))


def _find_task(lease: Lease) -> Flow[Made | None]:
    """Look in every project that the task was to be in; one that can be read is enough to say no."""
    since = lease.record.creating_at - _LOOK_BACK - lease.options.clock_skew
    unreadable: SentryGovernedError | None = None
    is_readable = False
    for project in lease.record.projects:
        try:
            task = yield from find_marker((project,), since, marker_line(lease.key))
        except (NotFound, NoAccess) as error:
            unreadable = error
            continue
        if task:
            return Made(task.gid, task.url)
        is_readable = True
    if unreadable and not is_readable:
        raise unreadable
    return None


def _find_comment(lease: Lease) -> Flow[Made | None]:
    """Look on the task; one that is gone took the comment along."""
    target = lease.record.target or ""
    try:
        posted = yield from stories(target)
    except (NotFound, NoAccess):
        return None
    is_there = any(has_marker(story.text, lease.key) for story in posted)
    return Made(target, task_url(target)) if is_there else None


def _simpler(
    draft: TaskDraft, refusal: SentryGovernedError, default_project: str | None
) -> tuple[TaskDraft | None, str]:
    """The draft without what was refused, and what that is; None when there is nothing to leave out."""
    detail = getattr(refusal, "detail", "")
    projects, named = draft.projects or (), set(_GID.findall(detail))
    readable = tuple(project for project in projects if project not in named)
    if isinstance(refusal, FieldNotOnProject) and refusal.field in draft.custom_fields:
        rest = {gid: value for gid, value in draft.custom_fields.items() if gid != refusal.field}
        return attrs.evolve(draft, custom_fields=rest), f"left out custom field {refusal.field}"
    if readable and readable != projects:
        return attrs.evolve(draft, projects=readable), "left out a project"
    to_default = attrs.evolve(draft, projects=(default_project,)) if default_project else draft
    if to_default != draft and "project" in detail:
        return to_default, f"put into the default project {default_project}"
    if draft.custom_fields:
        return attrs.evolve(draft, custom_fields={}), "left out the custom fields"
    if to_default != draft:
        return to_default, f"put into the default project {default_project}"
    return None, "not created"
