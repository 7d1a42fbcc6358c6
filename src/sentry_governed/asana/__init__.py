"""Tasks in Asana: where an alert's task goes, what it says, and the clients that create it.

The clients bring the HTTP library with them, so they are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_governed._lazy import later
from sentry_governed.asana._builder import PlacementFunction, TaskBuilder
from sentry_governed.asana._calls import (
    add_comment,
    create_task,
    custom_field_settings,
    find_marker,
    get_project,
    get_task,
    portfolio_items,
    stories,
    tasks_modified_since,
)
from sentry_governed.asana._draft import TaskDraft
from sentry_governed.asana._fields import (
    CustomField,
    DateField,
    DateTimeField,
    EnumField,
    MultiEnumField,
    NumberField,
    PeopleField,
    TextField,
)
from sentry_governed.asana._marker import has_marker, marker_line
from sentry_governed.asana._models import FieldOption, Project, ProjectField, ProjectRef, Story, Task
from sentry_governed.asana._names import SECTION_NAMES
from sentry_governed.asana._notes import Context, Section
from sentry_governed.asana._placement import (
    FixedProject,
    LatestProject,
    Placement,
    PortfolioItem,
    Resolution,
    Step,
    latest_project,
    plan_placement,
    resolve,
)
from sentry_governed.asana._priority import LEVEL_NAMES, Priority, PrioritySettings, priority_of
from sentry_governed.asana._settings import TaskSettings
from sentry_governed.asana._urls import is_gid, parse_task_url, task_url

if TYPE_CHECKING:
    from sentry_governed.asana._client import AsanaClient as AsanaClient
    from sentry_governed.asana._client import AsanaConfig as AsanaConfig
    from sentry_governed.asana._client import AsyncAsanaClient as AsyncAsanaClient

__all__ = [
    "LEVEL_NAMES",
    "SECTION_NAMES",
    "AsanaClient",
    "AsanaConfig",
    "AsyncAsanaClient",
    "Context",
    "CustomField",
    "DateField",
    "DateTimeField",
    "EnumField",
    "FieldOption",
    "FixedProject",
    "LatestProject",
    "MultiEnumField",
    "NumberField",
    "PeopleField",
    "Placement",
    "PlacementFunction",
    "PortfolioItem",
    "Priority",
    "PrioritySettings",
    "Project",
    "ProjectField",
    "ProjectRef",
    "Resolution",
    "Section",
    "Step",
    "Story",
    "Task",
    "TaskBuilder",
    "TaskDraft",
    "TaskSettings",
    "TextField",
    "add_comment",
    "create_task",
    "custom_field_settings",
    "find_marker",
    "get_project",
    "get_task",
    "has_marker",
    "is_gid",
    "latest_project",
    "marker_line",
    "parse_task_url",
    "plan_placement",
    "portfolio_items",
    "priority_of",
    "resolve",
    "stories",
    "task_url",
    "tasks_modified_since",
]

__getattr__ = later(
    __name__,
    {
        "_client": "AsanaClient AsanaConfig AsyncAsanaClient",
    },
)
