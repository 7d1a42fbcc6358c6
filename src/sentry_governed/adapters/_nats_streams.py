"""Streams and durable consumers: made when they are not there, and refused when they would lose work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sentry_governed.adapters._nats_connection import (
    Answer,
    Connection,
    NatsFailure,
    NatsRefusal,
    mapping,
    settled,
)
from sentry_governed.errors import ConfigError

NO_STREAM: Final = 10059
NO_CONSUMER: Final = 10014
_TAKEN: Final = {10058, 10105, 10148}
"""The name is in use: by a stream, or by a consumer, in both of its wordings."""

_TIMES: Final = {"ack_wait", "inactive_threshold"}
_USUAL: Final[Mapping[str, object]] = {
    "ack_policy": "explicit",
    "ack_wait": 30_000_000_000,
    "backoff": None,
    "deliver_policy": "all",
    "deliver_subject": None,
    "filter_subject": None,
    "filter_subjects": None,
    "headers_only": False,
    "inactive_threshold": 0,
    "max_ack_pending": 1000,
    "max_batch": 0,
    "max_deliver": -1,
    "max_expires": 0,
    "mem_storage": False,
    "rate_limit_bps": 0,
}
"""What decides how a durable delivers, and what the server takes where nothing is said."""


async def stream_config(
    connection: Connection, wanted: Mapping[str, object], *, create: bool, timeout: float
) -> Answer:
    """A stream's configuration; it is made as wanted if it is not there and may be.

    Raises:
        NatsFailure: It is not there, or there is no answer.
        ConfigError: It would lose messages.
    """
    name = str(wanted["name"])
    found = await _found_or_made(
        connection,
        f"STREAM.INFO.{name}",
        (f"STREAM.CREATE.{name}", wanted) if create else None,
        missing=NO_STREAM,
        timeout=timeout,
    )
    problems = list(_leaks(found))
    if problems:
        raise ConfigError(f"the stream {name} would lose messages: {'; '.join(problems)}")
    return found


def _leaks(config: Answer) -> Iterator[str]:
    if config.get("storage") != "file":
        yield "its storage is not a file, so that a restart empties it"
    if config.get("retention") == "interest":
        yield "its retention is interest, so that it keeps nothing while there is no consumer"
    limits = [name for name in ("max_bytes", "max_msgs") if config.get(name, -1) != -1]
    if limits and config.get("discard") != "new":
        yield f"it has {' and '.join(limits)} and discards old messages when full; let it discard new ones"
    if config.get("mirror") or config.get("sources"):
        yield "it is a copy of another stream"


async def check_durable(
    connection: Connection, stream: str, wanted: Mapping[str, object], *, create: bool, timeout: float
) -> None:
    """See that a durable is there and delivers as wanted; it is made if it is not there and may be.

    Raises:
        NatsFailure: It is not there, or there is no answer.
        ConfigError: It is there and delivers otherwise; each difference is named.
    """
    name = str(wanted["durable_name"])
    made = {"stream_name": stream, "config": wanted, "action": "create"}
    found = await _found_or_made(
        connection,
        f"CONSUMER.INFO.{stream}.{name}",
        (f"CONSUMER.CREATE.{stream}.{name}", made) if create else None,
        missing=NO_CONSUMER,
        timeout=timeout,
    )
    differences = list(_drift(wanted, found))
    if differences:
        raise ConfigError(
            f"the durable {name} of stream {stream} is not what this worker wants: "
            f"{'; '.join(differences)}; change one of them, or delete it while no worker runs"
        )


def _drift(wanted: Mapping[str, object], found: Answer) -> Iterator[str]:
    for name, usual in _USUAL.items():
        is_, want = found.get(name) or usual, wanted.get(name) or usual
        if is_ != want:
            yield f"{name} is {_shown(name, is_)}, not {_shown(name, want)}"


def _shown(name: str, value: object) -> str:
    return f"{value / 1e9:g} s" if name in _TIMES and isinstance(value, int) else f"{value}"


async def _found_or_made(
    connection: Connection,
    info: str,
    making: tuple[str, Mapping[str, object]] | None,
    *,
    missing: int,
    timeout: float,
) -> Answer:
    answer = await settled(connection.api(info, timeout=timeout))
    if making and isinstance(answer, NatsRefusal) and answer.code == missing:
        answer = await settled(connection.api(*making, timeout=timeout))
        if isinstance(answer, NatsRefusal) and answer.code in _TAKEN:
            # Another process was faster and asked for something else; that is judged like any other.
            answer = await settled(connection.api(info, timeout=timeout))
    if isinstance(answer, NatsFailure):
        raise answer
    return mapping(answer.get("config"))
