"""The calls of Asana's API as flows, for a driver that binds the service `asana`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

import attrs

from sentry_governed._convert import is_list, is_object
from sentry_governed._http.answers import ask, decoded, structured, unexpected
from sentry_governed._http.flow import Flow
from sentry_governed._operation import Intent, Operation
from sentry_governed._values import Pairs, Request, Response
from sentry_governed.asana._draft import TaskDraft
from sentry_governed.asana._marker import has_marker, marker_line
from sentry_governed.asana._models import Project, ProjectField, Story, Task
from sentry_governed.asana._placement import PortfolioItem
from sentry_governed.asana._text import clean, fit
from sentry_governed.errors import (
    ApiError,
    BadRequest,
    CreateUncertain,
    FieldNotOnProject,
    ReplyLost,
    ServiceFailed,
    TaskTooLarge,
    UnexpectedAnswer,
)
from sentry_governed.typing import JsonValue

T = TypeVar("T")

SERVICE: Final = "asana"
API: Final = "/api/1.0"
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 100
"""A list that is longer is refused rather than cut: what is missing would be taken for not there."""

_COMMENT_BUDGET: Final = 30_000
_BAD_REQUEST: Final = 400
_EXPIRED: Final = "pagination token has expired"
_REFUSALS: Final[tuple[tuple[re.Pattern[str], type[BadRequest]], ...]] = (
    (re.compile(r"custom field with id \d+ is not on given object", re.IGNORECASE), FieldNotOnProject),
    (re.compile(r"\bvalue is too large", re.IGNORECASE), TaskTooLarge),
)
_TASK_FIELDS: Final = "name,notes,completed,created_at,modified_at,permalink_url,projects.name"
_STORY_FIELDS: Final = "text,resource_subtype,created_at"
_PROJECT_FIELDS: Final = "name,archived,created_at,permalink_url"
_ITEM_FIELDS: Final = "resource_type,name,archived,created_at"
_SETTING_FIELDS: Final = ",".join(
    f"custom_field.{name}"
    for name in (
        "name",
        "resource_subtype",
        "is_value_read_only",
        "enum_options.name",
        "enum_options.enabled",
    )
)


def create_task(draft: TaskDraft) -> Flow[Task]:
    """Create a task; one that Asana finds too large is shortened once.

    Raises:
        CreateUncertain: It may or may not exist. Look for the draft's marker before creating it again.
        FieldNotOnProject: A custom field is on none of the task's projects; nothing was created.
        ApiError: Asana refused; nothing was created.
        TransportError: It was never sent.
    """
    try:
        return (yield from _create(draft))
    except TaskTooLarge:
        pass
    return (yield from _create(draft.shortened()))


def _create(draft: TaskDraft) -> Flow[Task]:
    request = _request("POST", "/tasks", fields=_TASK_FIELDS, body=draft.to_payload())
    try:
        return (yield from _one("tasks.create", request, Task))
    except (ReplyLost, ServiceFailed, UnexpectedAnswer) as error:
        reason = str(error)
    raise CreateUncertain(reason)


def get_task(gid: str) -> Flow[Task]:
    """Read a task."""
    request = _request("GET", "/tasks/{task}", ("task", gid), fields=_TASK_FIELDS)
    return (yield from _one("tasks.get", request, Task))


def tasks_modified_since(project: str, since: float) -> Flow[tuple[Task, ...]]:
    """All tasks of a project, with their notes, that changed since an instant in seconds since the epoch."""
    return (yield from _all("tasks.list", _listing(project, since), _itself(Task)))


def find_marker(projects: Sequence[str], since: float, marker: str) -> Flow[Task | None]:
    """The task that a draft became, if it is in one of the projects and changed since an instant.

    Args:
        projects: Where the draft was to go.
        since: Seconds since the epoch.
        marker: The draft's marker line, or its key.
    """
    key = marker.removeprefix(marker_line(""))
    for project in projects:
        found = yield from _all(
            "tasks.list",
            _listing(project, since),
            _itself(Task),
            wanted=lambda task: has_marker(task.notes, key),
            only_one=True,
        )
        if found:
            return found[0]
    return None


def portfolio_items(portfolio: str) -> Flow[tuple[PortfolioItem, ...]]:
    """All items of a portfolio, archived and nested ones too."""
    path = "/portfolios/{portfolio}/items"
    request = _request("GET", path, ("portfolio", portfolio), fields=_ITEM_FIELDS)
    return (yield from _all("portfolios.items", request, _itself(PortfolioItem)))


def get_project(gid: str) -> Flow[Project]:
    """Read a project."""
    request = _request("GET", "/projects/{project}", ("project", gid), fields=_PROJECT_FIELDS)
    return (yield from _one("projects.get", request, Project))


def custom_field_settings(project: str) -> Flow[tuple[ProjectField, ...]]:
    """All custom fields that a project's tasks have, with their options."""
    path = "/projects/{project}/custom_field_settings"
    request = _request("GET", path, ("project", project), fields=_SETTING_FIELDS)
    return (yield from _all("projects.custom_fields", request, _inside("custom_field", ProjectField)))


