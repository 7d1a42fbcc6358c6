"""A fake on a loopback port."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Protocol, cast
from urllib.parse import parse_qsl, urlsplit

from sentry_governed._values import Pairs, Response
from sentry_governed.testing._faults import Fault
from sentry_governed.testing._wire import Call

_MAX_BODY = 16 * 1024 * 1024


class _Arrival(Protocol):
    @property
    def fault(self) -> Fault: ...

    def answer(self) -> Response | None: ...


Arrive = Callable[[Call, Pairs], AbstractContextManager[_Arrival]]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing the server waits for its threads
    request_queue_size = 128

    def __init__(self, arrive: Arrive) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrive = arrive
        self.stopping = threading.Event()
        self.connections: set[socket.socket] = set()

    def hang_up(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it may be gone already
            connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    @property
    def _site(self) -> _Server:
        return cast("_Server", self.server)

    def setup(self) -> None:
        super().setup()
        self._site.connections.add(self.connection)
        if self._site.stopping.is_set():
            self._site.hang_up(self.connection)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # clients may leave when they like
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().finish()
        self._site.connections.discard(self.connection)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Stay silent."""

    def version_string(self) -> str:
        return "fake"

    def _serve(self) -> None:
        declared = self.headers.get("content-length") or "0"
        length = int(declared) if declared.isdecimal() else _MAX_BODY + 1
        if length > _MAX_BODY:
            self.send_error(413)
            return
        body = self.rfile.read(length) if length else None
        url = urlsplit(self.path)
        query = tuple(parse_qsl(url.query, keep_blank_values=True))
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        with self._site.arrive(Call(self.command, url.path, query, body), headers) as arrival:
            self._site.stopping.wait(arrival.fault.delay)
            self._reply(arrival.answer(), arrival.fault.broken)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815  the base class's names

    def _reply(self, response: Response | None, broken: Literal["no", "before", "after", "amid"]) -> None:
        self.close_connection = broken != "no"
        if response is None or broken == "after":
            return
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body[: len(response.body) // 2] if broken == "amid" else response.body)


@contextmanager
def serving(arrive: Arrive, prefix: str) -> Generator[str]:
    """Serve until the context ends; every connection is closed then."""
    with _Server(arrive) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{prefix}"
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()
            for connection in tuple(server.connections):
                server.hang_up(connection)
