"""A connection to NATS: questions, each with one bounded answer. Only this file knows nats-py."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeAlias, TypedDict, TypeVar, cast

import attrs

from sentry_governed.adapters._nats_config import NatsConfig
from sentry_governed.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.subscription import Subscription

T = TypeVar("T")

NatsSource: TypeAlias = "str | Sequence[str] | NatsConfig | Client"
"""Where to connect, or a connection of nats-py that is open, is used by this event loop and stays yours."""

_API: Final = "$JS.API."
_RECONNECT_EVERY: Final = 0.5
_MOST_REASONS: Final = 5
_READY_AGAIN: Final = 0.1
_HEADER_FRAME: Final = len("NATS/1.0\r\n\r\n")
_LOG: Final = logging.getLogger("sentry_governed")


class NatsFailure(Exception):
    """There is no answer: what was asked may or may not have been done. Never leaves the adapters."""


class NatsRefusal(NatsFailure):
    """The answer is no: nothing was done.

    Attributes:
        code: The server's number for it, `err_code`; 0 where it has none.
    """

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


@attrs.frozen
class Delivery:
    """One message as the server handed it over.

    Attributes:
        subject: Where it was published.
        reply: Where an answer or acknowledgement goes.
        data: The payload.
        headers: As they were sent.
    """

    subject: str
    reply: str
    data: bytes
    headers: Mapping[str, str]

    @property
    def status(self) -> str | None:
        """The code of a message that the server itself wrote, or None."""
        return None if self.data else self.headers.get("Status")


class Connection:
    """An open connection; every wait on it is bounded, and it reconnects for as long as it lives.

    What goes wrong is a `NatsFailure`, raised outside of any handler so that it drags nothing along.
    """

    def __init__(self, client: Client, *, is_ours: bool) -> None:
        self._client = client
        self._is_ours = is_ours

    @classmethod
    async def open(cls, source: NatsSource) -> Connection:
        """Connect.

        Raises:
            NatsFailure: Nobody answers in time, or the credentials are refused.
            ConfigError: A file that the configuration names cannot be used.
            MissingExtraError: nats-py is not installed.
        """
        if isinstance(source, str | Sequence):
            source = NatsConfig(servers=source)
        if isinstance(source, NatsConfig):
            return cls(await _connected(source), is_ours=True)
        return cls(source, is_ours=False)

    async def aclose(self) -> None:
        """Close what was opened here."""
        if self._is_ours:
            with suppress(Exception):  # it is given up either way
                await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def is_closed(self) -> bool:
        """Whether it will never be connected again."""
        return self._client.is_closed

    @property
    def is_connected(self) -> bool:
        """Whether it is connected at this moment."""
        return self._client.is_connected

    @property
    def max_payload(self) -> int:
        """How many bytes of headers and payload the server takes; it cuts off whoever sends more."""
        return self._client.max_payload

    async def ask(
        self, subject: str, payload: bytes = b"", *, headers: dict[str, str] | None = None, timeout: float
    ) -> Delivery:
        """Publish and wait for the answer, and for somebody who can give it."""
        size = len(payload) + header_size(headers or {})
        if size > self.max_payload:
            raise NatsRefusal(f"{size} bytes are more than the {self.max_payload} that the server takes")
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            left = max(end - loop.time(), 0.0)
            asked = self._client.request(subject, payload, timeout=left, headers=headers)
            answer = await settled(_bounded(asked, left))
            if not isinstance(answer, _NobodyListens) or end - loop.time() < _READY_AGAIN:
                break
            await asyncio.sleep(_READY_AGAIN)  # a server is up before its streams are
        if isinstance(answer, NatsFailure):
            raise answer
        return Delivery(answer.subject, answer.reply, answer.data, answer.headers or {})

    async def api(self, name: str, body: Mapping[str, object] | None = None, *, timeout: float) -> Answer:
        """Ask JetStream's own interface, such as `STREAM.INFO.<name>`."""
        return _answer(await self.ask(_API + name, b"" if body is None else _json(body), timeout=timeout))

    async def store(self, subject: str, payload: bytes, *, headers: dict[str, str], timeout: float) -> int:
        """Publish, and wait until a stream has it; its sequence number there."""
        sequence = _answer(await self.ask(subject, payload, headers=headers, timeout=timeout)).get("seq")
        if not isinstance(sequence, int):
            raise NatsFailure("what answered is no stream")
        return sequence

    async def tell(self, subject: str, payload: bytes, *, reply: str = "") -> None:
        """Publish without waiting for anything."""
        await _bounded(self._client.publish(subject, payload, reply=reply), 1.0)

    async def listen(self) -> Listener:
        """An address of our own to which the server can send."""
        inbox = self._client.new_inbox()
        subscribing = self._client.subscribe(inbox)  # pyright: ignore[reportUnknownMemberType] - its Future is bare
        return Listener(self, await _bounded(subscribing, 1.0), inbox)


@attrs.frozen
class Listener:
    """What arrives at one address.

    Attributes:
        inbox: The address.
    """

    _connection: Connection
    _subscription: Subscription
    inbox: str

    @property
    def has_waiting(self) -> bool:
        """Whether something arrived already."""
        return self._subscription.pending_msgs > 0

    async def next(self, timeout: float) -> Delivery | None:
        """The next message, or None if none came in time."""
        try:
            message = await _bounded(self._subscription.next_msg(timeout=timeout), timeout + 1.0)
        except _NoAnswer:
            return None
        return Delivery(message.subject, message.reply, message.data, message.headers or {})

    async def aclose(self) -> None:
        """Listen no longer."""
        with suppress(NatsFailure):
            await _bounded(self._subscription.unsubscribe(), 1.0)


