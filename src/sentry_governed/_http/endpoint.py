"""What a sender has to know about one service, checked when it is made."""

from __future__ import annotations

import re
from math import isfinite
from typing import Final

import attrs

from sentry_governed._http.gate import Origin, parse_origin
from sentry_governed._secret import Secret
from sentry_governed._values import Pairs
from sentry_governed.errors import ConfigError

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_PRINTABLE = re.compile(r"[ -~]*")
_OURS = frozenset({
    "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "cookie",
    "expect", "host", "te", "trailer", "transfer-encoding", "upgrade", "user-agent",
})  # fmt: skip
MEBIBYTE: Final = 1024 * 1024


def _check_name(name: str) -> None:
    if not _TOKEN.fullmatch(name) or name.lower() in _OURS:
        raise ConfigError(f"header {name!r} is not a valid name, or is one that the sender sets by itself")


def _check_value(name: str, value: str) -> None:
    if not _PRINTABLE.fullmatch(value) or value != value.lstrip():
        raise ConfigError(f"the value of {name!r} holds something other than printable ASCII")


@attrs.frozen
class Credential:
    """One header that authenticates.

    Attributes:
        header: Its name.
        secret: Its value, or the end of it.
        prefix: What comes before the secret, such as `Bearer` and a space.

    Raises:
        ConfigError: The header's name or the prefix cannot be sent.
    """

    header: str
    secret: Secret
    prefix: str = ""

    def __attrs_post_init__(self) -> None:
        _check_name(self.header)
        _check_value(self.header, self.prefix)


def bearer(secret: Secret) -> Credential:
    """The usual one: `Authorization: Bearer ...`."""
    return Credential("Authorization", secret, "Bearer ")


def _positive(
    _instance: object, attribute: attrs.Attribute[float] | attrs.Attribute[int], value: float
) -> None:
    if not (isfinite(value) and value > 0):
        raise ConfigError(f"{attribute.name} {value!r} is not a positive number")


@attrs.frozen(kw_only=True)
class Endpoint:
    """One service: where it is, who we are to it, and how much of it we bear.

    Attributes:
        base_url: `https://host[:port][/path]`; every path is sent below it.
        credentials: The headers that authenticate; they are read at each send and kept nowhere else.
        headers: Further plain headers.
        accept: The kinds of answer that are understood.
        user_agent: Who we say we are.
        timeout: Seconds that one attempt may take in all, from the connection to the last byte.
        connect_timeout: Seconds of these to wait for a connection, with TLS.
        max_response_bytes: How large a body may be once decoded.
        allow_http: Whether the token may travel in clear text.
        trust_env: Whether the environment may name a proxy and certificates.
        origin: The checked parts of `base_url`.

    Raises:
        ConfigError: A value cannot be used.
    """

    base_url: str = attrs.field(repr=False)
    credentials: tuple[Credential, ...] = ()
    headers: Pairs = ()
    accept: str = "application/json"
    user_agent: str = "sentry-governed"
    timeout: float = attrs.field(default=30.0, validator=_positive)
    connect_timeout: float = attrs.field(default=5.0, validator=_positive)
    max_response_bytes: int = attrs.field(default=16 * MEBIBYTE, validator=_positive)
    allow_http: bool = False
    trust_env: bool = False
    origin: Origin = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        for name, value in self.headers:
            _check_name(name)
            _check_value(name, value)
        _check_value("accept", self.accept)
        _check_value("user_agent", self.user_agent)
        names = [name.lower() for name, _ in self.headers] + [one.header.lower() for one in self.credentials]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"header {name!r} is given twice")
        origin = parse_origin(self.base_url, allow_http=self.allow_http)
        object.__setattr__(self, "origin", origin)
