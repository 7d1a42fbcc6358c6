"""How connections come about: addresses, TLS, proxies, and what happens when they do not."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentry_governed import ConfigError, NotSent, ReplyLost
from sentry_governed._http import AsyncHttpSender, HttpSender
from tests.http.conftest import Drive
from tests.http.makers import GET, endpoint, method, within
from tests.http.servers import Server, answering, deaf, dripping, reply, saying, silent

POST = method("POST", body=b'{"a": 1}')


CERTIFICATE = Path(__file__).parent / "data" / "loopback.pem"


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    """What a TLS server needs, with the certificate that the tests trust."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(CERTIFICATE)
    return made


def test_tls(drive: Drive, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over TLS a request goes through when the environment, if asked, names the authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with Server(answering(reply()), context=context) as server:
        answers = drive.http(endpoint(server.origin, trust_env=True), GET, GET)

    assert [answer.status for answer in answers] == [200, 200]
    assert server.connections == 1


def test_unknown_authority(drive: Drive, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that is not trusted ends it before anything is sent; the environment has no say."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with Server(answering(reply()), context=context) as server:
        with pytest.raises(NotSent, match="certificate verify failed"):
            drive.http(endpoint(server.origin), POST)

        assert server.requests == []


def test_tls_drip(drive: Drive, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline holds over TLS too."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    drips = dripping(b"HTTP/1.1 200 OK" * 30)
    with within(2.5), Server(drips, context=context) as server, pytest.raises(ReplyLost, match="in time"):
        drive.http(endpoint(server.origin, trust_env=True, timeout=0.5), GET)


def test_no_tls(drive: Drive) -> None:
    """A server that does not speak TLS, or is silent about it, gets no request."""
    for play in (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), deaf):
        with Server(play) as server, within(3), pytest.raises(NotSent, match="no connection"):
            drive.http(endpoint(server.origin.replace("http:", "https:"), connect_timeout=0.3), POST)


@pytest.mark.parametrize("is_asked", [False, True])
def test_proxy(is_asked: bool, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is used only when that was asked for."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Server(answering(reply(202))) as proxy, Server(answering(reply(200))) as server:
        monkeypatch.setenv("http_proxy", proxy.origin)
        (answer,) = drive.http(endpoint(server.origin, trust_env=is_asked), GET)

    assert (answer.status, len(proxy.requests), len(server.requests)) == (
        (202, 1, 0) if is_asked else (200, 0, 1)
    )


def test_bare_proxy(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy for everything, named without a scheme, is an http one; its password goes to it alone."""
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Server(answering(reply(202))) as proxy:
        monkeypatch.setenv("all_proxy", f"user:pw@127.0.0.1:{proxy.port}")
        (answer,) = drive.http(endpoint("http://sentry.example", trust_env=True), GET)

    assert answer.status == 202
    assert proxy.requests[0].startswith(b"GET http://sentry.example:80/issues/1/ HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNlcjpwdw==\r\n" in proxy.requests[0]


def test_no_proxy(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's exceptions are kept."""
    with Server(answering(reply(200))) as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")

        assert drive.http(endpoint(server.origin, trust_env=True), GET)[0].status == 200


def test_socks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of proxy that could not keep the deadline is a mistake of the configuration."""
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")
    with pytest.raises(ConfigError, match="socks5"):
        HttpSender(endpoint("https://sentry.io", trust_env=True))


def resolving(patch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let the host `many.example` have these addresses."""
    real = socket.getaddrinfo

    def resolve(host: str | bytes, port: int, *args: int, **kwargs: int) -> list[object]:
        if host not in ("many.example", b"many.example"):
            return [*real(host, port, *args, **kwargs)]
        kind = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, ""
        return [(*kind, (address, port)) for address in addresses]

    patch.setattr(socket, "getaddrinfo", resolve)


def test_next_address(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host is tried at each of its addresses."""
    resolving(monkeypatch, "127.0.0.2", "127.0.0.1")
    with Server(answering(reply())) as server:
        (answer,) = drive.http(endpoint(f"http://many.example:{server.port}"), POST)

    assert answer.status == 200
    assert f"Host: many.example:{server.port}\r\n".encode() in server.requests[0]


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port on which connections are not accepted in time, on any loopback address."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("0.0.0.0", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port


def test_full_backlog(drive: Drive) -> None:
    """A host that does not accept in time: it was not sent, and the wait is the connection's own bound."""
    with full_backlog() as port, within(3), pytest.raises(NotSent, match="no connection"):
        drive.http(endpoint(f"http://127.0.0.1:{port}", connect_timeout=0.3), POST)


def test_dead_addresses(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """All addresses of a host together get the time of one."""
    resolving(monkeypatch, *(f"127.0.0.{last}" for last in range(2, 12)))
    with full_backlog() as port, within(2), pytest.raises(NotSent, match="no connection"):
        drive.http(endpoint(f"http://many.example:{port}", connect_timeout=0.3), POST)


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_refused_connection(drive: Drive) -> None:
    """Nobody listens: it was not sent."""
    with pytest.raises(NotSent, match=r"POST /issues/\{issue_id\}/: no connection"):
        drive.http(endpoint(f"http://127.0.0.1:{closed_port()}"), POST)


def test_unknown_host(drive: Drive) -> None:
    """A host that does not resolve: it was not sent."""
    with pytest.raises(NotSent, match="no connection"):
        drive.http(endpoint("http://nobody.invalid"), POST)


def test_full_pool() -> None:
    """When all connections stay busy, one request more was not sent."""

    async def crowd(origin: str) -> None:
        bounds = endpoint(origin, timeout=20, connect_timeout=1)
        async with AsyncHttpSender(bounds) as sender:
            busy = [asyncio.ensure_future(sender.send(GET)) for _ in range(100)]
            while len(server.requests) < 100:  # noqa: ASYNC110  # the server is a thread
                await asyncio.sleep(0.01)
            with pytest.raises(NotSent, match="PoolTimeout"):
                await sender.send(POST)
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)

    with Server(silent) as server:
        asyncio.run(crowd(server.origin))

    assert len(server.requests) == 100