Answer: TypeAlias = Mapping[str, object]


class _NoAnswer(NatsFailure):
    """Nothing came in time."""


class _NobodyListens(NatsRefusal):
    """Nobody got it, so it may be said again."""


def header_size(headers: Mapping[str, str]) -> int:
    """How many bytes headers take on the wire."""
    if not headers:
        return 0
    return _HEADER_FRAME + sum(len(f"{name}: {value}\r\n".encode()) for name, value in headers.items())


def _json(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def parsed_headers(block: bytes) -> dict[str, str]:
    """The headers of a stored message; they are in the form that goes over the wire."""
    lines = block.decode(errors="replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def mapping(value: object) -> Answer:
    """A part of an answer; empty where it is something else."""
    return cast("Answer", value) if isinstance(value, dict) else {}


def _answer(delivery: Delivery) -> Answer:
    found: Answer = {}
    with suppress(ValueError):
        found = mapping(json.loads(delivery.data))
    if not found:
        raise NatsFailure("the answer is not JetStream's")
    error = mapping(found.get("error"))
    if error:
        raise NatsRefusal(str(error.get("description", "no")), int(str(error.get("err_code", 0))))
    return found


async def settled(work: Awaitable[T]) -> T | NatsFailure:
    """What it returns, or how it failed as a value: what is raised for it then drags nothing along."""
    try:
        return await work
    except NatsFailure as error:
        return error


async def _bounded(work: Awaitable[T], timeout: float) -> T:
    """Wait for nats-py, and turn what it raises into what the adapters know."""
    import nats.errors

    try:
        async with asyncio.timeout(timeout):
            return await work
    except nats.errors.NoRespondersError:
        problem: NatsFailure = _NobodyListens("no stream listens there, or JetStream is not ready")
    except TimeoutError:
        problem = _NoAnswer(f"no answer within {timeout:.3g} s")
    except (nats.errors.Error, OSError) as error:
        problem = NatsFailure(_reason(error))
    raise problem


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()).removeprefix("nats: ").strip("'")
    return text or type(error).__name__


async def _connected(config: NatsConfig) -> Client:
    try:
        import nats.aio.client
        import nats.errors
    except ModuleNotFoundError:
        raise MissingExtraError("NATS needs an extra: pip install 'sentry-governed[nats]'") from None
    reasons: dict[str, None] = {}

    async def note(error: Exception) -> None:
        reason = _reason(error)
        if reason not in reasons and len(reasons) < _MOST_REASONS:  # an outage does not fill the log
            reasons[reason] = None
            _LOG.warning("NATS: %s", reason)

    async def forget() -> None:
        reasons.clear()
        _LOG.warning("NATS: connected again")

    class Gated(nats.aio.client.Client):
        """Says nothing, and so no credentials, before the connection is what the configuration asks for."""

        def _connect_command(self) -> bytes:
            if config.is_encrypted and not self._server_info.get("tls_required"):
                raise ConnectionError("the server does not offer TLS")
            return super()._connect_command()

    client = Gated()
    try:
        async with asyncio.timeout(config.connect_timeout):
            await client.connect(
                list(config.servers),
                error_cb=note,
                reconnected_cb=forget,
                name=config.name,
                max_reconnect_attempts=-1,
                reconnect_time_wait=cast("int", _RECONNECT_EVERY),
                connect_timeout=cast("int", min(2.0, config.connect_timeout)),
                tls=_tls(config) if config.is_encrypted else None,
                **_credentials(config),
            )
    except TimeoutError:
        problem = "; ".join(reasons) or "nobody answers"
    except (nats.errors.Error, OSError, ValueError) as error:
        problem = _reason(error)
    else:
        reasons.clear()
        return client
    with suppress(Exception):  # half open; the reason is known already
        await client.close()
    raise NatsFailure(f"{', '.join(config.servers)}: {problem}")


def _tls(config: NatsConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
        if config.cert_file is not None:
            context.load_cert_chain(config.cert_file, config.key_file)
    except (OSError, ssl.SSLError) as error:
        problem = f"the certificates of NatsConfig cannot be used: {_reason(error)}"
    else:
        return context
    raise ConfigError(problem)


class _Credentials(TypedDict, total=False):
    """nats-py's names for what is configured."""

    token: str
    user: str
    password: str
    user_credentials: str
    nkeys_seed_str: str


def _credentials(config: NatsConfig) -> _Credentials:
    if (config.credentials_file or config.nkey_seed) and find_spec("nkeys") is None:
        raise MissingExtraError("nkeys need an extra: pip install 'sentry-governed[nats]'")
    if config.token is not None:
        return {"token": config.token.reveal()}
    if config.user is not None and config.password is not None:
        return {"user": config.user, "password": config.password.reveal()}
    if config.nkey_seed is not None:
        return {"nkeys_seed_str": config.nkey_seed.reveal()}
    if config.credentials_file is None:
        return {}
    if not config.credentials_file.is_file():
        raise ConfigError(f"{config.credentials_file}: there is no such credentials file")
    return {"user_credentials": str(config.credentials_file)}
