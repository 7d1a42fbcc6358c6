"""The `ledger` section."""

from __future__ import annotations

from typing import Final, Literal

import attrs

from sentry_governed._yaml import Node
from sentry_governed.settings._reader import Reader, tagged, text


@attrs.frozen
class SqliteFile:
    """A ledger in a SQLite file.

    Attributes:
        path: As it is written.
    """

    path: str


@attrs.frozen
class OtherLedger:
    """A ledger that this version cannot open; what its section holds is not read.

    Attributes:
        kind: Its name.
        line: Where it is named, 1-based.
        column: Likewise.
    """

    kind: Literal["dynamodb", "nats"]
    line: int = attrs.field(default=0, eq=False, repr=False)
    column: int = attrs.field(default=0, eq=False, repr=False)


def _sqlite(node: Node) -> SqliteFile:
    return SqliteFile(text(node))


def _other(kind: Literal["dynamodb", "nats"]) -> Reader[OtherLedger]:
    def read(node: Node) -> OtherLedger:
        return OtherLedger(kind, node.line, node.column)

    return read


_KINDS: Final[dict[str, Reader[SqliteFile | OtherLedger]]] = {
    "sqlite": _sqlite,
    "dynamodb": _other("dynamodb"),
    "nats": _other("nats"),
}

read_ledger: Final = tagged(_KINDS)
