"""A secret's name in place of the secret."""

from __future__ import annotations

import re
from functools import partial

import attrs

from sentry_governed._yaml import Node, Scalar
from sentry_governed.errors import ConfigError
from sentry_governed.settings._reader import made, refused, tagged, text

_NAME = re.compile(r"[A-Za-z0-9_./:-]{1,200}")


def _check_name(_owner: object, _field: object, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError("the name of a secret is not 1 to 200 of A-Z a-z 0-9 _ . / : -")


@attrs.frozen
class SecretRef:
    """Where a secret is to be found; reading settings never looks.

    Attributes:
        name: The name that the secret sources know it by, such as an environment variable's.
        line: Where it is asked for, 1-based; 0 when that is no file.
        column: Likewise.

    Raises:
        ConfigError: The name is outside its grammar. It is not shown, in case it is the secret itself.
    """

    name: str = attrs.field(validator=_check_name)
    line: int = attrs.field(default=0, kw_only=True, eq=False, repr=False)
    column: int = attrs.field(default=0, kw_only=True, eq=False, repr=False)


def _reference(node: Node) -> SecretRef:
    return made(partial(SecretRef, line=node.line, column=node.column), text)(node)


_read_reference = tagged({"secret": _reference})


def secret(node: Node) -> SecretRef:
    """`{secret: NAME}`; a value in its place is refused, and not shown."""
    if isinstance(node, Scalar):
        raise refused(node, "a secret is not written in this file", "write {secret: NAME}")
    return _read_reference(node)
