"""What occurs most often in a stream, in bounded memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeAlias

import attrs

MOST_KEPT: Final = 8_192

Pair: TypeAlias = tuple[str, str]


@attrs.define
class Frequent:
    """Counts pairs of a name and a value; when there are too many, what is rare is let go.

    A pair that makes up more than one in 8,192 of all additions is always there. Its count may be too low,
    by `missed` at most (the counting of Misra and Gries, with many counts lowered at once).

    Attributes:
        counts: The pairs that are known, with how often they were seen.
        missed: By how much a count may be too low; 0 as long as nothing was let go.
        kept: How many pairs stay when others are let go; twice as many are known at most.
    """

    counts: Counter[Pair] = attrs.field(factory=Counter[Pair])
    missed: int = 0
    kept: int = MOST_KEPT

    def add(self, pairs: Iterable[Pair]) -> None:
        """Count each pair once more."""
        self.counts.update(pairs)
        if len(self.counts) > 2 * self.kept:
            self._let_go()

    def top(self, most: int) -> list[tuple[Pair, int]]:
        """The most frequent pairs, those seen as often by name."""
        return heapq.nsmallest(most, self.counts.items(), key=lambda item: (-item[1], item[0]))

    def _let_go(self) -> None:
        """Lower every count by that of the first pair that has no place; at least half of them go."""
        lowered = sorted(self.counts.values(), reverse=True)[self.kept]
        self.missed += lowered
        kept = {pair: count - lowered for pair, count in self.counts.items() if count > lowered}
        self.counts = Counter(kept)
