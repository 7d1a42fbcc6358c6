"""What a settings file says of NATS, as the adapters take it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from sentry_governed._secret import Secret
from sentry_governed._values import LedgerRecord
from sentry_governed.errors import ConfigError, InboxError
from sentry_governed.settings._inbox import NatsStream
from sentry_governed.settings._ledger import NatsBucket
from sentry_governed.settings._places import NatsPlace
from sentry_governed.settings._secret_ref import SecretRef

if TYPE_CHECKING:
    from sentry_governed._values import InboxMessage
    from sentry_governed.adapters.nats import JetStreamInbox, JetStreamQueue, NatsConfig, NatsLedger

_PATIENCE: Final = 3.0
LookUp: TypeAlias = Callable[[SecretRef], Secret]


def nats_config(place: NatsPlace, folder: Path, look_up: LookUp) -> NatsConfig:
    """How to connect.

    Args:
        place: What the file says.
        folder: Where relative paths begin.
        look_up: Finds a secret.

    Raises:
        ConfigError: It cannot be used.
    """
    from sentry_governed.adapters.nats import NatsConfig

    def file(path: str | None) -> Path | None:
        return None if path is None else folder / path

    def found(secret: SecretRef | None) -> Secret | None:
        return None if secret is None else look_up(secret)

    return NatsConfig(
        servers=place.url,
        token=found(place.token),
        user=place.user,
        password=found(place.password),
        credentials_file=file(place.credentials_file),
        nkey_seed=found(place.nkey_seed),
        ca_file=file(place.ca_file),
        cert_file=file(place.cert_file),
        key_file=file(place.key_file),
        allow_plaintext=place.allow_plaintext,
        connect_timeout=_PATIENCE,
    )


class NatsLedgerLater:
    """An `AsyncLedger` that is connected to when it is first asked; a failure is tried again at the next."""

    def __init__(self, config: NatsConfig, bucket: str | None) -> None:
        self._config = config
        self._bucket = bucket
        self._ledger: NatsLedger | None = None
        self._turn = asyncio.Lock()

    async def get(self, key: str) -> LedgerRecord | None:
        """See `Ledger.get`."""
        return await (await self._opened()).get(key)

    async def put(
        self, key: str, value: str, *, expected: int | None, expires_at: float
    ) -> LedgerRecord | None:
        """See `Ledger.put`."""
        ledger = await self._opened()
        return await ledger.put(key, value, expected=expected, expires_at=expires_at)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._ledger is not None:
            await self._ledger.aclose()

    async def _opened(self) -> NatsLedger:
        async with self._turn:
            if self._ledger is None:
                self._ledger = await _open(self._config, self._bucket)
        return self._ledger


async def _open(config: NatsConfig, bucket: str | None) -> NatsLedger:
    from sentry_governed.adapters.nats import NatsLedger

    if bucket is None:
        return await NatsLedger.open(config)
    return await NatsLedger.open(config, bucket=bucket)


class NatsInboxLater:
    """An `AsyncInbox` that is connected to when the first message is put; see `NatsLedgerLater`."""

    def __init__(self, config: NatsConfig, queue: JetStreamQueue) -> None:
        self._config = config
        self._queue = queue
        self._inbox: JetStreamInbox | None = None
        self._turn = asyncio.Lock()

    async def put(self, message: InboxMessage) -> None:
        """See `Inbox.put`.

        Raises:
            InboxError: The server cannot be reached, refuses, or would lose messages.
        """
        try:
            inbox = await self.connected()
        except ConfigError as error:
            problem = str(error)
        else:
            await inbox.put(message)
            return
        raise InboxError(problem)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._inbox is not None:
            await self._inbox.aclose()

    async def connected(self, *, create: bool = True) -> JetStreamInbox:
        """The inbox itself.

        Args:
            create: Whether to make streams that are not there.

        Raises:
            InboxError: The server cannot be reached, or refuses.
            ConfigError: A stream would lose messages.
        """
        from sentry_governed.adapters.nats import JetStreamInbox

        async with self._turn:
            if self._inbox is None:
                self._inbox = await JetStreamInbox.open(self._config, self._queue, create=create)
        return self._inbox


def nats_queue(place: NatsStream) -> JetStreamQueue:
    """The names of a queue.

    Raises:
        ConfigError: The stream's name cannot be one.
    """
    from sentry_governed.adapters.nats import JetStreamQueue

    return JetStreamQueue(stream=place.stream)


def nats_inbox(place: NatsStream, folder: Path, look_up: LookUp) -> NatsInboxLater:
    """An inbox on a stream; see `nats_config`."""
    return NatsInboxLater(nats_config(place, folder, look_up), nats_queue(place))


def nats_ledger(place: NatsBucket, folder: Path, look_up: LookUp) -> NatsLedgerLater:
    """A ledger in a bucket; see `nats_config`."""
    return NatsLedgerLater(nats_config(place, folder, look_up), place.bucket)
