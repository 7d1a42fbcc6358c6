"""Where a NATS server is, and how to prove who asks: one frozen value for ledger, inbox and workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import attrs

from sentry_governed._secret import Secret
from sentry_governed.errors import ConfigError

_ENCRYPTED = {"tls", "wss"}
_SCHEMES = {"nats", "ws", *_ENCRYPTED}
_THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}


def _servers(value: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(value.split(",")) if isinstance(value, str) else tuple(value)


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)


@attrs.frozen(kw_only=True)
class NatsConfig:
    """How to connect to NATS; the same value serves the ledger, the inbox and the workers.

    Credentials are one of: a token; a user and a password; a credentials file; an nkey seed; a client
    certificate. They are never sent in clear text to another machine unless that is asked for, also not when
    a server whose address says `tls://` turns out not to offer it.

    Attributes:
        servers: One address or several of one cluster, such as `tls://nats.example.com:4222`; a text may
            hold several, separated by commas.
        token: A token.
        user: A user's name.
        password: The user's password.
        credentials_file: A `.creds` file; it is read at each connect, so that it can be renewed.
        nkey_seed: The seed of an nkey, `SU...`.
        ca_file: What the server's certificate is checked against; the system's authorities unless given.
        cert_file: The client's certificate, with its chain.
        key_file: The certificate's key, if it is not in the same file.
        allow_plaintext: Whether credentials may travel in clear text.
        connect_timeout: Seconds in which the first connection must stand.
        name: What the server shows of the connection.

    Raises:
        ConfigError: A value cannot be used, or two contradict each other.
    """

    servers: tuple[str, ...] = attrs.field(converter=_servers)
    token: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    credentials_file: Path | None = attrs.field(default=None, converter=_path)
    nkey_seed: Secret | None = None
    ca_file: Path | None = attrs.field(default=None, converter=_path)
    cert_file: Path | None = attrs.field(default=None, converter=_path)
    key_file: Path | None = attrs.field(default=None, converter=_path)
    allow_plaintext: bool = False
    connect_timeout: float = 10.0
    name: str = "sentry-governed"

    def __attrs_post_init__(self) -> None:
        if not self.servers:
            raise ConfigError("NatsConfig names no server; give one such as 'nats://127.0.0.1:4222'")
        parts = [_parsed(server) for server in self.servers]
        if len({part.scheme in _ENCRYPTED for part in parts}) > 1:
            raise ConfigError("NatsConfig names servers with and without TLS; use tls:// for all of them")
        if len({part.scheme in {"ws", "wss"} for part in parts}) > 1:
            raise ConfigError("NatsConfig mixes web sockets with plain connections; use one of them for all")
        if not 0 < self.connect_timeout <= 300:  # noqa: PLR2004 - said in the message
            raise ConfigError(f"connect_timeout is {self.connect_timeout}; give up to 300 seconds")
        self._check_credentials()
        self._check_plaintext(parts)

    def _check_credentials(self) -> None:
        if (self.user is None) != (self.password is None):
            raise ConfigError("NatsConfig has only one of user and password; give both")
        ways = (self.token, self.user, self.credentials_file, self.nkey_seed)
        if sum(way is not None for way in ways) > 1:
            raise ConfigError(
                "NatsConfig has credentials of more than one kind; "
                "give a token, a user, a credentials file or an nkey seed"
            )
        if self.key_file is not None and self.cert_file is None:
            raise ConfigError("NatsConfig has a key_file without its cert_file; give both")
        if not self.is_encrypted and (self.ca_file is not None or self.cert_file is not None):
            raise ConfigError("NatsConfig has certificates for a connection without TLS; use tls://")

    def _check_plaintext(self, parts: Sequence[SplitResult]) -> None:
        exposed = [part.hostname for part in parts if part.hostname not in _THIS_MACHINE]
        if exposed and self.has_credentials and not self.is_encrypted and not self.allow_plaintext:
            raise ConfigError(
                f"credentials for {exposed[0]!r} would travel in clear text; "
                "use tls://, or say allow_plaintext if they may"
            )

    @property
    def has_credentials(self) -> bool:
        """Whether anything secret is said when connecting."""
        return any((self.token, self.user, self.credentials_file, self.nkey_seed))

    @property
    def is_encrypted(self) -> bool:
        """Whether the addresses ask for TLS; then nothing is said to a server that does not offer it."""
        return urlsplit(self.servers[0]).scheme in _ENCRYPTED


def _parsed(server: str) -> SplitResult:
    parts = urlsplit(server)
    if "@" in parts.netloc:
        raise ConfigError(
            "a NATS address holds credentials; give them as token, or as user and password, "
            "so that they are not shown"
        )
    try:
        usable = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ConfigError(f"{server!a} is no NATS address; write one such as 'nats://127.0.0.1:4222'")
    return parts
