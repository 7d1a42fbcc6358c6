"""What a caller gives an action: spellings brought together and values checked, nothing repaired."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias, TypeGuard

from sentry_governed import _grammar as grammar
from sentry_governed._actions import Action, Kind, Parameter
from sentry_governed._convert import parse_utc
from sentry_governed.errors import ConfigError, RequestRefused
from sentry_governed.typing import JsonValue

Values: TypeAlias = Mapping[str, JsonValue]

_LONGEST_TEXT: Final = 100_000
_LONGEST_NAME: Final = 60
_MOST_ITEMS: Final = 1000
_EVERY_PROJECT: Final = "-1"  # as Sentry reads it in a query
_TRUTHS: Final = {"true": True, "false": False}
_ENDS: Final = ("in_release", "in_next_release", "commit")


def given(action: Action, params: Mapping[str, object], defaults: Mapping[str, str]) -> Values:
    """The values that a caller gives, by the library's names; None counts as not given.

    Args:
        action: What is asked.
        params: The values by any spelling; a project may be written `org/project`.
        defaults: Taken where nothing is given, by the library's names.

    Raises:
        RequestRefused: Some are unknown, missing, malformed, or disagree; the message names all of them.
    """
    reader = _Reader(action)
    for spelling, raw in params.items():
        reader.take(spelling, raw)
    values = reader.whole(defaults)
    if reader.problems:
        template = action.endpoints[0].template
        raise RequestRefused(action.method, template, f"{action.name}: {'; '.join(reader.problems)}")
    return values


class _Wrong(Exception):
    """A value is not what its parameter takes."""


class _Reader:
    """Collects the values of one call, and everything that is wrong with them."""

    def __init__(self, action: Action) -> None:
        self.problems: list[str] = []
        self._action = action
        self._values: dict[str, JsonValue] = {}
        self._spelt: dict[str, str] = {}

    def take(self, spelling: str, raw: object) -> None:
        """One value under one spelling."""
        parameter = self._action.parameter(spelling)
        if parameter is None:
            self.problems.append(_unknown(spelling, self._action.parameters))
        elif raw is not None:
            try:
                value = self._value(parameter, raw)
            except _Wrong as wrong:
                self.problems.append(f"{spelling} {wrong}")
            else:
                self._keep(parameter.name, spelling, value)

    def whole(self, defaults: Mapping[str, str]) -> Values:
        """Everything that was taken, and what holds for it as a whole."""
        for name, default in defaults.items():
            self._values.setdefault(name, default)
        if not self.problems:
            self.problems += _amiss(self._action, self._values)
        return self._values

    def _value(self, parameter: Parameter, raw: object) -> JsonValue:
        if not parameter.repeated:
            return self._project(parameter, raw)
        items = raw if _is_several(raw) else (raw,)
        if not items:
            raise _Wrong("is an empty list; leave it out")
        most = parameter.max_items or _MOST_ITEMS
        if len(items) > most:
            raise _Wrong(f"holds {len(items)} values, more than {most}")
        values = [self._project(parameter, item) for item in items]
        return [value for place, value in enumerate(values) if value not in values[:place]]

    def _project(self, parameter: Parameter, raw: object) -> JsonValue:
        """A value; the organization in an `org/project` counts as a spelling of the organization."""
        if parameter.kind == "project" and isinstance(raw, str) and "/" in raw:
            org, _, raw = raw.partition("/")
            self._keep("org", parameter.name, _text(grammar.is_org_slug, "an organization's slug", org))
        return _read(parameter, raw)

    def _keep(self, name: str, spelling: str, value: JsonValue) -> None:
        if name not in self._values:
            self._values[name], self._spelt[name] = value, spelling
        elif self._values[name] != value:
            self.problems.append(f"{self._spelt[name]} and {spelling} disagree")


def _amiss(action: Action, values: Values) -> Iterator[str]:
    missing = [known.name for known in action.parameters if known.required and known.name not in values]
    if missing:
        yield f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        return
    try:
        path_names = action.endpoint(values).path_names
    except ConfigError as error:
        yield str(error)
        return
    for known in action.parameters:
        if known.name in values and known.only_with and known.only_with not in path_names:
            yield f"{known.name} goes with {known.only_with} only"
    if ("commit" in values) != ("repository" in values):
        yield "commit and repository go together"
    if len(ends := [name for name in _ENDS if name in values]) > 1:
        yield f"only one of {' and '.join(ends)} can be"
    body = [known for known in action.parameters if known.where == "body"]
    if action.method == "PUT" and not action.fixed and not any(known.name in values for known in body):
        yield "there is nothing to change"


def _unknown(spelling: str, parameters: Sequence[Parameter]) -> str:
    from difflib import get_close_matches  # only a mistake pays for it

    spellings = {known: parameter.name for parameter in parameters for known in parameter.spellings}
    shown = _shown(spelling)
    near = get_close_matches(spelling[:_LONGEST_NAME].lower(), spellings, n=1)
    hint = (
        f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(dict.fromkeys(spellings.values()))}"
    )
    return f"{shown} is unknown ({hint})"


def _read(parameter: Parameter, raw: object) -> JsonValue:
    match parameter.kind:
        case "bool":
            return _boolean(raw)
        case "int":
            return _integer(parameter, raw)
        case "object":
            return _object(parameter, raw)
        case "text":
            return _free(parameter, raw)
        case _:
            return _word(parameter, raw)


def _word(parameter: Parameter, raw: object) -> str:
    """A text of a kind that has a grammar."""
    if parameter.choices:
        choices = ", ".join(choice or "''" for choice in parameter.choices)
        return _text(parameter.choices.__contains__, f"one of {choices}", raw)
    if isinstance(raw, datetime):
        raw = raw.isoformat()
    if parameter.kind in _NUMBERED and isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    accepts, what = _TEXTS[parameter.kind]
    return _text(accepts, what, raw)


def _text(accepts: Callable[[str], bool], what: str, raw: object) -> str:
    if not isinstance(raw, str):
        raise _Wrong(f"is {type(raw).__name__} where {what} belongs")
    if not accepts(raw):
        raise _Wrong(f"{_shown(raw)} is not {what}")
    return raw


def _boolean(raw: object) -> bool:
    value = _TRUTHS.get(raw) if isinstance(raw, str) else raw
    if not isinstance(value, bool):
        raise _Wrong("is neither true nor false")
    return value


def _integer(parameter: Parameter, raw: object) -> int:
    number = int(raw) if isinstance(raw, str) and grammar.is_id(raw) else raw
    if not isinstance(number, int) or isinstance(number, bool):
        raise _Wrong("is not a whole number")
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise _Wrong(f"{number} is not from {low}" + (f" to {high}" if high is not None else " upwards"))
    return number


def _object(parameter: Parameter, raw: object) -> dict[str, JsonValue]:
    """An object of a body, by Sentry's names."""
    if not _is_mapping(raw):
        raise _Wrong("is not an object")
    found: dict[str, JsonValue] = {}
    for key, item in raw.items():
        field = next((known for known in parameter.fields if key in known.spellings), None)
        if field is None:
            raise _Wrong(f"has a field that {_unknown(str(key), parameter.fields)}")
        if field.wire in found:
            raise _Wrong(f"has {field.name} twice")
        if item is not None:
            found[field.wire] = _field(field, item)
    missing = [field.name for field in parameter.fields if field.required and field.wire not in found]
    if missing:
        raise _Wrong(f"lacks {', '.join(missing)}")
    return found


