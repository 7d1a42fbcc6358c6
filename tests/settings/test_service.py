"""The sections that say where things are kept and how they run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.errors import ConfigError
from sentry_governed.settings import (
    DynamoTable,
    NatsBucket,
    NatsStream,
    ReconcileSettings,
    SecretRef,
    SecretSource,
    ServeSettings,
    Settings,
    SqliteFile,
    SqsQueue,
    parse_duration,
)
from tests.settings.test_settings import EXAMPLE, problems

QUEUE = "https://sqs.eu-west-1.amazonaws.com/1/alerts"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{sqlite: ledger.db}", SqliteFile("ledger.db")),
        ("{dynamodb: {table: alerts}}", DynamoTable(table="alerts")),
        (
            "{dynamodb: {table: alerts, region: eu-west-1, endpoint_url: 'http://127.0.0.1:5000'}}",
            DynamoTable(table="alerts", region="eu-west-1", endpoint_url="http://127.0.0.1:5000"),
        ),
        ("{nats: {url: 'nats://a'}}", NatsBucket(url="nats://a")),
        (
            "{nats: {url: 'tls://a,tls://b', bucket: alerts, token: {secret: T}}}",
            NatsBucket(url="tls://a,tls://b", bucket="alerts", token=SecretRef("T")),
        ),
    ],
)
def test_ledger(written: str, expected: object) -> None:
    """A ledger is a file, a table or a bucket."""
    assert Settings.parse(f"ledger: {written}").ledger == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{sqlite: inbox.db}", SqliteFile("inbox.db")),
        (f"{{sqs: {{queue_url: '{QUEUE}'}}}}", SqsQueue(queue_url=QUEUE)),
        (
            (
                f"{{sqs: {{queue_url: '{QUEUE}', dead_letter_url: '{QUEUE}-dead', region: eu-west-1,"
                " endpoint_url: 'http://127.0.0.1:5000'}}"
            ),
            SqsQueue(
                queue_url=QUEUE,
                dead_letter_url=f"{QUEUE}-dead",
                region="eu-west-1",
                endpoint_url="http://127.0.0.1:5000",
            ),
        ),
        ("{nats: {url: 'nats://a', stream: ALERTS}}", NatsStream(url="nats://a", stream="ALERTS")),
        (
            (
                "{nats: {url: 'tls://a', stream: ALERTS, user: me, password: {secret: P}, ca_file: ca.pem,"
                " cert_file: c.pem, key_file: k.pem, allow_plaintext: true}}"
            ),
            NatsStream(
                url="tls://a",
                stream="ALERTS",
                user="me",
                password=SecretRef("P"),
                ca_file="ca.pem",
                cert_file="c.pem",
                key_file="k.pem",
                allow_plaintext=True,
            ),
        ),
        (
            "{nats: {url: 'tls://a', stream: ALERTS, credentials_file: a.creds, nkey_seed: {secret: N}}}",
            NatsStream(url="tls://a", stream="ALERTS", credentials_file="a.creds", nkey_seed=SecretRef("N")),
        ),
    ],
)
def test_inbox(written: str, expected: object) -> None:
    """An inbox is a file, a queue or a stream."""
    assert Settings.parse(f"inbox: {written}").inbox == expected


def test_places_know_theirs() -> None:
    """What cannot be opened is reported where it stands."""
    found = Settings.parse("ledger: {dynamodb: {table: t}}\ninbox: {sqlite: inbox.db}")

    assert found.ledger
    assert found.inbox
    assert [(found.ledger.line, found.ledger.column), (found.inbox.line, found.inbox.column)] == [
        (1, 20),
        (2, 17),
    ]


def test_serve_defaults() -> None:
    """Without its section the endpoint listens on this machine only, and nothing is reconciled."""
    assert Settings.parse("{}").serve == ServeSettings()
    assert ServeSettings().host == "127.0.0.1"
    assert Settings.parse("serve: {reconcile: {}}").serve.reconcile == ReconcileSettings()
    assert ServeSettings().reconcile is None


def test_secrets() -> None:
    """Sources keep their order; the environment is the only one unless others are named."""
    assert Settings.parse("{}").secrets == (SecretSource("env"),)
    assert Settings.parse("secrets: [pulumi_esc, env]").secrets == (
        SecretSource("pulumi_esc"),
        SecretSource("env"),
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("ledger: {dynamodb: {}}", "1:20: this has no table (write key: value)"),
        ("ledger: {dynamodb: x}", "1:20: this should be a mapping (write key: value)"),
        ("ledger: {dynamodb: {tabel: x}}", "1:21: 'tabel' is not known here (did you mean 'table'?)"),
        (
            "ledger: {dynamodb: {table: t, endpoint_url: 'ftp://x'}}",
            "1:45: endpoint_url is not of the form https://host[:port][/path]",
        ),
        ("ledger: {nats: {bucket: b}}", "1:16: this has no url (write key: value)"),
        ("ledger: {nats: {url: u, token: abc}}", "1:32: a secret is not written in this file"),
        ("inbox: {}", "1:8: this should have exactly one key (known: sqlite, sqs, nats)"),
        ("inbox: {sqs: {}}", "1:14: this has no queue_url (write key: value)"),
        (
            "inbox: {sqs: {queue_url: 'https://me:pw@x/q'}}",
            "1:26: queue_url is not of the form https://host[:port][/path]",
        ),
        (
            f"inbox: {{sqs: {{queue_url: '{QUEUE}', dead_letter_url: dead}}}}",
            "1:91: dead_letter_url is not of the form https://host[:port][/path]",
        ),
        ("inbox: {nats: {}}", "1:15: this has no url and no stream (write key: value)"),
        ("serve: {prot: 1}", "1:9: 'prot' is not known here (did you mean 'port'?)"),
        ("serve: {host: 'a b'}", "1:15: host 'a b' is no address; write one such as 127.0.0.1 or ::1"),
        ("serve: {port: 65536}", "1:15: port 65536 is not a whole number from 0 to 65535"),
        ("serve: {port: 80.5}", "1:15: port 80.5 is not a whole number from 0 to 65535"),
        ("serve: {workers: 0}", "1:18: workers 0 is not a whole number from 1 to 64"),
        ("serve: {connections: many}", "1:22: 'many' is not a number"),
        ("serve: {drain: 0.5s}", "1:16: drain is 0.5 s; give 1 s to 600 s"),
        ("serve: {drain: soon}", "1:16: 'soon' is no length of time; write one such as 30s, 10m, 1h"),
        ("serve: {reconcile: {every: 1s}}", "1:28: every is 1 s; give 10 s to 86400 s"),
        ("serve: {reconcile: {since: 1y}}", "1:28: '1y' is no length of time"),
        ("serve: {reconcile: {projects: [Web]}}", "1:31: 'Web' is not a project's slug"),
        (
            "serve: {reconcile: {every: 50m, grace: 11m}}",
            "1:20: since is 3600 s, which does not cover every and grace, 3000 s and 660 s, together",
        ),
        ("serve: {reconcile: 10m}", "1:20: this should be a mapping (write key: value)"),
        ("secrets: env", "1:10: this should be a list (write [one, two])"),
        ("secrets: [evn]", "1:11: 'evn' is not known here (did you mean 'env'?)"),
        ("secrets: []", "1:10: this should name each source of secrets once (write [env])"),
        ("secrets: [env, env]", "1:10: this should name each source of secrets once (write [env])"),
    ],
)
def test_refused(content: str, expected: str) -> None:
    """Each mistake is reported where it stands, with what to write instead."""
    found = problems(content)

    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("90s", 90),
        ("0.5s", 0.5),
        ("10m", 600),
        ("1h", 3600),
        ("1.5h", 5400),
        ("2d", 172_800),
    ],
)
def test_duration(text: str, seconds: float) -> None:
    """A length of time is a number with or without a unit."""
    assert parse_duration(text) == seconds


@given(text=st.text(alphabet="0123456789.smhd -e_\u0661", max_size=8))
def test_any_duration(text: str) -> None:
    """Whatever the text, it is a finite length or is refused."""
    try:
        found = parse_duration(text)
    except ConfigError:
        return
    assert 0 <= found < 1e14
    assert text[0].isascii()


def test_one_file_for_all() -> None:
    """The configuration of a whole service, as the documentation shows it, in one file."""
    found = Settings.load(EXAMPLE)

    assert found.ledger == SqliteFile("ledger.db")
    assert found.inbox == SqliteFile("inbox.db")
    assert found.serve == ServeSettings(
        port=8080, workers=4, reconcile=ReconcileSettings(every=600.0, since=3600.0)
    )
    assert found.secrets == (SecretSource("env"),)
