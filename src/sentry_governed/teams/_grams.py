"""Which of many texts a value holds, found by the value's pieces."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

import attrs

_STRIDE: Final = 3
_SIZES: Final = (6, 3, 1)
_TEXTS_A_CHARACTER: Final = 1  # looking up the pieces of a value costs as much as looking for so many texts
_CUTS: Final = {size: [slice(at, at + size) for at in range(0, 1_024, _STRIDE)] for size in _SIZES}

Found = TypeVar("Found")


@attrs.frozen
class Grams(Generic[Found]):
    """Texts, found by their pieces of `size` characters.

    Only every third piece of a value is looked up. So each text stands under three pieces that begin side by
    side, the rarest three that it has: wherever the text is in a value, one of them is looked up. Texts too
    short for that are few, and looked for one by one (size 0).
    """

    size: int
    _texts: Sequence[tuple[str, Found]]
    _by_piece: Mapping[str, Sequence[tuple[str, Found]]]
    _pieces: frozenset[str]

    def within(self, value: str) -> list[Found]:
        """What belongs to the texts that a value of at most 1,024 characters holds; some perhaps twice."""
        if not self.size or len(self._texts) <= _TEXTS_A_CHARACTER * len(value):
            return [found for text, found in self._texts if text in value]
        cuts = islice(_CUTS[self.size], max(0, (len(value) - self.size) // _STRIDE + 1))
        pieces = self._pieces.intersection(map(value.__getitem__, cuts))
        return [found for piece in pieces for text, found in self._by_piece[piece] if text in value]


def grams_of(texts: Mapping[str, Found]) -> tuple[Grams[Found], ...]:
    """One table for each size of pieces that the texts, none of them empty, are found by."""
    by_size: dict[int, list[tuple[str, Found]]] = defaultdict(list)
    for text, found in texts.items():
        by_size[next((size for size in _SIZES if size + _STRIDE - 1 <= len(text)), 0)].append((text, found))
    return tuple(_table(size, found) for size, found in by_size.items())


def _table(size: int, texts: Sequence[tuple[str, Found]]) -> Grams[Found]:
    if not size:
        return Grams(size, tuple(texts), {}, frozenset())
    pieces = {text: [text[at : at + size] for at in range(len(text) - size + 1)] for text, _ in texts}
    shared = Counter(piece for each in pieces.values() for piece in set(each))
    by_piece: dict[str, list[tuple[str, Found]]] = defaultdict(list)
    for text, found in texts:
        runs = zip(*(pieces[text][first:] for first in range(_STRIDE)), strict=False)
        for piece in set(min(runs, key=lambda run: sum(shared[piece] for piece in run))):
            by_piece[piece].append((text, found))
    return Grams(
        size, tuple(texts), {piece: tuple(found) for piece, found in by_piece.items()}, frozenset(by_piece)
    )
