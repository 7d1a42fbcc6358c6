"""Connecting: each kind of credentials, TLS both ways, and nothing said to whoever only pretends."""

import asyncio
import datetime as dt
import ipaddress
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import nkeys  # type: ignore[import-untyped]  # it has no stubs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sentry_governed import Secret
from sentry_governed.adapters.nats import NatsConfig, NatsLedger
from sentry_governed.errors import ConfigError, LedgerError
from tests.adapters.nats.server import NatsServer, running

TOKEN = Secret("canary-token")


async def works(config: NatsConfig) -> bool:
    """Whether a ledger can be opened, and answers."""
    async with await NatsLedger.open(config) as ledger:
        return await ledger.get("k") is None


def hasty(url: str, **fields: object) -> NatsConfig:
    """A configuration that gives up soon."""
    return NatsConfig(servers=(url,), connect_timeout=1.0, **fields)  # type: ignore[arg-type]  # the test's


@pytest.mark.parametrize(
    ("config", "right", "wrong"),
    [
        ('authorization {token: "canary-token"}', {"token": TOKEN}, {"token": Secret("other")}),
        (
            'authorization {user: "me", password: "canary-token"}',
            {"user": "me", "password": TOKEN},
            {"user": "me", "password": Secret("other")},
        ),
    ],
)
async def test_credentials(config: str, right: dict[str, object], wrong: dict[str, object]) -> None:
    """The right ones open, wrong ones and none are refused in bounded time."""
    with running(config=config) as server:
        assert await works(hasty(server.url, **right))
        for fields in (wrong, {}):
            with pytest.raises(LedgerError, match="Authorization Violation"):
                await works(hasty(server.url, **fields))


async def test_nkey() -> None:
    """A seed proves who asks without being sent."""
    seed = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER)
    public = nkeys.from_seed(bytearray(seed)).public_key.decode()
    with running(config=f"authorization {{users: [{{nkey: {public}}}]}}") as server:
        assert await works(hasty(server.url, nkey_seed=Secret(seed.decode())))
        with pytest.raises(LedgerError, match="Authorization Violation"):
            await works(hasty(server.url))


async def test_refused_quietly(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the error nor the log shows a token that was refused."""
    caplog.set_level(logging.DEBUG)
    with running(config='authorization {token: "right"}') as server, pytest.raises(LedgerError) as caught:
        await works(hasty(server.url, token=TOKEN))

    assert "canary" not in str(caught.value) + caplog.text


@attrs.frozen
class Certificates:
    """An authority and a certificate for this machine that it signed."""

    ca: Path
    cert: Path
    key: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made anew."""
    where = tmp_path_factory.mktemp("tls")
    made = Certificates(where / "ca.pem", where / "cert.pem", where / "key.pem")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nats")])
    now = dt.datetime.now(dt.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    made.ca.write_bytes(cert)
    made.cert.write_bytes(cert)
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made


@pytest.fixture(scope="module")
def tls_server(certificates: Certificates) -> Iterator[NatsServer]:
    """A server that asks clients for certificates too."""
    files = f'cert_file: "{certificates.cert}", key_file: "{certificates.key}", ca_file: "{certificates.ca}"'
    with running(config=f"tls {{{files}, verify: true}}") as server:
        server.url = server.url.replace("nats://", "tls://")
        yield server


async def test_tls(tls_server: NatsServer, certificates: Certificates) -> None:
    """A server is checked against the authority that is named, and checks the client's certificate."""
    both = {"cert_file": certificates.cert, "key_file": certificates.key}

    assert await works(hasty(tls_server.url, ca_file=certificates.ca, **both))
    with pytest.raises(LedgerError, match="certificate verify failed"):
        await works(hasty(tls_server.url, **both))


@pytest.mark.parametrize("fields", [{"ca_file": "missing.pem"}, {"cert_file": __file__}])
async def test_bad_certificates(tls_server: NatsServer, fields: dict[str, object]) -> None:
    """Files that cannot be used are reported before anything is sent."""
    with pytest.raises(ConfigError, match="the certificates of NatsConfig cannot be used"):
        await works(hasty(tls_server.url, **fields))


async def test_no_credentials_file(server: NatsServer) -> None:
    """A credentials file that is not there is named."""
    with pytest.raises(ConfigError, match=r"missing\.creds: there is no such credentials file"):
        await works(hasty(server.url, credentials_file="missing.creds"))


async def test_downgrade() -> None:
    """A server that answers a `tls://` address without offering TLS is told nothing at all."""
    heard = bytearray()

    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.10.0","max_payload":1048576,"headers":true}\r\n')
        heard.extend(await reader.read(1000))
        writer.close()

    listening = await asyncio.start_server(pretend, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]

    with pytest.raises(LedgerError, match="the server does not offer TLS"):
        await works(hasty(f"tls://127.0.0.1:{port}", token=TOKEN))

    listening.close()
    assert bytes(heard) == b""


@pytest.mark.parametrize(("missing", "problem"), [("nats", "NATS needs"), ("nkeys", "nkeys need")])
def test_missing_extra(server: NatsServer, missing: str, problem: str) -> None:
    """Without the extra the error holds the pip command; importing the module needs none."""
    code = f"""
import asyncio, sys
sys.modules[{missing!r}] = None
from sentry_governed import Secret
from sentry_governed.adapters.nats import NatsConfig, NatsLedger
from sentry_governed.errors import MissingExtraError
try:
    asyncio.run(NatsLedger.open(NatsConfig(servers={server.url!r}, nkey_seed=Secret("SU"))))
except MissingExtraError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert run.stdout == f"{problem} an extra: pip install 'sentry-governed[nats]'\n"


async def test_outage_in_the_log(fragile: NatsServer, caplog: pytest.LogCaptureFixture) -> None:
    """An outage is in the log once for each reason, however long it is tried; so is its end."""
    async with await NatsLedger.open(fragile.url, timeout=0.5) as ledger:
        fragile.kill()
        await asyncio.sleep(2.5)
        fragile.start()
        async with asyncio.timeout(10):
            while "connected again" not in caplog.text:  # noqa: ASYNC110 - it is another library that logs
                await asyncio.sleep(0.05)
        assert await ledger.get("k") is None

    lines = [record.message for record in caplog.records if record.name == "sentry_governed"]
    assert len(lines) == len(set(lines))
    assert lines[-1] == "NATS: connected again"
