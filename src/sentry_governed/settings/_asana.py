"""The `asana` section."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from sentry_governed._yaml import Node, quoted
from sentry_governed.asana import (
    LEVEL_NAMES,
    SECTION_NAMES,
    CustomField,
    DateField,
    DateTimeField,
    EnumField,
    MultiEnumField,
    NumberField,
    PeopleField,
    Priority,
    PrioritySettings,
    TaskSettings,
    TextField,
    is_gid,
)
from sentry_governed.settings._origin import check_base_url, check_origin
from sentry_governed.settings._reader import (
    Reader,
    fields_of,
    flag,
    items,
    made,
    mapping,
    number,
    record,
    refused,
    tagged,
    text,
    word,
)
from sentry_governed.settings._secret_ref import SecretRef, secret


@attrs.frozen(kw_only=True)
class AsanaSettings:
    """How Asana is reached, and what its tasks are like.

    Attributes:
        base_url: Where Asana is.
        token: The name of its token, or None.
        allow_http: Whether the token may travel in clear text, as to a fake.
        task: Everything about tasks.

    Raises:
        ConfigError: The base URL is none, or is http:// and that is not allowed.
    """

    base_url: str = attrs.field(default="https://app.asana.com", validator=check_base_url)
    token: SecretRef | None = None
    allow_http: bool = False
    task: TaskSettings = attrs.Factory(TaskSettings)

    def __attrs_post_init__(self) -> None:
        check_origin(self.base_url, allow_http=self.allow_http)


def _gid(node: Node) -> str:
    written = text(node)
    if not is_gid(written):
        raise refused(node, f"{quoted(written)} is not an Asana id", "an id is decimal digits")
    return written


_CUSTOM_FIELDS: Final[dict[str, Reader[CustomField]]] = {
    "enum": made(EnumField, _gid),
    "multi_enum": made(MultiEnumField, items(_gid)),
    "people": made(PeopleField, items(_gid)),
    "text": made(TextField, text),
    "number": made(NumberField, number),
    "date": made(DateField, text),
    "date_time": made(DateTimeField, text),
}

_PRIORITY: Final = record(
    PrioritySettings,
    fields_of(
        PrioritySettings,
        field=_gid,
        high=_gid,
        medium=_gid,
        low=_gid,
        levels=mapping(word(LEVEL_NAMES), word([priority.value for priority in Priority])),
    ),
)

_TASK: Final = fields_of(
    TaskSettings,
    workspace=_gid,
    default_project=_gid,
    dev_project=_gid,
    release_portfolio=_gid,
    team_field=_gid,
    priority=_PRIORITY,
    custom_fields=mapping(_gid, tagged(_CUSTOM_FIELDS)),
    notes=items(word(SECTION_NAMES)),
    name_limit=number,
    notes_budget=number,
    customer_tag=text,
    runbook_tag=text,
    runbook_link=text,
    console_link=text,
    trace_link=text,
    related_link=text,
    external=flag,
)

_CLIENT: Final = fields_of(AsanaSettings, base_url=text, token=secret, allow_http=flag)


_make_settings: Callable[..., AsanaSettings] = AsanaSettings
_make_task: Callable[..., TaskSettings] = TaskSettings


def _make(**given: object) -> AsanaSettings:
    task = {name: given.pop(name) for name in _TASK if name in given}
    return _make_settings(**given, task=_make_task(**task))


read_asana: Final = record(_make, _CLIENT | _TASK)
