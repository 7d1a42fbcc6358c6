"""A listening HTTP server of an ASGI application, as a part of a process."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, cast

from sentry_governed.adapters._punctual import punctual
from sentry_governed.adapters.webhooks import AsgiApp
from sentry_governed.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from uvicorn import Config, Server

_BACKLOG: Final = 2_048
_IDLE: Final = 15.0


class Listener:
    """Listens from the moment it is made, and answers while it runs.

    Args:
        app: What answers.
        host: The address to listen on.
        port: The port; 0 for any free one.
        connections: How many connections are answered at a time; to more it says 503.
        drain: Seconds that answers under way may take once it is stopped.
        idle: Seconds that a connection may stay without a whole request.
        at_end: Awaited on the server's event loop in the end.

    Raises:
        MissingExtraError: uvicorn is not installed.
        ConfigError: The address cannot be listened on.
    """

    def __init__(
        self,
        app: AsgiApp,
        *,
        host: str,
        port: int,
        connections: int,
        drain: float,
        idle: float = _IDLE,
        at_end: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._app = app
        self._at_end = at_end
        self._connections = connections
        self._drain = drain
        self._idle = idle
        self._server: Server | None = None
        self._is_stopped = False
        _uvicorn()
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except (OSError, UnicodeError) as error:
            problem = (getattr(error, "strerror", None) or str(error)).partition(" (")[0]
        else:
            return
        raise ConfigError(f"cannot listen on {host} port {port}: {problem.lower()}")

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def run(self) -> None:
        """Answer until `stop` is called."""
        asyncio.run(self._run())

    def stop(self) -> None:
        """Take no further connections, and end once the answers under way are given."""
        self._is_stopped = True
        if self._server is not None:
            self._server.should_exit = True

    async def _run(self) -> None:
        config, server = _uvicorn()
        self._server = server(
            config(
                cast("Callable[..., object]", self._app),
                http=punctual(self._idle),
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                proxy_headers=False,
                limit_concurrency=self._connections,
                timeout_keep_alive=math.ceil(self._idle),
                timeout_graceful_shutdown=max(1, int(self._drain)),
            )
        )
        self._server.should_exit = self._is_stopped
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            if self._at_end is not None:
                await self._at_end()

    def close(self) -> None:
        """Listen no more, also when it never ran."""
        self._socket.close()


def _uvicorn() -> tuple[type[Config], type[Server]]:
    try:
        from uvicorn import Config, Server
    except ModuleNotFoundError:
        raise MissingExtraError(
            "the webhook endpoint needs an extra: pip install 'sentry-governed[webhooks]'"
        ) from None
    return Config, Server
