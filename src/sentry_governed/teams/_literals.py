"""Texts that a value must hold for a regex to be found in it: a cheap reason not to try the regex.

Everything here is compared in a folded form. What matters is that nothing is ever missed: a text that a regex
requires, folded, is in every value that the regex is found in, folded. Where that is in doubt nothing counts
as required.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import attrs

from sentry_governed.teams import _sre as sre
from sentry_governed.teams._sre import Tree, inside_group

MOST_LITERALS: Final = 16
"""A rule is found under each of so many alternatives, and no more."""

_ONE_LETTER: Final = str.maketrans({"İ": "i", "ı": "i", "ſ": "s", "Σ": "σ"})  # noqa: RUF001 - as `re` reads them


def folded(text: str) -> str:
    """Lower case, letter by letter: whatever `(?i)` takes for an ASCII letter becomes that letter."""
    return text.lower() if text.isascii() else text.translate(_ONE_LETTER).lower()


def required_literals(tree: Tree, flags: int) -> tuple[str, ...]:
    """Folded texts, of which every value that the regex is found in has at least one; none if in doubt."""
    return _of_sequence(tree, flags)


def _of_sequence(tree: Tree, flags: int) -> tuple[str, ...]:
    reading = _Reading()
    reading.sequence(tree, flags)
    reading.end_run()
    return max(reading.found, key=lambda texts: (min(map(len, texts)), -len(texts)), default=())


@attrs.define
class _Reading:
    """One sequence on its way: a run grows while what is read stands side by side in the value."""

    run: str = ""
    found: list[tuple[str, ...]] = attrs.field(factory=list[tuple[str, ...]])

    def end_run(self) -> None:
        if self.run:
            self.found.append((folded(self.run),))
            self.run = ""

    def sequence(self, tree: Tree, flags: int) -> None:
        for operator, argument in tree:
            if operator is sre.LITERAL:
                self.letter(chr(cast("int", argument)), flags)
            elif operator is sre.IN:
                self.letter(_one_letter(cast("Tree", argument)), flags)
            elif operator is sre.SUBPATTERN:
                self.sequence(*inside_group(argument, flags))
            elif operator is sre.ATOMIC_GROUP:
                self.sequence(cast("Tree", argument), flags)
            elif operator in sre.REPEATS:
                self.repeat(*cast("tuple[int, int, Tree]", argument), flags)
            elif operator is sre.BRANCH:
                self.branches(cast("tuple[object, Sequence[Tree]]", argument)[1], flags)
            elif operator is not sre.AT:
                self.end_run()

    def letter(self, letter: str, flags: int) -> None:
        """One more of the run; beyond ASCII only `re` knows what ignoring case means."""
        if letter and (letter.isascii() or not flags & sre.IGNORECASE):
            self.run += letter
        else:
            self.end_run()

    def repeat(self, least: int, most: int, inner: Tree, flags: int) -> None:
        """The first round stands beside what is before it; beside what follows stands the last."""
        if least:
            self.sequence(inner, flags)
        if (least, most) != (1, 1):
            self.end_run()

    def branches(self, branches: Sequence[Tree], flags: int) -> None:
        self.end_run()
        each = [_of_sequence(branch, flags) for branch in branches]
        texts = {text for found in each for text in found}
        if all(each) and len(texts) <= MOST_LITERALS:
            self.found.append(tuple(sorted(texts)))


def _one_letter(members: Tree) -> str:
    """The folded letter that a set lists in one or more forms, such as `[Ww]`; empty for other sets."""
    if any(operator is not sre.LITERAL for operator, _ in members):
        return ""
    letters = "".join(chr(cast("int", code)) for _, code in members)
    forms = set(folded(letters))
    return forms.pop() if len(forms) == 1 and letters.isascii() else ""
