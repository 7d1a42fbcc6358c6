"""Loopback servers that play any part, good or bad, on raw sockets."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeAlias

Play: TypeAlias = Callable[[socket.socket, "Server"], None]


class Server:
    """Plays one function on each connection, and keeps what it was sent.

    Attributes:
        origin: Its base URL.
        requests: The raw bytes of each request.
        connections: How many were accepted.
        hung_up: Set when a client closed a connection while the play was listening.
        stopping: Set when the test is over.
    """

    def __init__(self, play: Play, *, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.hung_up = threading.Event()
        self.got_request = threading.Event()
        self.stopping = threading.Event()
        self._play = play
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def read_request(self, connection: socket.socket) -> bytes:
        """One whole request, or nothing when the client hung up."""
        seen = b""
        while b"\r\n\r\n" not in seen or len(seen) < _length(seen):
            chunk = connection.recv(65536)
            if not chunk:
                self.hung_up.set()
                return b""
            seen += chunk
        self.requests.append(seen)
        self.got_request.set()
        return seen

    def wait_for_hang_up(self, connection: socket.socket) -> None:
        """Listen until the client closes the connection."""
        with suppress(OSError):
            while connection.recv(65536):
                pass
        if not self.stopping.is_set():
            self.hung_up.set()

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._play(connection, self)
        connection.close()


def _length(seen: bytes) -> int:
    head, _, _ = seen.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(head) + 4 + int(value)
    return len(head) + 4


def reply(status: int = 200, body: bytes = b"{}", *headers: str) -> bytes:
    """A response's bytes with an honest length."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering(*replies: bytes) -> Play:
    """Answer requests in turn, over all connections; the last reply serves for ever."""
    left = list(replies)

    def play(connection: socket.socket, server: Server) -> None:
        while server.read_request(connection):
            connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return play


def saying(data: bytes) -> Play:
    """Read one request, say something and close."""

    def play(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(data)

    return play


def resetting(data: bytes = b"") -> Play:
    """Read one request, say something, and reset the connection."""

    def play(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(data)
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return play


def dripping(data: bytes, *, first: bytes = b"", pause: float = 0.05) -> Play:
    """Read one request, then say the data a byte at a time."""

    def play(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(first)
        for byte in data:
            if server.stopping.wait(pause):
                return
            connection.sendall(bytes([byte]))

    return play


def silent(connection: socket.socket, server: Server) -> None:
    """Read one request and never answer it."""
    server.read_request(connection)
    server.wait_for_hang_up(connection)


def deaf(connection: socket.socket, server: Server) -> None:
    """Never read anything."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    server.stopping.wait(20)


def zipped(body: bytes, *headers: str, times: int = 1) -> bytes:
    """A reply whose body is compressed several times over."""
    for _ in range(times):
        body = gzip.compress(body, mtime=0)
    return reply(200, body, f"Content-Encoding: {', '.join(['gzip'] * times)}", *headers)
