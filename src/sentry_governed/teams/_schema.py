"""What a teams file may hold as a JSON Schema, made of what its reader goes by."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Final

from sentry_governed.teams._keys import (
    ALIASES,
    FILE,
    IGNORE,
    NAME,
    PREFIX,
    PRIORITY,
    PRIORITY_DIGITS,
    RULE,
    TEAM,
    VERSION,
    Key,
    Section,
    Shape,
)
from sentry_governed.teams._terms import KEY_CHARACTERS, MAX_LENGTH
from sentry_governed.typing import JsonValue

_SCALARS: Final = ("string", "number", "boolean", "null")
_END: Final = r"(?![\s\S])"
_MARKS: Final = '!"":""'


def file_schema() -> dict[str, JsonValue]:
    """A JSON Schema (draft 2020-12) of teams files, for editors and other programs that check YAML.

    It accepts every file that loads. It cannot see everything: regexes that are not safe, a `default` that
    names no team, two teams of one name, and what YAML reads as something else than was meant are found by
    loading the file only.
    """
    is_team: dict[str, JsonValue] = {"anyOf": [{"required": [name]} for name in NAME.spellings]}
    of_mapping: dict[str, JsonValue] = {"if": is_team, "then": _ref("team"), "else": _ref("file")}
    sections = {"file": FILE, "team": TEAM, "rule": RULE, "ignoreRule": IGNORE}
    schema: dict[str, JsonValue] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "teams.yaml of sentry-governed",
        "description": FILE.what,
        "type": ["array", "object"],
        "if": {"type": "array"},
        "then": _SHAPES["teams"],
        "else": of_mapping,
        "$defs": {
            **{name: _mapping(section, "object") for name, section in sections.items()},
            "aliases": _mapping(ALIASES, ["object", "null"]),
            "term": _TERM,
        },
    }
    return copy.deepcopy(schema)


def _ref(name: str) -> dict[str, JsonValue]:
    return {"$ref": f"#/$defs/{name}"}


def _list_of(item: JsonValue, *, may_be_empty: bool) -> dict[str, JsonValue]:
    if may_be_empty:
        return {"type": ["array", "null"], "items": item}
    return {"type": "array", "items": item, "minItems": 1}


_TEXT: Final[dict[str, JsonValue]] = {"type": "string", "minLength": 1}
_LARGEST: Final = 10**PRIORITY_DIGITS - 1

_SHAPES: Final[Mapping[Shape, dict[str, JsonValue]]] = {
    "name": _TEXT,
    "reason": _TEXT,
    "id": {"type": ["string", "integer", "null"], "minimum": 0},
    "version": {"enum": [int(VERSION), VERSION, None]},
    "default": {"type": list(_SCALARS)},
    "priority": {
        "type": ["integer", "string", "null"],
        "minimum": -_LARGEST,
        "maximum": _LARGEST,
        "pattern": f"^{PRIORITY}{_END}",
    },
    "matchers": _list_of(_ref("term"), may_be_empty=False),
    "rules": _list_of(_ref("rule"), may_be_empty=True),
    "ignores": _list_of(_ref("ignoreRule"), may_be_empty=True),
    "teams": _list_of(_ref("team"), may_be_empty=False),
    "prefixes": _list_of({"type": list(_SCALARS), "pattern": f"^{PREFIX}{_END}"}, may_be_empty=True),
    "aliases": _ref("aliases"),
}


def _mapping(section: Section, kind: JsonValue) -> dict[str, JsonValue]:
    """A section: its keys in every spelling, each key once."""
    properties: dict[str, JsonValue] = {
        spelling: {"description": key.means, **_SHAPES[key.shape]}
        for key in section.keys
        for spelling in key.spellings
    }
    once = [rule for key in section.keys for rule in _spelled_once(key)]
    return {
        "description": section.what,
        "type": kind,
        "properties": properties,
        "additionalProperties": False,
        **({"allOf": once} if once else {}),
    }


def _spelled_once(key: Key) -> list[JsonValue]:
    spellings: list[JsonValue] = [{"required": [spelling]} for spelling in key.spellings]
    if key.missing:
        return [{"oneOf": spellings}]
    return [{"not": {"required": list(key.spellings)}}] if len(spellings) > 1 else []


def _key_of(more: str) -> str:
    """A key of the usual characters and these, without `/` at an end."""
    return f"[{KEY_CHARACTERS}{more}](?:[{KEY_CHARACTERS}{more}/]*[{KEY_CHARACTERS}{more}])?"


_TERM: Final[dict[str, JsonValue]] = {
    "description": "key, key:value or key:/regex/; a leading ! negates it.",
    "type": "string",
    "maxLength": MAX_LENGTH + len(_MARKS),
    "pattern": f'^!?(?:"{_key_of(":")}"|{_key_of("")})(?::(?!//{_END})[\\s\\S]+)?{_END}',
}
