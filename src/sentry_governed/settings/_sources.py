"""The `secrets` section: where secrets are looked up, in order."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, cast, get_args

import attrs

from sentry_governed._yaml import Node
from sentry_governed.settings._reader import items, refused, word

SourceKind: TypeAlias = Literal["env", "file", "pulumi_esc", "aws"]


@attrs.frozen
class SecretSource:
    """One source of secrets.

    Attributes:
        kind: Its name; this version can open `env` only.
        line: Where it is named, 1-based; 0 when that is no file.
        column: Likewise.
    """

    kind: SourceKind
    line: int = attrs.field(default=0, kw_only=True, eq=False, repr=False)
    column: int = attrs.field(default=0, kw_only=True, eq=False, repr=False)


_read_kind: Final = word(get_args(SourceKind))


def _source(node: Node) -> SecretSource:
    return SecretSource(cast("SourceKind", _read_kind(node)), line=node.line, column=node.column)


def read_sources(node: Node) -> tuple[SecretSource, ...]:
    """The sources, at least one and none twice."""
    found = items(_source)(node)
    if not found or len(set(found)) < len(found):
        raise refused(node, "this should name each source of secrets once", "write [env]")
    return found
