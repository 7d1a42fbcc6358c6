"""What is known of one event, made ready for rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import attrs

from sentry_governed.errors import ConfigError
from sentry_governed.typing import HasFacts, Tags


@attrs.frozen
class Facts:
    """The texts of each tag, found under its name and under that name behind each alias prefix."""

    _given: Mapping[str, object] = attrs.field(factory=dict[str, object])
    _prefixes: tuple[str, ...] = ()
    _looked_up: dict[str, tuple[str, ...]] = attrs.field(
        init=False, repr=False, eq=False, factory=dict[str, tuple[str, ...]]
    )

    @property
    def names(self) -> Mapping[str, object]:
        """Every name that the event has, also where its value counts as absent."""
        return self._given

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts that the event has under this very name."""
        value = self._given.get(name)
        return (value,) if type(value) is str else _texts_of(value)

    def values(self, key: str) -> tuple[str, ...]:
        """Every value that a term with this key is tested on."""
        values = self._looked_up.get(key)
        if values is None:
            values = self.texts(key)
            for prefix in self._prefixes:
                values += self.texts(prefix + key)
            self._looked_up[key] = values
        return values

    def named(self, key: str) -> tuple[tuple[str, str], ...]:
        """The same values, each behind the name that the event has it under."""
        names = (key, *(prefix + key for prefix in self._prefixes))
        return tuple((name, value) for name in names for value in self.texts(name))


def facts_of(tags: Tags | HasFacts, prefixes: tuple[str, ...]) -> Facts:
    """Take down the tags of one event; later changes to them change nothing.

    True and False read `true` and `false`, numbers as Python writes them. None, values of other types, and
    names that are not text count as absent; in a sequence the rest still counts.

    Raises:
        ConfigError: The argument is neither a mapping nor an object with `facts`.
    """
    mapping: object = tags if isinstance(tags, Mapping) else getattr(tags, "facts", None)
    if not isinstance(mapping, Mapping):
        raise ConfigError(f"{type(tags).__name__} is neither a mapping of tags nor has .facts")
    items = cast("Mapping[str, object]", mapping).items()
    # what cannot change is read when a rule asks for it: most tags of an event interest no rule
    given: dict[str, object] = {
        name: value if type(value) is str or type(value) is tuple else _texts_of(value)
        for name, value in items
    }
    return Facts(given, prefixes)


def _texts_of(value: object) -> tuple[str, ...]:
    if type(value) is tuple and all(type(item) is str for item in cast("tuple[object, ...]", value)):
        return cast("tuple[str, ...]", value)
    if isinstance(value, str):
        return (str.__str__(value),)
    if isinstance(value, bytes | bytearray | memoryview):
        return ()
    if isinstance(value, Sequence):
        return tuple(text for item in cast("Sequence[object]", value) if (text := _text_of(item)) is not None)
    text = _text_of(value)
    return () if text is None else (text,)


def _text_of(value: object) -> str | None:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, int):
        return _digits(value)
    return None


def _digits(value: int) -> str | None:
    try:
        return int.__repr__(value)
    except ValueError:  # Python refuses to write numbers of thousands of digits
        return None
