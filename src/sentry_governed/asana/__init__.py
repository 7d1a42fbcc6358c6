"""Tasks in Asana: where an alert's task goes and what it says."""

from sentry_governed.asana._builder import PlacementFunction, TaskBuilder
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

__all__ = [
    "LEVEL_NAMES",
    "SECTION_NAMES",
    "Context",
    "CustomField",
    "DateField",
    "DateTimeField",
    "EnumField",
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
    "Resolution",
    "Section",
    "Step",
    "TaskBuilder",
    "TaskDraft",
    "TaskSettings",
    "TextField",
    "has_marker",
    "is_gid",
    "latest_project",
    "marker_line",
    "parse_task_url",
    "plan_placement",
    "priority_of",
    "resolve",
    "task_url",
]
