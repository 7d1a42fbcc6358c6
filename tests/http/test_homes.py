"""A sender in a process or an event loop other than the one that it began in."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import time

import pytest

from sentry_governed import ConfigError
from sentry_governed._http import AsyncHttpSender
from tests.http.makers import GET, endpoint
from tests.http.servers import Server, answering, reply
from tests.http.test_connections import CERTIFICATE

ASK = """
import asyncio, os, sys
from sentry_governed import ConfigError, Request
from sentry_governed._http import AsyncHttpSender, HttpSender
from tests.http.makers import endpoint

bounds = endpoint(sys.argv[1], timeout=5, trust_env=True)

def asking(who):
    return Request("GET", "/{who}/", (("who", who),))

def finish(child, is_good):
    if child == 0:
        os._exit(0 if is_good else 1)
    _, status = os.waitpid(child, 0)
    if status or not is_good:
        sys.exit(f"child {status}, parent {is_good}")
"""
FORK = """
sender = HttpSender(bounds)
sender.send(asking("first"))
child = os.fork()
who = "parent" if child else "child"
answers = {sender.send(asking(who)).body for _ in range(10)}
if child == 0:
    sender.close()
finish(child, answers == {f"/{who}/".encode()})
assert sender.send(asking("last")).body == b"/last/"
sender.close()
"""
ASYNC_FORK = """
async def send():
    async with AsyncHttpSender(bounds) as sender:
        await sender.send(asking("first"))
        child = os.fork()
        if child == 0:
            is_refused = False
            try:
                await sender.send(asking("child"))
            except ConfigError:
                is_refused = True
            await sender.aclose()
            finish(child, is_refused)
        finish(child, True)
        assert (await sender.send(asking("last"))).body == b"/last/"

asyncio.run(send())
"""


def echoing(connection: socket.socket, server: Server) -> None:
    """Answer each request with its path, after a while."""
    while request := server.read_request(connection):
        time.sleep(0.02)
        connection.sendall(reply(200, request.split(b" ")[1]))


def run_against(server: Server, script: str) -> None:
    """Run a script in an interpreter of its own, which has no threads to lose in a fork."""
    trusted = {**os.environ, "SSL_CERT_FILE": str(CERTIFICATE), "no_proxy": "127.0.0.1"}
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", ASK + script, server.origin]
    done = subprocess.run(command, env=trusted, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(params=["http", "https"])
def context(request: pytest.FixtureRequest) -> ssl.SSLContext | None:
    """What a server needs to speak TLS, or nothing."""
    if request.param == "http":
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(CERTIFICATE)
    return made


def test_fork(context: ssl.SSLContext | None) -> None:
    """A forked process gets its own answers over its own connection, and leaves its parent's open."""
    with Server(echoing, context=context) as server:
        run_against(server, FORK)

    assert (len(server.requests), server.connections) == (22, 2)


def test_async_fork(context: ssl.SSLContext | None) -> None:
    """A forked process is told to open a client of its own, and leaves its parent's connection open."""
    with Server(echoing, context=context) as server:
        run_against(server, ASYNC_FORK)

    assert (len(server.requests), server.connections) == (2, 1)


def test_other_loop() -> None:
    """Another event loop than the first is told so, and nothing is sent."""
    with Server(answering(reply(200, b"{}", "Connection: close"))) as server:
        sender = AsyncHttpSender(endpoint(server.origin))
        asyncio.run(sender.send(GET))
        with pytest.raises(ConfigError, match="another event loop"):
            asyncio.run(sender.send(GET))
        asyncio.run(sender.aclose())

        assert len(server.requests) == 1
