"""What a governed call costs beside a bare httpx call: the same request, the same loopback server."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from statistics import median

import httpx

from sentry_governed import Guard, MemoryAudit, Operation, Policy, Request, Response, Secret
from sentry_governed._http import Endpoint, Flow, HttpSender, RetryingSender, Service, bearer, run, send

ROUNDS = 3000
WARM_UP = 200
BODY = b'{"id": "1", "project": {"slug": "web"}, "pad": "' + b"x" * 4000 + b'"}'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
OPERATION = Operation("issues.get", "read", "project", org="my-org", projects=("web",), resource="1")
REQUEST = Request(
    "GET", "/api/0/organizations/{org}/issues/{issue_id}/", (("org", "my-org"), ("issue_id", "1"))
)


def serve() -> None:
    """Answer every request on every connection; print the port first."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        seen = b""
        while chunk := connection.recv(65536):
            seen += chunk
            if seen.endswith(b"\r\n\r\n"):
                connection.sendall(REPLY)
                seen = b""


def measure() -> dict[str, float]:
    """Median microseconds a call, both measured turn by turn in one run."""
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        origin = f"http://127.0.0.1:{int(server.stdout.readline())}"
        try:
            return _measure(origin)
        finally:
            server.kill()


def _measure(origin: str) -> dict[str, float]:
    endpoint = Endpoint(base_url=origin, credentials=(bearer(Secret("token")),), allow_http=True)
    times: dict[str, list[float]] = {"bare httpx": [], "flow": []}
    with httpx.Client(headers={"Authorization": "Bearer token"}) as bare, HttpSender(endpoint) as sender:
        guard = Guard(Policy(allowed_orgs=["my-org"]), audit=MemoryAudit())
        services = {"sentry": Service(RetryingSender(sender), guard)}
        url = f"{origin}/api/0/organizations/my-org/issues/1/"
        for round_number in range(WARM_UP + ROUNDS):
            start = time.perf_counter()
            expected = bare.get(url).content
            middle = time.perf_counter()
            answer = run(_flow(), services)
            end = time.perf_counter()
            if answer.body != expected:
                raise SystemExit("the two calls got different answers")
            if round_number >= WARM_UP:
                times["bare httpx"].append(middle - start)
                times["flow"].append(end - middle)
    return {name: median(values) * 1e6 for name, values in times.items()}


def _flow() -> Flow[Response]:
    return (yield from send("sentry", OPERATION, REQUEST))


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    for name, microseconds in measure().items():
        print(f"{name:12} {microseconds:8.1f} us")
