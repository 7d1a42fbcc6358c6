"""What a settings file says of NATS, as the adapters take it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from sentry_governed._secret import Secret
from sentry_governed._values import LedgerRecord
from sentry_governed.settings._ledger import NatsBucket
from sentry_governed.settings._places import NatsPlace
from sentry_governed.settings._secret_ref import SecretRef

if TYPE_CHECKING:
    from sentry_governed.adapters.nats import NatsConfig, NatsLedger

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


def nats_ledger(place: NatsBucket, folder: Path, look_up: LookUp) -> NatsLedgerLater:
    """A ledger in a bucket; see `nats_config`."""
    return NatsLedgerLater(nats_config(place, folder, look_up), place.bucket)
