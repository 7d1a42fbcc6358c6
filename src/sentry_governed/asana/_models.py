"""What Asana answers with. Ids are text; fields that nobody asked for are left at their defaults."""

from __future__ import annotations

from datetime import datetime

import attrs

from sentry_governed._convert import Id
from sentry_governed.asana._urls import task_url


@attrs.frozen(kw_only=True)
class ProjectRef:
    """A project as other objects name it."""

    gid: Id
    name: str = ""


@attrs.frozen(kw_only=True)
class Task:
    """A task.

    Attributes:
        gid: Its id.
        name: One line.
        notes: Plain text; empty when it was not asked for.
        completed: Whether somebody ticked it off.
        created_at: In UTC.
        modified_at: In UTC; comments count, moves between projects do not.
        permalink_url: Where Asana says a person opens it.
        projects: Where it is.
    """

    gid: Id
    name: str = ""
    notes: str = attrs.field(default="", repr=False)
    completed: bool = False
    created_at: datetime | None = None
    modified_at: datetime | None = None
    permalink_url: str = ""
    projects: tuple[ProjectRef, ...] = ()

    @property
    def url(self) -> str:
        """Where a person opens it."""
        return self.permalink_url or task_url(self.gid)


@attrs.frozen(kw_only=True)
class Project:
    """A project."""

    gid: Id
    name: str = ""
    archived: bool = False
    created_at: datetime | None = None
    permalink_url: str = ""


@attrs.frozen(kw_only=True)
class Story:
    """An entry of a task's history: a comment when `resource_subtype` is `comment_added`."""

    gid: Id
    text: str = attrs.field(default="", repr=False)
    resource_subtype: str = ""
    created_at: datetime | None = None


@attrs.frozen(kw_only=True)
class FieldOption:
    """An option of a single-choice or multiple-choice field; one that is not `enabled` cannot be chosen."""

    gid: Id
    name: str = ""
    enabled: bool = True


@attrs.frozen(kw_only=True)
class ProjectField:
    """A custom field that tasks of a project have.

    Attributes:
        gid: Its id.
        name: What people see; several fields may have the same.
        resource_subtype: `text`, `number`, `enum`, `multi_enum`, `date`, `people`, ...
        enum_options: The options, disabled ones too.
        is_value_read_only: Whether Asana computes the value.
    """

    gid: Id
    name: str = ""
    resource_subtype: str = ""
    enum_options: tuple[FieldOption, ...] = ()
    is_value_read_only: bool = False
