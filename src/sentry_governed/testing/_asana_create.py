"""What Asana checks before it creates a task."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sentry_governed.testing._asana_values import FakeField, FakeTask
from sentry_governed.testing._asana_world import World, external_gid, refused
from sentry_governed.typing import JsonValue

Data = Mapping[str, JsonValue]

_MAX_NOTES = 65_400
_MAX_TEXT_FIELD = 1024
_MAX_PROJECTS = 20
_MAX_EXTERNAL_GID, _MAX_EXTERNAL_DATA = 1024, 32_768
_XML_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def new_task(world: World, data: Data) -> FakeTask:
    """The task that `data` asks for; it is not kept yet."""
    name, notes, html_notes = (text(data, key) for key in ("name", "notes", "html_notes"))
    if not name.strip():
        raise refused("name: Missing input")
    if data.get("due_on") is not None and data.get("due_at") is not None:
        raise refused("You may only provide one of due_on or due_at!")
    projects, sections, parent = _placement(world, data)
    gid, now = world.new_gid(), world.clock.time()
    return FakeTask(
        gid=gid,
        name=name,
        created_at=now,
        modified_at=now,
        permalink_url=f"https://app.asana.com/1/{world.workspace['gid']}/task/{gid}",
        notes="" if html_notes else notes,
        html_notes=html_notes,
        projects=projects,
        custom_fields=_custom_fields(world, projects, data.get("custom_fields", {})),
        assignee=_assignee(world, data.get("assignee")),
        parent=parent,
        completed_at=now if data.get("completed") is True else None,
        due_on=_optional(data, "due_on"),
        due_at=_optional(data, "due_at"),
        external=_external(world, data.get("external")),
        sections=sections,
    )


def text(data: Data, key: str) -> str:
    """A text that survives Asana's conversion to XML, or an empty one."""
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise refused(f"{key}: Value is not a string")
    if _XML_ILLEGAL.search(value):
        raise refused("xml_parsing_error")
    size = len(value.encode())
    if size > _MAX_NOTES:
        raise refused(f"{key}: Value is too large, {size} > {_MAX_NOTES} bytes")
    if _converted_size(value) > _MAX_NOTES:
        raise refused("Rich text value is too large")
    return value


def _converted_size(value: str) -> int:
    escaped = {"&": 5, "<": 4, ">": 4, '"': 6}
    return sum(escaped.get(c, 1) if c.isascii() else len(f"&#{ord(c)};") for c in value)


def _optional(data: Data, key: str) -> str | None:
    value = data.get(key)
    return value if isinstance(value, str) else None


def _gid(field: str, value: JsonValue) -> str:
    if not isinstance(value, str):
        raise refused(f"{field}: Not a valid GID type")
    if not value.isdecimal():
        raise refused(f"{field}: Not a recognized ID: {value}")
    return value


def _array(field: str, value: JsonValue) -> Sequence[JsonValue]:
    if not isinstance(value, list):
        raise refused(f"{field}: Not an array")
    return value


def _project(world: World, field: str, value: JsonValue) -> str:
    gid = _gid(field, value)
    world.want_access("project", gid)
    if gid not in world.projects:
        raise refused(f"{field}: Unknown object: {gid}")
    return gid


def _placement(world: World, data: Data) -> tuple[tuple[str, ...], dict[str, str], str | None]:
    if not any(data.get(key) for key in ("workspace", "projects", "parent")):
        raise refused("You should specify one of workspace, parent, projects")
    if data.get("workspace") and _gid("workspace", data["workspace"]) != world.workspace["gid"]:
        raise refused(f"workspace: Unknown object: {data['workspace']}")
    if data.get("parent"):  # Asana drops the projects of a subtask without a word
        parent = _gid("parent", data["parent"])
        if parent not in world.tasks:
            raise refused(f"parent: Unknown object: {parent}")
        return (), {}, parent
    listed = enumerate(_array("projects", data.get("projects") or []))
    projects = [_project(world, f"projects: [{index}]", value) for index, value in listed]
    sections: dict[str, str] = {}
    for index, membership in enumerate(_array("memberships", data.get("memberships") or [])):
        if not isinstance(membership, Mapping):
            raise refused(f"memberships: [{index}]: Value is not a JSON object")
        project = _project(world, f"memberships: [{index}]: project", membership.get("project"))
        projects.append(project)
        if membership.get("section") is not None:
            sections[project] = _gid(f"memberships: [{index}]: section", membership["section"])
    if len(set(projects)) > _MAX_PROJECTS:
        raise refused(f"projects: A task can be in at most {_MAX_PROJECTS} projects")
    return tuple(dict.fromkeys(projects)), sections, None


def _custom_fields(world: World, projects: tuple[str, ...], value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise refused("custom_fields: Value is not a JSON object")
    if value:
        world.want_paid("Custom Fields are not available for free users or guests.")
    fields = world.fields_of(projects)
    for gid, written in value.items():
        if gid not in fields:
            raise refused(f"Custom field with ID {gid} is not on given object")
        if fields[gid].locked:
            raise refused(f"You do not have access to write custom field {gid}.", 403)
        if written is not None:
            _check_value(fields[gid], written)
    return dict(value)


def _check_value(field: FakeField, value: JsonValue) -> None:
    if field.type == "text":
        written = text({"text_value": value}, "text_value")
        if len(written) > _MAX_TEXT_FIELD:
            raise refused(f"text_value: Value is too large, {len(written)} > {_MAX_TEXT_FIELD} characters")
    elif field.type == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise refused("number_value: Value is not a number")
    elif field.type == "enum":
        _check_option(field, "enum_value", value)
    elif field.type == "multi_enum":
        for index, item in enumerate(_array("multi_enum_values", value)):
            _check_option(field, f"multi_enum_values: [{index}]", item)
    elif field.type == "date" and not isinstance(value, Mapping):
        raise refused("date_value: DayAndDateTime is not a JSON object")
    elif field.type == "people":
        for index, item in enumerate(_array("people_value", value)):
            _gid(f"people_value: [{index}]", item)


def _check_option(field: FakeField, where: str, value: JsonValue) -> None:
    gid = _gid(where, value)
    option = field.option(gid)
    if option is None:
        raise refused(f"{where}: Unknown object: {gid}")
    if not option.enabled:
        raise refused(f"{where}: Not an enabled option: {gid}")


def _assignee(world: World, value: JsonValue) -> str | None:
    if value is None:
        return None
    if value not in ("me", world.me["gid"], world.me["email"]):
        raise refused(f"assignee: Not a user in Organization: {value}")
    return str(world.me["gid"])


def _external(world: World, value: JsonValue) -> Data | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise refused("external: Value is not a JSON object")
    gid, data = text(value, "gid"), text(value, "data")
    if len(gid) > _MAX_EXTERNAL_GID or len(data) > _MAX_EXTERNAL_DATA:
        raise refused("external: Value is too large")
    if gid and any(external_gid(task) == gid for task in world.tasks.values()):
        raise refused(f"external: gid {gid} is already assigned to another task")
    return {key: item for key, item in (("gid", gid), ("data", data)) if item}
