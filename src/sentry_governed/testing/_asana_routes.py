"""The routes of a fake Asana."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

import attrs

from sentry_governed._values import Response
from sentry_governed.testing._asana_create import Data, new_task, text
from sentry_governed.testing._asana_select import compact, select
from sentry_governed.testing._asana_values import FakePortfolio, FakeProject, FakeStory
from sentry_governed.testing._asana_world import Offset, World, refused
from sentry_governed.testing._wire import Ask, Record, Routes, as_json
from sentry_governed.typing import JsonValue

_MAX_LIMIT = 100
_MAX_UNPAGED = 1000


def _create_task(world: World, ask: Ask) -> Response:
    data, options = _body(ask)
    task = new_task(world, data)
    world.tasks[task.gid] = task
    location = (("location", f"{ask.origin}/api/1.0/tasks/{task.gid}"),)
    return attrs.evolve(
        _one(ask, world.record(task), status=201, extra=options.get("fields")),
        headers=(("content-type", "application/json"), *location),
    )


def _get_task(world: World, ask: Ask) -> Response:
    return _one(ask, world.record(world.task(ask["gid"])))


def _list_tasks(world: World, ask: Ask) -> Response:
    gid = ask.first("project")
    if gid is None:
        raise refused(
            "You should specify one of project, tag, section, user task list, or assignee + workspace"
        )
    project = world.project(gid).gid
    now = world.clock.time()
    modified, completed = _since(ask, "modified_since", now), _since(ask, "completed_since", now)
    return _page(
        world,
        ask,
        [
            world.record(task)
            for task in world.tasks.values()
            if project in task.projects
            and task.created_at + world.listing_delay <= now
            and task.gid not in world.hidden
            and task.modified_at >= modified
            and (task.completed_at is None or task.completed_at >= completed)
        ],
    )


def _list_items(world: World, ask: Ask) -> Response:
    things: dict[str, FakeProject | FakePortfolio] = {**world.projects, **world.portfolios}
    items = [things[gid] for gid in world.portfolio(ask["gid"]).items if gid in things]
    return _page(world, ask, [item.record(world.workspace) for item in items if item.gid not in world.hidden])


def _get_project(world: World, ask: Ask) -> Response:
    return _one(ask, world.project(ask["gid"]).record(world.workspace))


def _list_settings(world: World, ask: Ask) -> Response:
    project = world.project(ask["gid"])
    world.want_paid("Custom Fields are not available for free users or guests.")
    parent: Record = {"gid": project.gid, "resource_type": "project", "name": project.name}
    settings: list[Record] = [
        {
            "gid": f"{project.gid}{field.gid}",
            "resource_type": "custom_field_setting",
            "custom_field": field.record(),
            "is_important": False,
            "parent": parent,
            "project": parent,
        }
        for field in world.fields_of((project.gid,)).values()
    ]
    return _page(world, ask, settings)


def _create_story(world: World, ask: Ask) -> Response:
    task, (data, options) = world.task(ask["gid"]), _body(ask)
    if bool(data.get("text")) == bool(data.get("html_text")):
        raise refused("You should specify one of text, html_text")
    comment = text(data, "text") or text(data, "html_text")
    story = FakeStory(world.new_gid(), comment, world.clock.time())
    world.stories[task.gid] = (*world.stories.get(task.gid, ()), story)
    world.tasks[task.gid] = attrs.evolve(task, modified_at=story.created_at)
    return _one(ask, story.record(world.me), status=201, extra=options.get("fields"))


def _list_stories(world: World, ask: Ask) -> Response:
    task = world.task(ask["gid"])
    return _page(world, ask, [story.record(world.me) for story in world.stories.get(task.gid, ())])


def _get_me(world: World, ask: Ask) -> Response:
    return _one(ask, {**world.me, "workspaces": [world.workspace]})


ROUTES: Routes[World] = Routes(
    (
        ("POST", "/tasks", _create_task),
        ("GET", "/tasks", _list_tasks),
        ("GET", "/tasks/{gid}", _get_task),
        ("GET", "/tasks/{gid}/stories", _list_stories),
        ("POST", "/tasks/{gid}/stories", _create_story),
        ("GET", "/portfolios/{gid}/items", _list_items),
        ("GET", "/projects/{gid}", _get_project),
        ("GET", "/projects/{gid}/custom_field_settings", _list_settings),
        ("GET", "/users/me", _get_me),
    )
)


def _body(ask: Ask) -> tuple[Data, Data]:
    try:
        body = ask.call.json()
    except ValueError:
        raise refused("Could not parse request data, invalid JSON") from None
    if not isinstance(body, Mapping) or not isinstance(body.get("data"), Mapping):
        raise refused("data: Missing input")
    for key in body:
        if key not in ("data", "options"):
            raise refused(f"{key}: Unrecognized parameter")
    data, options = body["data"], body.get("options", {})
    return _object("data", data), _object("options", options)


def _object(name: str, value: JsonValue) -> Data:
    if not isinstance(value, Mapping):
        raise refused(f"{name}: Value is not a JSON object")
    return value


def _asked(ask: Ask, extra: JsonValue = None) -> tuple[str, ...]:
    listed = (ask.first("opt_fields") or "").split(",")
    if isinstance(extra, Sequence) and not isinstance(extra, str):
        listed += [str(name) for name in extra]
    return tuple(name for name in listed if name)


def _one(ask: Ask, record: Record, *, status: int = 200, extra: JsonValue = None) -> Response:
    asked = _asked(ask, extra)
    return as_json(status, {"data": select(record, asked) if asked else record})


def _since(ask: Ask, name: str, now: float) -> float:
    value = ask.first(name)
    if value is None:
        return -math.inf
    if value == "now":
        return now
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise refused(f"{name}: Not a recognized date: {value}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _page(world: World, ask: Ask, records: Sequence[Record]) -> Response:
    asked = _asked(ask)
    shown = [select(record, asked) if asked else compact(record) for record in records]
    limit = ask.first("limit")
    if limit is None:
        if len(shown) > _MAX_UNPAGED:
            raise refused(
                "The result is too large. You should use pagination (may require specifying a workspace)!"
            )
        return as_json(200, {"data": shown})
    if not limit.isdecimal() or not 1 <= int(limit) <= _MAX_LIMIT:
        raise refused(f"limit: Must be between 1 and {_MAX_LIMIT}")
    start = _position(world, ask)
    end = start + int(limit)
    return as_json(
        200, {"data": shown[start:end], "next_page": _next(world, ask, end) if end < len(shown) else None}
    )


def _listing(ask: Ask) -> str:
    return ask.call.path + "?" + urlencode([pair for pair in ask.call.query if pair[0] != "offset"])


def _position(world: World, ask: Ask) -> int:
    token = ask.first("offset")
    if token is None:
        return 0
    offset = world.offsets.get(token)
    if offset is None or offset.query != _listing(ask):
        raise refused("offset: Your pagination token is invalid.")
    if offset.expires_at <= world.clock.time():
        raise refused("offset: Your pagination token has expired.")
    return offset.position


def _next(world: World, ask: Ask, position: int) -> Record:
    token = f"offset.{world.new_gid()}"
    world.offsets[token] = Offset(position, _listing(ask), world.clock.time() + world.offset_life)
    path = f"{_listing(ask)}&{urlencode({'offset': token})}"
    return {"offset": token, "path": path.removeprefix("/api/1.0"), "uri": ask.origin + path}
