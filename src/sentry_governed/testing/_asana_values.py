"""What a fake Asana holds, and how Asana writes it as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import attrs

from sentry_governed.testing._wire import Record
from sentry_governed.typing import JsonValue

FieldType: TypeAlias = Literal["text", "number", "enum", "multi_enum", "date", "people"]


@attrs.frozen
class FakeOption:
    """An option of an enum field."""

    gid: str
    name: str
    enabled: bool = True

    def record(self) -> Record:
        """As JSON."""
        return {"gid": self.gid, "resource_type": "enum_option", "name": self.name, "enabled": self.enabled}


@attrs.frozen
class FakeField:
    """A custom field; `locked` ones refuse to be written."""

    gid: str
    name: str
    type: FieldType
    options: tuple[FakeOption, ...] = ()
    locked: bool = False

    def option(self, gid: str) -> FakeOption | None:
        """The option of that id."""
        return next((option for option in self.options if option.gid == gid), None)

    def record(self) -> Record:
        """As JSON, without a value."""
        record: Record = {
            "gid": self.gid,
            "resource_type": "custom_field",
            "name": self.name,
            "resource_subtype": self.type,
            "type": self.type,
        }
        if self.options:
            record["enum_options"] = [option.record() for option in self.options]
        return record

    def valued(self, value: JsonValue) -> Record:
        """As JSON, with a task's value in the property that the field's type reads it from."""
        read: JsonValue = value
        if self.type == "enum":
            read = next((option.record() for option in self.options if option.gid == value), None)
        elif self.type == "multi_enum":
            chosen = value if isinstance(value, list) else []
            read = [option.record() for option in self.options if option.gid in chosen]
        many = "s" if self.type == "multi_enum" else ""
        return {
            **self.record(),
            "enabled": True,
            f"{self.type}_value{many}": read,
            "display_value": _display(read),
        }


def _display(value: JsonValue) -> str | None:
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("date_time") or value.get("date"))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_display(item) or "" for item in value)
    return None if value is None else str(value)


@attrs.frozen
class FakeProject:
    """A project; `created_at` is in seconds since the epoch."""

    gid: str
    name: str
    created_at: float
    archived: bool = False
    fields: tuple[str, ...] = ()

    def record(self, workspace: Record) -> Record:
        """As JSON."""
        return {
            "gid": self.gid,
            "resource_type": "project",
            "name": self.name,
            "archived": self.archived,
            "completed": False,
            "created_at": iso(self.created_at),
            "modified_at": iso(self.created_at),
            "permalink_url": f"https://app.asana.com/1/{workspace['gid']}/project/{self.gid}",
            "team": None,
            "workspace": workspace,
        }


@attrs.frozen
class FakePortfolio:
    """A portfolio: its items are gids of projects and of other portfolios."""

    gid: str
    name: str
    created_at: float
    items: tuple[str, ...] = ()

    def record(self, workspace: Record) -> Record:
        """As JSON."""
        return {
            "gid": self.gid,
            "resource_type": "portfolio",
            "name": self.name,
            "created_at": iso(self.created_at),
            "permalink_url": f"https://app.asana.com/1/{workspace['gid']}/portfolio/{self.gid}",
            "workspace": workspace,
        }


@attrs.frozen
class FakeStory:
    """A comment on a task."""

    gid: str
    text: str
    created_at: float

    def record(self, author: Record) -> Record:
        """As JSON."""
        return {
            "gid": self.gid,
            "resource_type": "story",
            "resource_subtype": "comment_added",
            "type": "comment",
            "text": self.text,
            "created_at": iso(self.created_at),
            "created_by": author,
        }


@attrs.frozen
class FakeTask:
    """A task as it was created; times are in seconds since the epoch.

    Attributes:
        projects: Gids, in the order they were given.
        custom_fields: The written values by field gid.
        external: The application's own id and data.
        sections: Section gid by project gid.
    """

    gid: str
    name: str
    created_at: float
    modified_at: float
    permalink_url: str
    notes: str = ""
    html_notes: str = ""
    projects: tuple[str, ...] = ()
    custom_fields: Mapping[str, JsonValue] = attrs.field(factory=dict[str, JsonValue])
    assignee: str | None = None
    parent: str | None = None
    completed_at: float | None = None
    due_on: str | None = None
    due_at: str | None = None
    external: Mapping[str, JsonValue] | None = None
    sections: Mapping[str, str] = attrs.field(factory=dict[str, str])

    def record(
        self, workspace: Record, projects: Iterable[FakeProject], fields: Iterable[FakeField]
    ) -> Record:
        """As JSON, with every property."""
        compact: list[Record] = [
            {"gid": project.gid, "resource_type": "project", "name": project.name} for project in projects
        ]
        memberships: list[JsonValue] = [
            {"project": project, "section": _section(self.sections.get(str(project["gid"])))}
            for project in compact
        ]
        record: Record = {
            "gid": self.gid,
            "resource_type": "task",
            "resource_subtype": "default_task",
            "name": self.name,
            "notes": self.notes,
            "html_notes": self.html_notes,
            "completed": self.completed_at is not None,
            "completed_at": None if self.completed_at is None else iso(self.completed_at),
            "created_at": iso(self.created_at),
            "modified_at": iso(self.modified_at),
            "due_on": self.due_on,
            "due_at": self.due_at,
            "assignee": _reference("user", self.assignee),
            "parent": _reference("task", self.parent),
            "projects": compact,
            "memberships": memberships,
            "custom_fields": [field.valued(self.custom_fields.get(field.gid)) for field in fields],
            "permalink_url": self.permalink_url,
            "workspace": workspace,
        }
        if self.external is not None:
            record["external"] = self.external
        return record


def _reference(kind: str, gid: str | None) -> Record | None:
    return None if gid is None else {"gid": gid, "resource_type": kind}


def _section(gid: str | None) -> Record:
    return {"gid": gid or "1", "resource_type": "section", "name": "Untitled section"}


def iso(seconds: float) -> str:
    """A moment as Asana writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
