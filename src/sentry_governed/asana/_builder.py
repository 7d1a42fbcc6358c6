"""From an alert and its route to a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from sentry_governed.alerts import Alert
from sentry_governed.asana._checks import check_known
from sentry_governed.asana._draft import TaskDraft
from sentry_governed.asana._names import MARKER, SECTION_NAMES
from sentry_governed.asana._notes import SECTIONS, Context, Section
from sentry_governed.asana._placement import Placement, plan_placement, resolve
from sentry_governed.asana._priority import priority_of
from sentry_governed.asana._settings import TaskSettings
from sentry_governed.asana._text import clean, is_visible, one_line, shorten
from sentry_governed.asana._urls import is_gid
from sentry_governed.typing import JsonValue

if TYPE_CHECKING:
    from sentry_governed.teams import Route  # loading the rules brings the YAML library with it

PlacementFunction: TypeAlias = "Callable[[Alert, Route, TaskSettings], Placement]"
"""Decides where a task goes."""


class TaskBuilder:
    """Builds drafts; pure, so that one builder serves every thread.

    Args:
        settings: What is configured; with none of it, ids are left out of the plan and the body.
        sections: The notes' sections in order, built-in ones by name and others as functions, instead of
            `settings.notes`. What a function returns is cleaned and bounded like everything else.
        placement: Decides the placement instead of `plan_placement`.

    Raises:
        ConfigError: A section's name is not known.
    """

    def __init__(
        self,
        settings: TaskSettings,
        *,
        sections: Sequence[str | Section] | None = None,
        placement: PlacementFunction | None = None,
    ) -> None:
        self.settings = settings
        chosen = settings.notes if sections is None else sections
        self._sections = [_section(section) for section in chosen if section != MARKER]
        self._place = placement or plan_placement

    def build(
        self,
        alert: Alert,
        route: Route,
        *,
        previous: str | None = None,
        root: str | None = None,
        projects: Sequence[str] | None = None,
    ) -> TaskDraft:
        """The task for an alert.

        Args:
            alert: What happened.
            route: Who owns it.
            previous: The id or address of the task for the previous alert of the same issue.
            root: The id or address of the first task of the same issue.
            projects: Where the plan led. Without it they are known only if the plan asks Asana nothing.
        """
        settings, priority = self.settings, priority_of(alert, self.settings.priority)
        context = Context(alert, route, settings, priority, previous, root)
        placement = self._place(alert, route, settings)
        if projects is None and not placement.portfolios:
            projects = resolve(placement, {}).projects
        return TaskDraft(
            key=alert.key,
            name=_name(alert, settings.name_limit),
            sections=self._written(context),
            budget=settings.notes_budget,
            placement=placement,
            priority=priority,
            projects=None if projects is None else tuple(projects),
            custom_fields=_custom_fields(context),
            workspace=settings.workspace,
            external=settings.external,
        )

    def _written(self, context: Context) -> tuple[str, ...]:
        texts = (clean(section(context) or "") for section in self._sections)
        return tuple(text for text in texts if text)


def _section(section: str | Section) -> Section:
    if not isinstance(section, str):
        return section
    check_known("section", section, SECTION_NAMES)
    return SECTIONS[section]


def _name(alert: Alert, limit: int) -> str:
    title = one_line(alert.title)
    name = title if is_visible(title) else f"{alert.source.capitalize()} alert {alert.key}"
    return shorten(name, limit, "utf-8")


def _custom_fields(context: Context) -> dict[str, JsonValue]:
    settings, team = context.settings, context.route.team
    values: dict[str, JsonValue] = {
        gid: field.value(context.values) for gid, field in settings.custom_fields.items()
    }
    if settings.priority.field:
        values[settings.priority.field] = settings.priority.option(context.priority)
    if settings.team_field and team.asana_team_id and is_gid(team.asana_team_id):
        values[settings.team_field] = team.asana_team_id
    return {gid: value for gid, value in values.items() if value is not None}
