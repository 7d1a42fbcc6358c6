"""The one place of this layer that reads a file."""

from __future__ import annotations

import os
from typing import TypeAlias

from sentry_governed._yaml import MAX_BYTES
from sentry_governed.errors import Problem, TeamsFileError

FilePath: TypeAlias = str | os.PathLike[str]


def source_of(path: FilePath) -> str:
    """The name of a file as it was given."""
    return os.fspath(path)


def content_of(source: str) -> bytes:
    """The bytes of a file, no more than it takes to see that it is too large.

    Raises:
        TeamsFileError: The file cannot be read.
    """
    try:
        with open(source, "rb") as file:  # noqa: PTH123 - pathlib would cost a cold start
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = Problem(source, 0, 0, f"cannot be read: {getattr(error, 'strerror', None) or error}")
    raise TeamsFileError((problem,))
