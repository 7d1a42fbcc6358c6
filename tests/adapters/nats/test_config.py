"""Where a server is and how to prove who asks: what cannot be meant is refused, and nothing is shown."""

import pickle
from pathlib import Path

import pytest

from sentry_governed import Secret
from sentry_governed.adapters.nats import NatsConfig
from sentry_governed.errors import ConfigError

LOCAL = "nats://127.0.0.1:4222"
SECRET = Secret("SUCANARY")


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        (LOCAL, (LOCAL,)),
        ("tls://a:1,tls://b:2", ("tls://a:1", "tls://b:2")),
        (["nats://[::1]:4222", "nats://host"], ("nats://[::1]:4222", "nats://host")),
        ("wss://host:443/", ("wss://host:443/",)),
    ],
)
def test_servers(servers: str | list[str], expected: tuple[str, ...]) -> None:
    """One address, several in a text, or a list."""
    assert NatsConfig(servers=servers).servers == expected


@pytest.mark.parametrize(
    "server",
    [
        "",
        "host",
        "host:4222",
        "http://host",
        "nats://",
        "nats://h:x",
        "nats://h:0",
        "nats://h/x",
        "nats://h?y",
    ],
)
def test_bad_server(server: str) -> None:
    """What is no address is named, with one that is."""
    with pytest.raises(ConfigError, match="is no NATS address; write one such as"):
        NatsConfig(servers=server)


@pytest.mark.parametrize("server", ["nats://me:SUCANARY@host:1", "tls://SUCANARY@host:1"])
def test_credentials_in_address(server: str) -> None:
    """An address with credentials is refused without showing them."""
    with pytest.raises(ConfigError, match="holds credentials") as caught:
        NatsConfig(servers=server)

    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"servers": ()}, "names no server"),
        ({"servers": (LOCAL, "tls://b")}, "with and without TLS"),
        ({"servers": (LOCAL, "ws://b")}, "mixes web sockets"),
        ({"user": "me"}, "only one of user and password"),
        ({"password": SECRET}, "only one of user and password"),
        ({"token": SECRET, "nkey_seed": SECRET}, "more than one kind"),
        ({"servers": ("tls://a",), "key_file": "k"}, "key_file without its cert_file"),
        ({"ca_file": "ca.pem"}, "certificates for a connection without TLS"),
        ({"connect_timeout": 0}, "connect_timeout is 0"),
        ({"connect_timeout": 301}, "connect_timeout is 301"),
    ],
)
def test_contradiction(fields: dict[str, object], problem: str) -> None:
    """Values that do not fit together are refused."""
    with pytest.raises(ConfigError, match=problem):
        NatsConfig(**{"servers": (LOCAL,), **fields})  # type: ignore[arg-type]  # some are wrong on purpose


@pytest.mark.parametrize(
    "fields",
    [
        {"token": SECRET},
        {"user": "me", "password": SECRET},
        {"credentials_file": Path("me.creds")},
        {"nkey_seed": SECRET},
    ],
)
def test_clear_text(fields: dict[str, object]) -> None:
    """Credentials go to another machine in clear text only when that is asked for."""
    with pytest.raises(ConfigError, match=r"credentials for 'nats\.example\.com' would travel in clear text"):
        NatsConfig(servers=("nats://nats.example.com",), **fields)  # type: ignore[arg-type]  # mixed

    for allowed in ({"servers": ("tls://nats.example.com",)}, {"servers": (LOCAL,)}):
        assert NatsConfig(**allowed, **fields).has_credentials  # type: ignore[arg-type]  # mixed
    assert NatsConfig(servers=("ws://other",), allow_plaintext=True, **fields).has_credentials  # type: ignore[arg-type]  # mixed


def test_secret() -> None:
    """Neither its repr nor a pickle gives a secret away."""
    config = NatsConfig(servers=(LOCAL,), token=SECRET)

    assert "CANARY" not in repr(config)
    with pytest.raises(TypeError):
        pickle.dumps(config)
