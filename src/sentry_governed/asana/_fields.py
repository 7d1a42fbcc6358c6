"""Custom fields of a task: one class for each way that Asana wants a value written.

`facts` are the alert's facts by name, one value each. A value of None is left out of the request.
Source: Asana's API reference, "Custom fields" and "Create a task".
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from sentry_governed._convert import parse_utc
from sentry_governed.asana._checks import Named, check_gid, check_gids, shown
from sentry_governed.asana._templates import check_template, fill
from sentry_governed.asana._text import clean, shorten
from sentry_governed.errors import ConfigError
from sentry_governed.typing import JsonValue

_TEXT_BYTES = 2 * 1024
_LARGEST = sys.float_info.max
_OCCURRED: Final = "occurred_at"


def _check_text(_owner: object, _field: object, value: str) -> None:
    check_template(value)


def _check_number(_owner: object, field: Named, value: float) -> None:
    if type(value) not in {int, float} or not -_LARGEST <= value <= _LARGEST:
        raise ConfigError(f"{field.name} {shown(value)} is not a finite number")


def _check_moment(_owner: object, field: Named, value: str) -> None:
    if value != _OCCURRED and parse_utc(value) is None:
        raise ConfigError(f"{field.name} {shown(value)} is neither in ISO 8601 form nor {_OCCURRED}")


def _moment_in(value: str, facts: Mapping[str, str]) -> dt.datetime | None:
    return parse_utc(facts.get(_OCCURRED, "") if value == _OCCURRED else value)


@attrs.frozen
class EnumField:
    """A single-choice field; `option` is the option's id, because Asana refuses names."""

    option: str = attrs.field(validator=check_gid)

    def value(self, facts: Mapping[str, str]) -> JsonValue:
        """The option's id."""
        del facts
        return self.option


@attrs.frozen
class MultiEnumField:
    """A multiple-choice field; `options` are the ids of all options to choose."""

    options: tuple[str, ...] = attrs.field(validator=check_gids)

    def value(self, facts: Mapping[str, str]) -> JsonValue:
        """The list of ids."""
        del facts
        return list(self.options)


@attrs.frozen
class PeopleField:
    """A people field; `users` are the ids of everybody in it."""

    users: tuple[str, ...] = attrs.field(validator=check_gids)

    def value(self, facts: Mapping[str, str]) -> JsonValue:
        """The list of ids."""
        del facts
        return list(self.users)


@attrs.frozen
class TextField:
    """A text field; `{fact}` in `text` stands for a fact of the alert.

    It is left out when the alert lacks one of them, and cut to the 1,024 characters that Asana keeps.
    """

    text: str = attrs.field(validator=_check_text)

    def value(self, facts: Mapping[str, str]) -> JsonValue:
        """The filled text."""
        filled = clean(fill(self.text, facts) or "")
        return shorten(filled, _TEXT_BYTES, "utf-16-le") or None


@attrs.frozen
class NumberField:
    """A number field; Asana rounds to the field's precision."""

    number: float = attrs.field(validator=_check_number)

    def value(self, facts: Mapping[str, str]) -> JsonValue:
        """The number."""
        del facts
        return self.number


@attrs.frozen
class DateField:
    """A date field without a time; `date` is an ISO 8601 date, or `occurred_at` for the alert's own (UTC)."""

    date: str = attrs.field(validator=_check_moment)

    def value(self, facts: Mapping[str, str]) -> JsonValue:
        """The object that Asana wants in place of a bare text."""
        found = _moment_in(self.date, facts)
        return {"date": found.date().isoformat()} if found else None


@attrs.frozen
class DateTimeField:
    """A date field with a time; `date_time` is an ISO 8601 instant, or `occurred_at` for the alert's own."""

    date_time: str = attrs.field(validator=_check_moment)

    def value(self, facts: Mapping[str, str]) -> JsonValue:
        """The object that Asana wants in place of a bare text."""
        found = _moment_in(self.date_time, facts)
        if found is None:
            return None
        return {"date_time": found.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


CustomField: TypeAlias = (
    EnumField | MultiEnumField | PeopleField | TextField | NumberField | DateField | DateTimeField
)
"""What a custom field is set to."""