def _field(field: Parameter, raw: object) -> JsonValue:
    try:
        if not field.repeated:
            return _read(field, raw)
        if _is_several(raw) and len(raw) <= _MOST_ITEMS:
            return [_read(field, item) for item in raw]
        problem = f"is not a list of at most {_MOST_ITEMS}"
    except _Wrong as wrong:
        problem = str(wrong)
    raise _Wrong(f"has a {field.name} that {problem}")


def _free(parameter: Parameter, raw: object) -> str:
    """A text, which is never shown in a message."""
    longest = parameter.max_length or _LONGEST_TEXT
    if not isinstance(raw, str):
        raise _Wrong(f"is {type(raw).__name__} where text belongs")
    if len(raw) > longest:
        raise _Wrong(f"has {len(raw)} characters, more than {longest}")
    if any("\ud800" <= character <= "\udfff" for character in raw):
        raise _Wrong("holds half a surrogate pair")
    return raw


def _is_several(raw: object) -> TypeGuard[Sequence[object]]:
    return isinstance(raw, Sequence) and not isinstance(raw, str | bytes)


def _is_mapping(raw: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(raw, Mapping)


def _is_moment(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and parse_utc(text) is not None


def _is_url(text: str) -> bool:
    return (
        text.startswith(("http://", "https://"))
        and len(text) <= _LONGEST_TEXT
        and text.isprintable()
        and " " not in text
    )


def _is_org(text: str) -> bool:
    return grammar.is_org_slug(text) or grammar.is_id(text)


def _is_project(text: str) -> bool:
    return (grammar.is_project_slug(text) and text != _EVERY_PROJECT) or grammar.is_id(text)


def _is_issue(text: str) -> bool:
    return grammar.is_id(text) or grammar.may_be_short_id(text)


def _shown(text: str) -> str:
    return f"{text[:_LONGEST_NAME]!a}"


_NUMBERED: Final = frozenset({"id", "issue", "org", "project"})
_TEXTS: Final[Mapping[Kind, tuple[Callable[[str], bool], str]]] = {
    "datetime": (_is_moment, "a time in ISO 8601"),
    "environment": (grammar.is_environment, "an environment's name"),
    "event_id": (grammar.is_event_id, "32 hexadecimal digits in lower case"),
    "id": (grammar.is_id, "a numeric id"),
    "issue": (_is_issue, "an issue's numeric or short id"),
    "org": (_is_org, "an organization's slug or numeric id"),
    "project": (_is_project, "a project's slug or numeric id"),
    "short_id": (grammar.may_be_short_id, "a short id such as WEB-1A"),
    "tag_key": (grammar.is_tag_key, "a tag's key"),
    "url": (_is_url, "an http or https address"),
    "uuid": (grammar.is_uuid, "a uuid in lower case"),
    "version": (grammar.is_release_version, "a release's version"),
}
