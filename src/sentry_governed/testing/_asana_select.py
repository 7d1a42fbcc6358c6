"""Which properties of a record Asana shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from sentry_governed.testing._wire import Record
from sentry_governed.typing import JsonValue

Tree: TypeAlias = dict[str, "Tree"]

_ALWAYS = frozenset({"gid", "resource_type"})
_COMPACT = _ALWAYS | {"resource_subtype", "name"}


def compact(record: Record) -> JsonValue:
    """What is shown of a listed record when nothing is asked for."""
    return _pick(record, {})


def select(record: Record, opt_fields: Iterable[str]) -> JsonValue:
    """What is shown of a record when properties are asked for by dotted path."""
    tree: Tree = {}
    for path in opt_fields:
        branch = tree
        for name in path.strip().removeprefix("this.").split("."):
            branch = branch.setdefault(name, {})
    return _pick(record, tree)


def _pick(value: JsonValue, tree: Tree) -> JsonValue:
    if isinstance(value, Mapping):
        if not tree and value.get("resource_type") == "custom_field":
            return value
        kept = _ALWAYS.union(tree) if tree else _COMPACT
        return {name: _pick(item, tree.get(name, {})) for name, item in value.items() if name in kept}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_pick(item, tree) for item in value]
    return value
