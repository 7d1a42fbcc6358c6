"""A ledger in a JetStream key-value bucket."""

from __future__ import annotations

import base64
import json
import time
import uuid
from types import TracebackType
from typing import Final, Self

import attrs

from sentry_governed._values import LedgerRecord
from sentry_governed.adapters._nats_connection import (
    Answer,
    Connection,
    NatsFailure,
    NatsRefusal,
    NatsSource,
    mapping,
    settled,
)
from sentry_governed.adapters._nats_names import check_name, nanoseconds, seconds
from sentry_governed.adapters._nats_streams import stream_config
from sentry_governed.errors import ConfigError, LedgerError
from sentry_governed.routing.ledgers._limits import check_key, check_record
from sentry_governed.typing import Clock

_DAY: Final = 86_400.0
_NO_MESSAGE: Final = 10037
_MOST_KNOWN: Final = 1024
_WRONG_REVISION: Final = {10071, 10164}


@attrs.frozen
class _Stored:
    """What a key's subject holds.

    Attributes:
        revision: Of its last write, 0 where there was none.
        nonce: Of its last write.
        record: None where there is none, or where another tool deleted it.
    """

    revision: int = 0
    nonce: str = ""
    record: LedgerRecord | None = None

    @property
    def expires_at(self) -> float:
        """When the record expires; long ago where there is none."""
        return self.record.expires_at if self.record else 0.0


