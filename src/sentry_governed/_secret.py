"""A string that does not show itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from sentry_governed.errors import ConfigError


def _problem(value: object) -> str:
    if not isinstance(value, str):
        return "a secret is not a text; decode bytes first"
    if not value:
        return "a secret is empty"
    if all("!" <= character <= "~" for character in value):
        return ""
    return (
        "a secret holds whitespace or a character outside printable ASCII; "
        "look for a newline or space at its end"
    )


def _closure(value: str) -> Callable[[], str]:
    return lambda: value


class Secret:
    """A token or key that stays out of reprs, logs, errors, pickles and JSON.

    The value is checked when it is made: printable ASCII without whitespace, so that the classic newline at
    the end of a secret file is reported here, and not by an HTTP library that quotes the header.

    Raises:
        ConfigError: The value is not a text, is empty or holds a character that no header may hold. It is not
            shown.
    """

    __slots__ = ("__reveal",)

    def __init__(self, value: str) -> None:
        problem = _problem(value)
        if problem:
            del value  # a traceback that shows locals would show it
            raise ConfigError(problem)
        self.__reveal = _closure(value)  # keeps the text out of vars() and out of reads of __slots__

    __hash__ = None  # type: ignore[assignment]  # a hash would let a secret be guessed from a table

    def reveal(self) -> str:
        """The text itself; call this only where it is handed to what needs it."""
        return self.__reveal()

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # compared rarely, and a cold start should not pay for it

        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled; load it where it is used")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self
