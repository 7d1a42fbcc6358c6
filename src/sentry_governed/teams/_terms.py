"""One condition on one tag."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, get_args

import attrs

from sentry_governed._yaml import quoted
from sentry_governed.errors import ConfigError, Problem, TeamsFileError
from sentry_governed.teams._regex import BadRegex, Regex, UnsafeRegex, regex_of

MAX_LENGTH: Final = 4_096
"""The most characters that the text of a term has."""

Test: TypeAlias = Literal["present", "equal", "regex"]

KEY_CHARACTERS: Final = r"A-Za-z0-9_.\-"
"""What a key may have everywhere; it has `/` inside only, and `:` only between double quotes."""

_KEY = re.compile(rf"[{KEY_CHARACTERS}/:]+")
_QUOTED_KEY = re.compile(r'"([^"]*)"(?::(.*))?', re.DOTALL)
_BOTH_MARKS = 2


class BadTerm(ConfigError):
    """A term that cannot be used.

    Attributes:
        message: What is wrong.
        hint: What to write instead, or an empty string.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


def _checked_regex(term: Term) -> Regex | None:
    _check_key(term.key)
    if term.test not in get_args(Test):
        raise BadTerm(f"test {term.test!r} is not known", f"write one of {', '.join(get_args(Test))}")
    if term.test == "present" and term.value:
        raise BadTerm(f"term {quoted(term.key)} tests for presence and has a value", "write test equal")
    if len(term.key) + len(term.value) > MAX_LENGTH:
        raise BadTerm(f"term {quoted(term.key)} is longer than {MAX_LENGTH} characters", "shorten it")
    return _safe_regex(term.value) if term.test == "regex" else None


@attrs.frozen
class Term:
    """One condition on the values of one tag; `str(term)` is its text.

    Attributes:
        key: The tag's name: letters, digits and `_.-/:`, without `/` at an end.
        test: `present` (any value will do), `equal` (to `value`) or `regex` (`value` is found by `re.search`
            in the first `limit` characters).
        value: A text or a regular expression; empty for `present`.
        negated: The exact complement: holds when no value passes the test, so also when there is none.

    Raises:
        ConfigError: The key is empty or holds another character, the test is not known, there is a value
            with `present`, the regex is empty, does not compile or could take endless time, or the whole is
            longer than 4,096 characters.
    """

    key: str
    test: Test = "present"
    value: str = ""
    negated: bool = False
    _regex: Regex | None = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_checked_regex, takes_self=True)
    )

    @classmethod
    def parse(cls, text: str) -> Term:
        """Read `key`, `key:value`, `key:/regex/` or `key:"value"`, each with a leading `!` to negate it.

        Raises:
            TeamsFileError: The text is not a term.
        """
        try:
            return parsed(text)
        except BadTerm as error:
            problem = Problem("<string>", 1, 1, error.message, error.hint)
        raise TeamsFileError((problem,))

    @property
    def limit(self) -> int | None:
        """How many characters of a value a regex sees: 1,024, or fewer where so many could take too long.

        None for the other tests, which see all of it.
        """
        return None if self._regex is None else self._regex.seen

    @property
    def literals(self) -> tuple[str, ...]:
        """Texts, in lower case, of which every value that a regex is found in has at least one."""
        return () if self._regex is None else self._regex.literals

    def holds(self, values: Sequence[str]) -> bool:
        """Whether the condition is true of a tag that has these values (none: it is absent)."""
        if self._regex is not None:
            search, seen = self._regex.compiled.search, self._regex.seen
            return any(search(value[:seen]) for value in values) is not self.negated
        found = self.value in values if self.test == "equal" else bool(values)
        return found is not self.negated

    def __str__(self) -> str:
        key = f'"{self.key}"' if ":" in self.key else self.key
        if self.test == "regex":
            tail = f":/{self.value}/"
        elif self.test == "equal":
            plain = self.value and not encloses("/", self.value) and not encloses('"', self.value)
            tail = f":{self.value}" if plain else f':"{self.value}"'
        else:
            tail = ""
        return f"{'!' if self.negated else ''}{key}{tail}"


def parsed(text: str) -> Term:
    """A term from its text.

    Raises:
        BadTerm: The text is not a term.
    """
    if not text:
        raise BadTerm("empty term", "write key, key:value or key:/regex/")
    if text == "!":
        raise BadTerm("a lone '!'", "write the key of a tag behind it")
    negated = text.startswith("!")
    key, value = _split(text.removeprefix("!"))
    if value is None:
        return Term(key, negated=negated)
    if not value:
        hint = f'write {key} for any value, {key}:"" for an empty one'
        raise BadTerm(f"term {quoted(text)} has no value", hint if key else "write key:value")
    if encloses("/", value):
        return Term(key, "regex", value[1:-1], negated)
    return Term(key, "equal", value[1:-1] if encloses('"', value) else value, negated)


def encloses(mark: str, value: str) -> bool:
    """Whether a value begins and ends with a mark, and is more than one mark."""
    return len(value) >= _BOTH_MARKS and value[0] == value[-1] == mark


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith('"'):
        found = _QUOTED_KEY.fullmatch(text)
        if found is None:
            raise BadTerm(f"term {quoted(text)} does not end its quoted key", 'write "key":value')
        return found[1], found[2]
    key, colon, value = text.partition(":")
    return key, value if colon else None


def _check_key(key: str) -> None:
    if not key:
        raise BadTerm("a term has no key", "write key, key:value or key:/regex/")
    if not _KEY.fullmatch(key):
        raise BadTerm(f"key {quoted(key)} has other characters than letters, digits and _.-/", "rename it")
    if key[0] == "/" or key[-1] == "/":
        raise BadTerm(f"key {quoted(key)} has a '/' at an end", "write key:/regex/, between quotes")


def _safe_regex(pattern: str) -> Regex:
    if not pattern:
        raise BadTerm("an empty regex", "write the key alone for any value")
    try:
        return regex_of(pattern)
    except BadRegex as error:
        message, hint = f"regex {quoted(pattern)} does not compile", str(error)
    except UnsafeRegex as error:
        message = f"regex {quoted(pattern)} could take endless time at {quoted(error.atom)}"
        hint = "let neighbouring parts begin with different characters, and put no loop into a loop"
        if error.rewrite:
            hint = f"if nothing has to be given back, write {error.rewrite!r}"
    raise BadTerm(message, hint)
