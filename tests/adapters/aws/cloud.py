"""SQS and DynamoDB on a loopback port: moto over HTTP, made as atomic as they are, with faults on order."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from io import BytesIO
from typing import Literal, TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import attrs
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

Mishap: TypeAlias = Literal["not sent", "reply lost", "late", "hangs", "failed before", "failed after"]
"""What becomes of one request: it does not arrive; it is applied and nobody hears of it; the same, but only
when the test says so; it is not answered before that; the service answers 500 without having applied it, or
with it."""


@attrs.define
class Cloud:
    """The server, and what is to go wrong.

    Attributes:
        url: Where it listens.
        catch_up: Set once what is late may be applied.
        calls: The operations asked for, such as `SendMessage`, in order.
        mishaps: By operation, what becomes of the next requests; `None` is nothing out of the way.
        served: How many requests were handled to their end.
        is_out: Whether every connection is cut.
    """

    url: str = ""
    catch_up: threading.Event = attrs.field(factory=threading.Event)
    calls: list[str] = attrs.field(factory=list)
    mishaps: dict[str, list[Mishap | None]] = attrs.field(factory=dict)
    served: int = 0
    is_out: bool = False

    def fail(self, operation: str, *mishaps: Mishap | None) -> None:
        """Have these befall the next requests of an operation."""
        self.mishaps.setdefault(operation, []).extend(mishaps)

    def count(self, operation: str) -> int:
        """How often it was asked for, served or not."""
        return self.calls.count(operation)


@attrs.frozen
class _Faulty:
    """A WSGI application that cuts connections and serves the others one at a time.

    Moto's own threads would lose a message that is sent while another is deleted, and let two writers of a
    condition win; the real services do not.
    """

    app: WSGIApplication
    cloud: Cloud
    turn: threading.Lock = attrs.field(factory=threading.Lock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
        self.cloud.calls.append(operation)
        planned = self.cloud.mishaps.get(operation)
        mishap = planned.pop(0) if planned else None
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if self.cloud.is_out or mishap == "not sent":
            return _cut(environ, start_response)
        if mishap == "late":
            _cut(environ, start_response)
            self.cloud.catch_up.wait(30)
        if mishap == "hangs":
            self.cloud.catch_up.wait(30)
        if mishap == "failed before":
            return _failed(start_response)
        answer = self._served(environ, operation, body)
        if mishap == "failed after":
            return _failed(start_response)
        if mishap is not None:
            return _cut(environ, start_response)
        start_response(answer.status, list(answer.headers))
        return [answer.data]

    def _served(self, environ: WSGIEnvironment, operation: str, body: bytes) -> Response:
        """Serve it; a long poll is many short ones, so that others get their turn."""
        waits, asked = 0.0, body
        if operation == "ReceiveMessage":
            told = json.loads(body)
            waits = float(told.get("WaitTimeSeconds", 0))
            asked = json.dumps({**told, "WaitTimeSeconds": 0}).encode()
        until = time.monotonic() + waits
        while True:
            with self.turn:
                environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(asked), str(len(asked))
                answer = Response.from_app(self.app, environ, buffered=True)
                self.cloud.served += 1
            if b'"Messages"' in answer.data or time.monotonic() >= until or self.cloud.is_out:
                return answer
            time.sleep(0.02)


def _failed(start_response: StartResponse) -> Iterable[bytes]:
    start_response("500 Internal Server Error", [("content-type", "application/x-amz-json-1.0")])
    return [b'{"__type": "InternalServerError", "message": "try again"}']


def _cut(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    start_response("200 OK", [("content-length", "0")])
    return []


class _Quiet(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Stay silent."""


@contextmanager
def running(port: int = 0) -> Generator[Cloud]:
    """A cloud with nothing in it but what the process has made before: moto keeps one world a process."""
    cloud = Cloud()
    app = DomainDispatcherApplication(create_backend_app)
    server: BaseWSGIServer = make_server(
        "127.0.0.1", port, _Faulty(app, cloud), threaded=True, request_handler=_Quiet
    )
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield cloud
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def waited_for(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until it holds.

    Raises:
        AssertionError: It does not in time.
    """
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
