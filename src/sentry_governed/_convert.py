"""Server payloads to frozen attrs models, tolerantly: servers add, drop and null fields without notice.

A model names what it needs and nothing else. For each of its fields:

- A field that the payload lacks, or that is null, becomes the attribute's default. So does a value of the
  wrong type. An attribute without a default is required: all that are missing or wrong are named in one
  `PayloadError`. Give no default to what a decision rests on.
- An attribute `last_seen` reads the key `last_seen`, else `lastSeen`; another key is named by
  `attrs.field(metadata={"key": "eventID"})`.
- Scalars are never converted, except that an `Id` may be a number. A `datetime` is ISO 8601 text.
- A list with one wrong item is a wrong value as a whole, so that nothing is lost silently.
- An attribute `raw` holds the payload itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeGuard, TypeVar, get_args, get_origin

import attrs

from sentry_governed.errors import PayloadError
from sentry_governed.typing import JsonValue

if TYPE_CHECKING:
    from cattrs import Converter

_ID = "an id"
_KEY = "key"
_RAW = "raw"

Id: TypeAlias = Annotated[str, _ID]
"""Text that some endpoints send as a number."""

_WITHIN_JSON_VALUE = {"JsonValue": object, "Mapping": Mapping, "Sequence": Sequence}

JsonObject: TypeAlias = dict[str, JsonValue]

M = TypeVar("M")
Hook: TypeAlias = Callable[[object, object], object]


def structure(payload: object, model: type[M]) -> M:
    """Make a model of a decoded JSON value.

    Raises:
        PayloadError: A required field is missing or of the wrong type, or the payload is no object.
    """
    try:
        return _converter().structure(payload, model)
    except _Misfit as misfit:
        problem = str(misfit)
    raise PayloadError(problem)  # outside the handler, so that no traceback keeps the payload


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether a decoded JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[JsonValue]]:
    """Whether a decoded JSON value is an array."""
    return isinstance(value, list)


def parse_utc(text: str) -> datetime | None:
    """The moment that ISO 8601 text names, in UTC (also where it names no zone), or None."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class _Misfit(Exception):
    """A value is not what an attribute needs."""


_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def _misfit(wanted: str, value: object) -> _Misfit:
    return _Misfit(f"{_NAMES.get(type(value), 'something else')} where {wanted} belongs")


def _text(value: object, _type: object) -> str:
    if isinstance(value, str):
        return value
    raise _misfit("text", value)


def _integer(value: object, _type: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _misfit("a whole number", value)


def _boolean(value: object, _type: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _misfit("a boolean", value)


def _number(value: object, _type: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _misfit("a number", value)


def _id(value: object, _type: object) -> str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _misfit(_ID, value)


def _moment(value: object, _type: object) -> datetime:
    moment = parse_utc(value) if isinstance(value, str) else None
    if moment is None:
        raise _misfit("a time in ISO 8601", value)
    return moment


def _keys(field: attrs.Attribute[object]) -> tuple[str, ...]:
    named = field.metadata.get(_KEY)
    if isinstance(named, str):
        return (named,)
    head, *tail = field.name.split("_")
    return field.name, head + "".join(part.title() for part in tail)


@functools.cache
def _converter() -> Converter:
    from cattrs import Converter  # a cold start that structures nothing should not pay for it

    converter = Converter(detailed_validation=False)
    scalars: dict[type, Hook] = {
        str: _text,
        int: _integer,
        float: _number,
        bool: _boolean,
        datetime: _moment,
    }
    for kind, check in scalars.items():
        converter.register_structure_hook(kind, check)
    converter.register_structure_hook_func(_is_anything, lambda value, _type: value)
    converter.register_structure_hook_func(_is_id, _id)
    converter.register_structure_hook_factory(_is_tuple, functools.partial(_tuple_hook, converter))
    converter.register_structure_hook_factory(_is_mapping, functools.partial(_mapping_hook, converter))
    converter.register_structure_hook_factory(attrs.has, functools.partial(_model_hook, converter))
    return converter


def _is_id(kind: object) -> bool:
    return get_origin(kind) is Annotated and _ID in get_args(kind)[1:]


def _is_anything(kind: object) -> bool:
    return kind is object


def _is_tuple(kind: object) -> bool:
    return get_origin(kind) is tuple


def _is_mapping(kind: object) -> bool:
    return get_origin(kind) is Mapping


def _tuple_hook(converter: Converter, kind: object) -> Hook:
    item, _ellipsis = get_args(kind)
    each = converter.get_structure_hook(item)

    def build(value: object, _type: object) -> tuple[object, ...]:
        if is_list(value):
            return tuple(each(entry, item) for entry in value)
        raise _misfit("a list", value)

    return build


def _mapping_hook(converter: Converter, kind: object) -> Hook:
    _key, item = get_args(kind)
    each = converter.get_structure_hook(item)

    def build(value: object, _type: object) -> Mapping[str, object]:
        if is_object(value):
            return {name: each(entry, item) for name, entry in value.items()}
        raise _misfit("an object", value)

    return build


def _model_hook(converter: Converter, model: type[attrs.AttrsInstance]) -> Hook:
    resolved = attrs.resolve_types(model, localns=_WITHIN_JSON_VALUE)
    fields = attrs.fields(resolved)
    plan = [
        (field, _keys(field), converter.get_structure_hook(field.type))
        for field in fields
        if field.name != _RAW
    ]
    keeps_raw = len(plan) < len(fields)

    def build(value: object, _type: object) -> attrs.AttrsInstance:
        if not is_object(value):
            raise _misfit("an object", value)
        given: dict[str, object] = {_RAW: value} if keeps_raw else {}
        problems: list[str] = []
        for field, keys, hook in plan:
            found = next((value[key] for key in keys if value.get(key) is not None), None)
            try:
                given[field.alias or field.name] = _required(found, field.type, hook)
            except _Misfit as misfit:
                if field.default is attrs.NOTHING:
                    problems.append(f"{model.__name__}.{field.name}: {misfit}")
        if problems:
            raise _Misfit("; ".join(problems))
        return model(**given)

    return build


def _required(found: object, kind: object, hook: Hook) -> object:
    if found is None:
        raise _Misfit("missing")
    return hook(found, kind)
