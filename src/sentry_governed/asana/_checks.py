"""Checks of what people configure; each refuses by naming the field and the value."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterable
from typing import Protocol

from sentry_governed.asana._urls import is_gid
from sentry_governed.errors import ConfigError

_bounded = reprlib.Repr()
_bounded.maxstring = _bounded.maxother = 80


def shown(value: object) -> str:
    """The value for a message: one line, of bounded length."""
    return _bounded.repr(value)


class Named(Protocol):
    """What a check reads of the field that it belongs to."""

    @property
    def name(self) -> str:
        """The field's name."""
        ...


def check_gid(_owner: object, field: Named, value: str) -> None:
    """Refuse what is not an Asana id.

    Raises:
        ConfigError: It names the field and the value.
    """
    if not is_gid(value):
        raise ConfigError(
            f"{field.name} {shown(value)} is not an Asana id, which is a text of decimal digits"
        )


def check_gids(owner: object, field: Named, values: tuple[str, ...]) -> None:
    """Refuse what are not different Asana ids.

    Raises:
        ConfigError: It names the field and the value.
    """
    for value in values:
        check_gid(owner, field, value)
    check_distinct(field.name, values)


def check_distinct(what: str, names: Collection[object]) -> None:
    """Refuse a name that is given twice.

    Raises:
        ConfigError: It names the first one.
    """
    seen = set[object]()
    for name in names:
        if name in seen:
            raise ConfigError(f"{what} names {shown(name)} twice")
        seen.add(name)


def check_known(what: str, name: str, known: Iterable[str]) -> None:
    """Refuse a name that is not among the known ones.

    Raises:
        ConfigError: It names the nearest known one.
    """
    known = tuple(known)
    if name in known:
        return
    from sentry_governed._yaml import did_you_mean  # only a mistake pays for loading it

    raise ConfigError(f"{what} {shown(name)} is not known ({did_you_mean(name, known)})")


def check_within(what: str, number: object, least: int, most: int) -> None:
    """Refuse a number outside its bounds.

    Raises:
        ConfigError: It names the bounds.
    """
    if type(number) is not int or not least <= number <= most:
        raise ConfigError(f"{what} {shown(number)} is not a whole number from {least} to {most}")
