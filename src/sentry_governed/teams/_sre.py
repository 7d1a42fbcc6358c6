"""What is used of the parser of `re`, which is private and the same from Python 3.11 to 3.13."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false
# (the standard library's private names have no types; here they are given some)

from __future__ import annotations

from collections.abc import Sequence
from re import _constants, _parser  # type: ignore[attr-defined]  # private, as said above
from typing import Final, Protocol, TypeAlias, cast

Tree: TypeAlias = Sequence[tuple[object, object]]
"""What `re` makes of a pattern: operators with their arguments, nested."""

ANY: Final[object] = _constants.ANY
ASSERT: Final[object] = _constants.ASSERT
ASSERT_NOT: Final[object] = _constants.ASSERT_NOT
AT: Final[object] = _constants.AT
AT_BEGINNING: Final[object] = _constants.AT_BEGINNING
AT_BEGINNING_STRING: Final[object] = _constants.AT_BEGINNING_STRING
AT_END: Final[object] = _constants.AT_END
AT_END_STRING: Final[object] = _constants.AT_END_STRING
ATOMIC_GROUP: Final[object] = _constants.ATOMIC_GROUP
BRANCH: Final[object] = _constants.BRANCH
CATEGORY: Final[object] = _constants.CATEGORY
CATEGORY_DIGIT: Final[object] = _constants.CATEGORY_DIGIT
CATEGORY_NOT_DIGIT: Final[object] = _constants.CATEGORY_NOT_DIGIT
CATEGORY_NOT_SPACE: Final[object] = _constants.CATEGORY_NOT_SPACE
CATEGORY_NOT_WORD: Final[object] = _constants.CATEGORY_NOT_WORD
CATEGORY_SPACE: Final[object] = _constants.CATEGORY_SPACE
CATEGORY_WORD: Final[object] = _constants.CATEGORY_WORD
GROUPREF: Final[object] = _constants.GROUPREF
GROUPREF_EXISTS: Final[object] = _constants.GROUPREF_EXISTS
IN: Final[object] = _constants.IN
LITERAL: Final[object] = _constants.LITERAL
MAX_REPEAT: Final[object] = _constants.MAX_REPEAT
MIN_REPEAT: Final[object] = _constants.MIN_REPEAT
NEGATE: Final[object] = _constants.NEGATE
NOT_LITERAL: Final[object] = _constants.NOT_LITERAL
POSSESSIVE_REPEAT: Final[object] = _constants.POSSESSIVE_REPEAT
RANGE: Final[object] = _constants.RANGE
SUBPATTERN: Final[object] = _constants.SUBPATTERN

ENDLESS: Final = int(_constants.MAXREPEAT)
"""The most rounds of a loop without a bound."""

ASCII: Final = int(_constants.SRE_FLAG_ASCII)
DOTALL: Final = int(_constants.SRE_FLAG_DOTALL)
IGNORECASE: Final = int(_constants.SRE_FLAG_IGNORECASE)
MULTILINE: Final = int(_constants.SRE_FLAG_MULTILINE)

ONE_CHARACTER: Final[frozenset[object]] = frozenset({ANY, IN, LITERAL, NOT_LITERAL})
REPEATS: Final[frozenset[object]] = frozenset({MAX_REPEAT, MIN_REPEAT, POSSESSIVE_REPEAT})


class _State(Protocol):
    flags: int


class _Parsed(Protocol):
    state: _State

    def getwidth(self) -> tuple[int, int]: ...


def parse(pattern: str) -> tuple[Tree, int]:
    """The tree of a pattern and its flags; raises what `re.compile` raises."""
    tree: object = _parser.parse(pattern)
    return cast("Tree", tree), cast("_Parsed", tree).state.flags


def widths(tree: Tree) -> tuple[int, int]:
    """How many characters a part takes at least, and at most."""
    return cast("_Parsed", tree).getwidth()


def least_width(tree: Tree) -> int:
    """How many characters a part takes at least."""
    return widths(tree)[0]


def inside_group(argument: object, flags: int) -> tuple[Tree, int]:
    """What a group holds, and the flags that hold in it."""
    _, added, removed, inner = cast("tuple[object, int, int, Tree]", argument)
    return inner, flags & ~removed | added
