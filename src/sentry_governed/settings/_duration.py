"""Lengths of time as people write them."""

from __future__ import annotations

import re
from typing import Final

from sentry_governed._yaml import quoted
from sentry_governed.errors import ConfigError
from sentry_governed.settings._reader import Reader, made, text

_WRITTEN: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


def parse_duration(written: str) -> float:
    """The seconds of a length of time such as `90s`, `10m`, `1.5h` or `2d`; a bare number is of seconds.

    Raises:
        ConfigError: It is none.
    """
    parts = _WRITTEN.fullmatch(written)
    if parts is None:
        raise ConfigError(f"{quoted(written)} is no length of time; write one such as 30s, 10m, 1h or 2d")
    return float(parts[1]) * _SECONDS[parts[2]]


DURATION: Final[Reader[float]] = made(parse_duration, text)
