"""A wire between client and server on which replies get lost."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

from tests.adapters.nats.server import NatsServer

Loses: TypeAlias = Callable[[bytes], bool]


class Proxy:
    """Passes bytes on, but for chunks from the server that it is told to lose, each once."""

    def __init__(self, server: NatsServer) -> None:
        self._server = server
        self._losing: list[Loses] = []
        self._writers: list[asyncio.StreamWriter] = []
        self.url = ""
        self.lost = 0

    def lose(self, loses: Loses, *, times: int = 1) -> None:
        """Lose the next chunks that look so."""
        self._losing += [loses] * times

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, away = await asyncio.open_connection("127.0.0.1", self._server.port)
        self._writers += [writer, away]
        await asyncio.gather(
            self._pass(reader, away, is_answer=False), self._pass(there, writer, is_answer=True)
        )

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        with suppress(OSError):
            while data := await source.read(1 << 16):
                if is_answer and (found := next((each for each in self._losing if each(data)), None)):
                    self._losing.remove(found)
                    self.lost += 1
                    continue
                target.write(data)
                await target.drain()
        target.close()

    def close(self) -> None:
        """Cut every wire."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def proxied(server: NatsServer) -> AsyncGenerator[Proxy]:
    """A proxy in front of a server."""
    proxy = Proxy(server)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"nats://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        listening.close()
        proxy.close()
        await asyncio.sleep(0.05)


def is_stored(data: bytes) -> bool:
    """Whether it says that a stream has a message."""
    return b'"seq":' in data and b'"stream":' in data and b'"message"' not in data