def add_comment(task: str, text: str) -> Flow[Story]:
    """Comment on a task. The text is plain; it is cleaned and bounded like a task's notes.

    It is not idempotent: after `ReplyLost` or `ServiceFailed` look at `stories` first.
    """
    body: JsonValue = {"data": {"text": fit(clean(text), _COMMENT_BUDGET)}}
    request = _request("POST", "/tasks/{task}/stories", ("task", task), fields=_STORY_FIELDS, body=body)
    return (yield from _one("stories.create", request, Story))


def stories(task: str) -> Flow[tuple[Story, ...]]:
    """The whole history of a task, oldest first."""
    request = _request("GET", "/tasks/{task}/stories", ("task", task), fields=_STORY_FIELDS)
    return (yield from _all("stories.list", request, _itself(Story)))


Reader = Callable[[Request, Response, object], T]


def _itself(model: type[T]) -> Reader[T]:
    return lambda request, response, item: structured(request, response, item, model)


def _inside(name: str, model: type[T]) -> Reader[T]:
    def read(request: Request, response: Response, item: object) -> T:
        return structured(request, response, item.get(name) if is_object(item) else None, model)

    return read


def _listing(project: str, since: float) -> Request:
    moment = datetime.fromtimestamp(since, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    request = _request("GET", "/tasks", fields=_TASK_FIELDS)
    return attrs.evolve(request, query=(("project", project), ("modified_since", moment), *request.query))


def _request(
    method: str, path: str, *params: tuple[str, str], fields: str, body: JsonValue = None
) -> Request:
    query: Pairs = (("opt_fields", fields),)
    content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
    return Request(method, API + path, params, query, content, idempotent=method == "GET")


def _ask(action: str, request: Request) -> Flow[Response]:
    intent: Intent = "read" if request.method == "GET" else "write"
    operation = Operation(f"asana.{action}", intent, "none", service=SERVICE)
    return (yield from ask(SERVICE, operation, request, refine=_refine))


def _refine(status: int, detail: str) -> type[ApiError] | None:
    if status != _BAD_REQUEST:
        return None
    return next((kind for pattern, kind in _REFUSALS if pattern.search(detail)), None)


def _envelope(request: Request, response: Response) -> Mapping[str, object]:
    body = decoded(request, response)
    if not is_object(body):
        raise unexpected(request, response, "the body is not an object")
    return body


def _one(action: str, request: Request, model: type[T]) -> Flow[T]:
    response = yield from _ask(action, request)
    return structured(request, response, _envelope(request, response).get("data"), model)


def _everything(_item: object) -> bool:
    return True


def _all(
    action: str,
    request: Request,
    reader: Reader[T],
    *,
    wanted: Callable[[T], bool] = _everything,
    only_one: bool = False,
) -> Flow[tuple[T, ...]]:
    """The wanted items of all pages. An offset that expired on the way starts it over, once."""
    kept: list[T] = []
    offset: str | None = None
    may_restart = True
    for _ in range(MOST_PAGES):
        try:
            items, following = yield from _page(action, request, offset, reader)
        except BadRequest as refusal:
            if offset is None or not may_restart or _EXPIRED not in refusal.detail:
                raise
            kept, offset, may_restart = [], None, False
            continue
        kept += filter(wanted, items)
        if following is None or (only_one and kept):
            return tuple(kept)
        offset = following
    raise unexpected(request, Response(200), f"the list is longer than {MOST_PAGES * PAGE_SIZE} items")


def _page(
    action: str, request: Request, offset: str | None, reader: Reader[T]
) -> Flow[tuple[list[T], str | None]]:
    paging = (("limit", str(PAGE_SIZE)), *(() if offset is None else (("offset", offset),)))
    paged = attrs.evolve(request, query=(*request.query, *paging))
    response = yield from _ask(action, paged)
    body = _envelope(paged, response)
    items, following = body.get("data"), body.get("next_page")
    if not is_list(items):
        raise unexpected(paged, response, "`data` is not a list")
    after = following.get("offset") if is_object(following) else None
    if following is not None and (not isinstance(after, str) or after in {"", offset}):
        raise unexpected(paged, response, "`next_page` has no new offset")
    return [reader(paged, response, item) for item in items], after if isinstance(after, str) else None
