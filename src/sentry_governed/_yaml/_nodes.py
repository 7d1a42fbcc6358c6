"""What was written: texts, sequences and mappings, each with its place, counted from 1."""

from __future__ import annotations

from typing import TypeAlias

import attrs


@attrs.frozen
class Scalar:
    """One piece of text; `plain` means written without quotes (a block text is not plain)."""

    text: str
    plain: bool
    line: int
    column: int


@attrs.frozen
class Items:
    """A sequence; `flow` means written as `[...]`."""

    nodes: tuple[Node, ...]
    flow: bool
    line: int
    column: int


@attrs.frozen
class Fields:
    """A mapping: its entries in the order written, each key once."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int


Node: TypeAlias = Scalar | Items | Fields
