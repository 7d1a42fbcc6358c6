"""What is configured about tasks: every id is given here, and none is known to the code."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sentry_governed.asana._checks import Named, check_distinct, check_gid, check_known, check_within
from sentry_governed.asana._fields import CustomField
from sentry_governed.asana._names import SECTION_NAMES
from sentry_governed.asana._priority import PrioritySettings
from sentry_governed.asana._templates import check_link
from sentry_governed.errors import ConfigError


def _check_custom_fields(owner: object, field: Named, fields: Mapping[str, CustomField]) -> None:
    for gid in fields:
        check_gid(owner, field, gid)


def _check_notes(_owner: object, field: Named, names: tuple[str, ...]) -> None:
    for name in names:
        check_known("section", name, SECTION_NAMES)
    check_distinct(field.name, names)


def _check_name_limit(_owner: object, field: Named, value: int) -> None:
    check_within(field.name, value, 20, 1_024)


def _check_notes_budget(_owner: object, field: Named, value: int) -> None:
    check_within(field.name, value, 1_000, 60_000)


def _check_tag(_owner: object, field: Named, value: str) -> None:
    if not value:
        raise ConfigError(f"{field.name} is empty; name a tag")


def _check_link(_owner: object, field: Named, value: str) -> None:
    try:
        check_link(value)
    except ConfigError as error:
        raise ConfigError(f"{field.name}: {error}") from None


_optional_gid = attrs.validators.optional(check_gid)
_optional_link = attrs.validators.optional(_check_link)


@attrs.frozen(kw_only=True)
class TaskSettings:
    """Where tasks go and what they say.

    Ids are Asana's, as text of decimal digits. An id that is None is left out: of the placement, or of the
    request. A link is an address in which `{fact}` stands for a fact of the alert, percent-encoded; an alert
    that lacks the fact gets no such line.

    Attributes:
        workspace: Where a task lives that is in no project.
        default_project: Where a task goes for which nothing else is found.
        dev_project: Where tasks of environment `dev` go too.
        release_portfolio: Whose newest project tasks of environment `staging` go to too.
        team_field: The single-choice custom field whose option is the team's `asana_team_id`.
        priority: The custom field for the priority.
        custom_fields: What any other custom field is set to, by the field's id.
        notes: The sections of the notes, in order. The marker is always written, and always last.
        name_limit: The most bytes of a task's name in UTF-8. Asana documents no bound.
        notes_budget: The largest size of the notes, with markup characters counted as escaped and other
            characters outside ASCII as numeric references. Asana refuses at about 65,400.
        customer_tag: The tag that names customers.
        runbook_tag: The tag that holds a runbook's address.
        runbook_link: The runbook of an alert without that tag.
        console_link: The cloud console for an alert.
        trace_link: The trace or log of an alert.
        related_link: A search for tasks that belong to the alert.
        external: Whether to set the task's `external` id to the alert's key as well. Asana documents it for
            OAuth applications only.

    Raises:
        ConfigError: A value cannot be used; the message names it.
    """

    workspace: str | None = attrs.field(default=None, validator=_optional_gid)
    default_project: str | None = attrs.field(default=None, validator=_optional_gid)
    dev_project: str | None = attrs.field(default=None, validator=_optional_gid)
    release_portfolio: str | None = attrs.field(default=None, validator=_optional_gid)
    team_field: str | None = attrs.field(default=None, validator=_optional_gid)
    priority: PrioritySettings = attrs.Factory(PrioritySettings)
    custom_fields: Mapping[str, CustomField] = attrs.field(
        factory=dict[str, CustomField], validator=_check_custom_fields, hash=False
    )
    notes: tuple[str, ...] = attrs.field(default=SECTION_NAMES, validator=_check_notes)
    name_limit: int = attrs.field(default=250, validator=_check_name_limit)
    notes_budget: int = attrs.field(default=30_000, validator=_check_notes_budget)
    customer_tag: str = attrs.field(default="customer", validator=_check_tag)
    runbook_tag: str = attrs.field(default="runbook", validator=_check_tag)
    runbook_link: str | None = attrs.field(default=None, validator=_optional_link)
    console_link: str | None = attrs.field(default=None, validator=_optional_link)
    trace_link: str | None = attrs.field(default=None, validator=_optional_link)
    related_link: str | None = attrs.field(default=None, validator=_optional_link)
    external: bool = False

    def __attrs_post_init__(self) -> None:
        chosen = [gid for gid in (self.team_field, self.priority.field) if gid]
        check_distinct("team_field, priority and custom_fields", [*chosen, *self.custom_fields])
