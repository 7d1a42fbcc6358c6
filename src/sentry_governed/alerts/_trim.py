"""A webhook's body cut down to what routing and the task need, for brokers that take no more.

What is kept is what the parsers read and the installation's uuid: the alert is the same, but for its `raw`.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import attrs

from sentry_governed._convert import JsonObject, is_list, is_object
from sentry_governed.alerts._alert import Source
from sentry_governed.alerts._datadog import each_tag
from sentry_governed.alerts._json import decode_object
from sentry_governed.alerts._sentry import RESOURCE_OF_FIELD, read_tags
from sentry_governed.errors import PayloadError
from sentry_governed.typing import JsonValue


class _Leaf(enum.Enum):
    FACT = enum.auto()
    TEXT = enum.auto()
    PAIRS = enum.auto()
    LABELS = enum.auto()


_Shape: TypeAlias = "Mapping[str, _Shape] | _Leaf"


def _facts(names: str) -> dict[str, _Shape]:
    return dict.fromkeys(names.split(), _Leaf.FACT)


def _texts(names: str) -> dict[str, _Shape]:
    return dict.fromkeys(names.split(), _Leaf.TEXT)


_EVENT: Final[_Shape] = {
    **_facts("event_id project url web_url issue_url issue_id level environment datetime timestamp"),
    **_facts("platform logger"),
    **_texts("title message culprit release transaction"),
    "logentry": _texts("formatted"),
    "request": _texts("url"),
    "tags": _Leaf.PAIRS,
}
_ISSUE: Final[_Shape] = {
    **_facts("id lastSeen project_url url permalink web_url level platform logger priority"),
    **_texts("title culprit"),
    "project": _facts("id slug"),
}
_SHAPES: Final[Mapping[Source, _Shape]] = {
    "sentry": {
        **_facts("action project_slug triggering_rules"),
        "installation": _facts("uuid"),
        "data": {
            **_facts(" ".join(RESOURCE_OF_FIELD)),
            **_texts("triggered_rule"),
            "event": _EVENT,
            "error": _EVENT,
            "issue": _ISSUE,
        },
    },
    "datadog": {
        **_facts("id alert_transition alert_id alert_cycle_key date link priority project_slug"),
        **_facts("triggering_rules"),
        **_texts("title body"),
        "org": _facts("name"),
        "tags": _Leaf.LABELS,
    },
}


@attrs.frozen
class _Bounds:
    """How many characters of a text and of a tag's value are kept; all of them where None is said."""

    text: int | None = None
    tag: int | None = None
    tags: bool = True


_STEPS: Final = (
    _Bounds(),
    _Bounds(65_536),
    _Bounds(16_384),
    _Bounds(4_096),
    _Bounds(1_024),
    _Bounds(1_024, tag=1_024),
    _Bounds(1_024, tags=False),
)


def trims(body: bytes, source: Source) -> Iterator[bytes]:
    """Ever smaller bodies of the same alert, for a caller that stops at the first that fits.

    First only the fields that anything reads are kept, whole. Then texts (title, message, culprit, release,
    transaction, the request's URL, the rule's name) are cut to 65,536 characters, 16,384, 4,096, and 1,024,
    which is what a rule's regex sees; then the values of tags to 1,024. At last the tags are left out, all
    of them, as a rule could match wrongly where one is missing: the router fetches them from Sentry, or
    gives the alert to the default team.

    Args:
        body: A body that its sender vouched for.
        source: Its sender.

    Yields:
        JSON objects in UTF-8; nothing when the body is not a JSON object.
    """
    try:
        payload = decode_object(body, max_bytes=len(body), verified=True)
    except PayloadError:
        return
    for bounds in _STEPS:
        kept = _kept(payload, _SHAPES[source], bounds)
        yield json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()


def _kept(value: JsonValue, shape: _Shape, bounds: _Bounds) -> JsonValue:
    if isinstance(shape, Mapping):
        return _below(value, shape, bounds) if is_object(value) else None
    match shape:
        case _Leaf.PAIRS:
            pairs = read_tags(value).items() if bounds.tags else ()
            return [[name, text[: bounds.tag]] for name, texts in pairs for text in texts]
        case _Leaf.LABELS:
            return [label[: bounds.tag] for label in each_tag(value)] if bounds.tags else []
        case _Leaf.TEXT if isinstance(value, str):
            return value[: bounds.text]
        case _:
            return {} if is_object(value) or is_list(value) else value


def _below(value: JsonObject, shape: Mapping[str, _Shape], bounds: _Bounds) -> JsonObject:
    return {name: _kept(value[name], inner, bounds) for name, inner in shape.items() if name in value}
