"""Where something is kept: a SQLite file, or what runs on AWS or NATS."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

import attrs

from sentry_governed._yaml import Node
from sentry_governed.errors import ConfigError
from sentry_governed.settings._reader import Reader, fields_of, flag, record, text
from sentry_governed.settings._secret_ref import SecretRef, secret

P = TypeVar("P", bound="Place")

_URL: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(?:/[A-Za-z0-9_./-]*)?")


def check_url(_owner: object, field: attrs.Attribute[str], value: str) -> None:
    """Refuse what is no URL of AWS or of an emulator."""
    if _URL.fullmatch(value) is None:
        raise ConfigError(f"{field.name} is not of the form https://host[:port][/path]")


@attrs.frozen(kw_only=True)
class Place:
    """Something that stands in the file; where it stands is no part of what it says.

    Attributes:
        line: Where, 1-based; 0 when that is no file.
        column: Likewise.
    """

    line: int = attrs.field(default=0, eq=False, repr=False)
    column: int = attrs.field(default=0, eq=False, repr=False)


@attrs.frozen
class SqliteFile(Place):
    """A file of this machine.

    Attributes:
        path: As it is written.
    """

    path: str


@attrs.frozen(kw_only=True)
class AwsPlace(Place):
    """Where AWS is; the credentials are AWS's own business.

    Attributes:
        region: The region, or None for the one that AWS's own configuration names.
        endpoint_url: Where AWS is instead, as for an emulator, or None.

    Raises:
        ConfigError: The URL is none.
    """

    region: str | None = None
    endpoint_url: str | None = attrs.field(default=None, validator=attrs.validators.optional(check_url))


@attrs.frozen(kw_only=True)
class NatsPlace(Place):
    """Where NATS is, and what proves who asks: at most one kind of credentials.

    Attributes:
        url: One address or several, separated by commas, such as `tls://nats.example.com:4222`.
        token: The name of a token, or None.
        user: A user's name, or None.
        password: The name of the user's password, or None.
        credentials_file: The path of a `.creds` file, or None.
        nkey_seed: The name of an nkey's seed, or None.
        ca_file: What the server's certificate is checked against, or None for the system's authorities.
        cert_file: The client's certificate, or None.
        key_file: Its key, or None if it is in the same file.
        allow_plaintext: Whether credentials may travel in clear text to another machine.
    """

    url: str
    token: SecretRef | None = None
    user: str | None = None
    password: SecretRef | None = None
    credentials_file: str | None = None
    nkey_seed: SecretRef | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    allow_plaintext: bool = False


AWS: Final = fields_of(AwsPlace, region=text, endpoint_url=text)
"""Readers of what all places on AWS have."""

NATS: Final = fields_of(
    NatsPlace,
    url=text,
    token=secret,
    user=text,
    password=secret,
    credentials_file=text,
    nkey_seed=secret,
    ca_file=text,
    cert_file=text,
    key_file=text,
    allow_plaintext=flag,
)
"""Readers of what all places on NATS have."""


def placed(
    make: Callable[..., P], readers: Mapping[str, Reader[object]], *, required: Collection[str]
) -> Reader[P]:
    """A mapping of known keys that is a place and knows where it stands."""
    read = record(make, readers, required=required)

    def read_place(node: Node) -> P:
        return attrs.evolve(read(node), line=node.line, column=node.column)

    return read_place


def sqlite(node: Node) -> SqliteFile:
    """The path of a file."""
    return SqliteFile(text(node), line=node.line, column=node.column)