class NatsLedger:
    """An `AsyncLedger` in a key-value bucket of NATS JetStream, shared by any number of processes.

    Reads ask the bucket's leader, and a write names the revision that it replaces. A write whose reply is
    lost is looked up: it counts as done if it is there, and is a `LedgerError` otherwise. Versions are the
    bucket's revisions, so a key never sees one twice.

    A record's expiry is kept in the record. The bucket itself forgets a record `ttl` seconds after its last
    write, so that it does not grow for ever; a record that is to live longer is refused.

    Open it with `open`, on the event loop that uses it.
    """

    def __init__(
        self, connection: Connection, bucket: str, *, ttl: float, timeout: float, clock: Clock
    ) -> None:
        self._connection = connection
        self._bucket = bucket
        self._ttl = ttl
        self._timeout = timeout
        self._clock = clock
        self._known: dict[str, tuple[int, float]] = {}

    @classmethod
    async def open(
        cls,
        source: NatsSource,
        *,
        bucket: str = "sentry_governed_ledger",
        create: bool = True,
        ttl: float = 100 * _DAY,
        replicas: int = 1,
        timeout: float = 5.0,
        clock: Clock = time,
    ) -> NatsLedger:
        """Connect and see that the bucket is fit to be a ledger.

        Args:
            source: An address such as `nats://127.0.0.1:4222`, several, a `NatsConfig`, or an open
                connection of nats-py, which stays yours to close.
            bucket: The bucket's name, of `A-Z a-z 0-9 _ -`.
            create: Whether to make a bucket that is not there, with storage in files.
            ttl: Seconds after which a new bucket forgets a record that is not written again; more than the
                router's retention.
            replicas: On how many servers a new bucket is kept.
            timeout: Seconds to wait for each answer.
            clock: Says what has expired; processes that share a bucket need clocks that agree.

        Raises:
            LedgerError: The server cannot be reached, or refuses.
            ConfigError: An argument cannot be used, or the bucket would lose records.
            MissingExtraError: nats-py is not installed.
        """
        check_name(bucket, "a bucket")
        if not 0 < timeout <= 60:  # noqa: PLR2004 - said in the message
            raise ConfigError(f"a NatsLedger cannot wait for {timeout} seconds; give up to 60")
        if not _DAY <= ttl <= 100 * 365 * _DAY:
            raise ConfigError(f"a bucket with a ttl of {ttl} seconds is no ledger; give a day to 100 years")
        connection = await settled(Connection.open(source))
        if isinstance(connection, NatsFailure):
            raise LedgerError(str(connection))
        ledger = cls(connection, bucket, ttl=ttl, timeout=timeout, clock=clock)
        try:
            await ledger._prepare(create=create, replicas=replicas)
        except BaseException:
            await connection.aclose()
            raise
        return ledger

    async def aclose(self) -> None:
        """Close the connection, if it was opened here; whatever is asked afterwards raises `LedgerError`."""
        await self._connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def get(self, key: str) -> LedgerRecord | None:
        """See `Ledger.get`.

        Raises:
            LedgerError: The key is malformed, or there is no answer.
        """
        check_key(key)
        record = (await self._read(key)).record
        return record if record and record.expires_at > self._clock.time() else None

    async def put(
        self, key: str, value: str, *, expected: int | None, expires_at: float
    ) -> LedgerRecord | None:
        """See `Ledger.put`.

        Raises:
            LedgerError: The key, the value or the expiry is refused, or it is not known to be written.
        """
        check_record(key, value, expires_at)
        if self._ttl and expires_at - self._clock.time() > self._ttl:
            raise LedgerError(
                f"the bucket {self._bucket} forgets after {self._ttl:g} seconds, "
                f"before the record of {key} may be forgotten; give it a longer ttl"
            )
        known = self._known.pop(key, None)
        if known is not None and self._version(*known) == expected:  # what a router has just read or written
            written = await self._write(key, value, expires_at, known[0])
            if written is not None:
                return written
        found = await self._read(key)
        if self._version(found.revision, found.expires_at) != expected:
            return None
        return await self._write(key, value, expires_at, found.revision)

    def _version(self, revision: int, expires_at: float) -> int | None:
        """What is expected of a key whose last write was this one."""
        return revision if expires_at > self._clock.time() else None

    def _remember(self, key: str, revision: int, expires_at: float) -> None:
        """Spare the next write of the key a question; the server refuses it should anything have changed."""
        self._known[key] = (revision, expires_at)
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    async def _read(self, key: str) -> _Stored:
        asked = {"last_by_subj": self._subject(key)}
        answer = await settled(
            self._connection.api(f"STREAM.MSG.GET.KV_{self._bucket}", asked, timeout=self._timeout)
        )
        is_absent = isinstance(answer, NatsRefusal) and answer.code == _NO_MESSAGE
        if isinstance(answer, NatsFailure) and not is_absent:
            raise self._error(str(answer))
        found = _Stored() if isinstance(answer, NatsFailure) else self._decoded(key, answer)
        self._remember(key, found.revision, found.expires_at)
        return found

    def _decoded(self, key: str, answer: Answer) -> _Stored:
        try:
            message = mapping(answer.get("message"))
            revision = int(str(message["seq"]))
            data = base64.b64decode(str(message.get("data") or ""))
            if not data:  # what other tools leave where they delete a key
                return _Stored(revision)
            found = json.loads(data)
            record = LedgerRecord(key, str(found["value"]), revision, float(found["expires_at"]))
            return _Stored(revision, str(found["nonce"]), record)
        except (AttributeError, KeyError, TypeError, ValueError):
            pass
        raise self._error(f"what it holds for {key} is not a ledger's record; something else writes to it")

    async def _write(self, key: str, value: str, expires_at: float, revision: int) -> LedgerRecord | None:
        nonce = uuid.uuid4().hex
        body = {"value": value, "expires_at": expires_at, "nonce": nonce}
        written = await settled(
            self._connection.store(
                self._subject(key),
                json.dumps(body, ensure_ascii=False).encode(),
                headers={
                    "Nats-Expected-Stream": f"KV_{self._bucket}",
                    "Nats-Expected-Last-Subject-Sequence": str(revision),
                },
                timeout=self._timeout,
            )
        )
        if isinstance(written, NatsRefusal):
            if written.code in _WRONG_REVISION:
                return None
            raise self._error(str(written))
        if isinstance(written, NatsFailure):
            found = await self._read(key)
            if found.nonce == nonce:
                return found.record
            raise self._error(f"it is not known whether {key} was written: {written}")
        self._remember(key, written, expires_at)
        return LedgerRecord(key, value, written, expires_at)

    def _subject(self, key: str) -> str:
        # An empty token is no subject, so it is written as "=", which no key can hold.
        return f"$KV.{self._bucket}." + ".".join(token or "=" for token in key.split("."))

    def _error(self, problem: str) -> LedgerError:
        return LedgerError(f"bucket {self._bucket}: {problem}")

    async def _prepare(self, *, create: bool, replicas: int) -> None:
        wanted = {
            "name": f"KV_{self._bucket}",
            "subjects": [f"$KV.{self._bucket}.>"],
            "storage": "file",
            "retention": "limits",
            "discard": "new",
            "max_msgs_per_subject": 1,
            "max_age": nanoseconds(self._ttl),
            "duplicate_window": nanoseconds(120),
            "num_replicas": replicas,
            "deny_delete": True,
            "allow_rollup_hdrs": True,
        }
        config = await settled(stream_config(self._connection, wanted, create=create, timeout=self._timeout))
        if isinstance(config, NatsFailure):
            raise self._error(str(config))
        self._ttl = seconds(config.get("max_age"))
