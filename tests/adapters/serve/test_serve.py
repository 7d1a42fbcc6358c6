"""`sentry-governed serve` as a process: real HTTP, real files, real signals."""

import http.client
import json
import signal
import time
from pathlib import Path

import pytest

from sentry_governed.adapters.sqlite import SqliteInbox
from sentry_governed.testing import Fault
from tests.adapters.serve.process import Shop, running, until


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Both services."""
    return Shop(tmp_path)


def test_from_webhook_to_task(shop: Shop) -> None:
    """A webhook is answered at once and becomes one task, however often it comes; then the service stops."""
    with shop.open() as config, running("serve", "--config", config) as process:
        webhooks = [shop.webhook() for _ in range(5)]
        for body, headers in [*webhooks, *webhooks]:
            assert process.ask("/webhooks/sentry", body, headers) == (202, '{"verdict": "kept"}')
        assert process.ask("/", b"{}", {"Sentry-Hook-Signature": "0" * 64})[0] == 401
        until(lambda: len(shop.asana.tasks) == 5)
        until(lambda: process.ask("/readyz") == (200, '{"ready": true, "problems": []}\n'))
        with SqliteInbox(shop.folder / "inbox.db") as inbox:
            until(lambda: inbox.stats().waiting == 0)
        counts = process.ask("/metrics")[1]
        process.signal(signal.SIGTERM)

        assert process.end() == 0
    assert len(set(shop.keys)) == len(shop.asana.tasks) == 5
    assert 'sentry_governed_webhooks_total{source="sentry",verdict="kept"} 10.0' in counts
    assert 'sentry_governed_webhooks_total{source="unknown",verdict="refused"} 1.0' in counts
    assert 'sentry_governed_tasks_total{team="Ops"} 5.0' in counts
    assert 'sentry_governed_inbox_messages{state="waiting"} 0.0' in counts


def test_log(shop: Shop) -> None:
    """The log is JSON lines, without a secret and without anything of a payload."""
    with shop.open() as config, running("serve", "--config", config) as process:
        process.ask("/", *shop.webhook())
        process.ask("/path-canary?query-canary", b"body-canary", {"Sentry-Hook-Signature": "header-canary"})
        handled = process.event("handled")
        process.signal(signal.SIGINT)
        assert process.end() == 0

    assert "canary" not in "".join(process.lines)
    kept, refused = [entry for entry in process.events if entry["event"] == "webhook"]
    assert (kept["verdict"], refused["verdict"]) == ("kept", "refused")
    assert kept["request_id"] != refused["request_id"]
    assert str(handled["key"]).startswith("sentry.")
    assert process.events[-1]["event"] == "stopped"


def test_request_id(shop: Shop) -> None:
    """The answer names the request as the log does."""
    with shop.open() as config, running("serve", "--config", config) as process:
        connection = http.client.HTTPConnection(*process.address, timeout=30)
        connection.request("POST", "/", *shop.webhook())
        name = connection.getresponse().headers["x-request-id"]
        connection.close()

        assert process.event("webhook")["request_id"] == name


def test_refused(tmp_path: Path) -> None:
    """Everything that is wrong is said at once, in the settings, the teams file and the environment."""
    (tmp_path / "teams.yaml").write_text("default: Nobody\nteams: [{Name: Ops, Entities: 5}]")
    (tmp_path / "config.yaml").write_text(
        "teams: teams.yaml\n"
        "asana: {token: {secret: PAT}}\n"
        "sentry: {token: {secret: API}}\n"
        "ledger: {dynamodb: {table: 'a b'}}\n"
        "serve: {port: 0, reconcile: {}}\n"
    )
    for arguments in ([], ["--check"]):
        with running("serve", "--config", str(tmp_path / "config.yaml"), *arguments, secrets={}) as process:
            assert process.end() == 1
        said = "".join(process.lines).replace(str(tmp_path), "")
        for problem in (
            "/teams.yaml:1:10: ",
            "/teams.yaml:2:31: ",
            "/config.yaml:2:25: environment variable 'PAT' is not set",
            "/config.yaml:3:26: environment variable 'API' is not set",
            "/config.yaml:4:20: 'a b' cannot be a DynamoDB table",
            "/config.yaml:0:0: there is no inbox (write inbox: {sqlite: inbox.db})",
            "/config.yaml:0:0: there is no secret of webhooks",
        ):
            assert problem in said
        assert said.count("'PAT'") == 1
        assert "Traceback" not in said


def test_check(shop: Shop) -> None:
    """A check says that all is well without listening or making files."""
    with shop.open("{port: 1}") as config, running("serve", "--config", config, "--check") as process:
        assert process.end() == 0
    assert not list(shop.folder.glob("*.db"))


def test_taken_port(shop: Shop) -> None:
    """A port that somebody else has is said in one line."""
    with shop.open() as config, running("serve", "--config", config) as first:
        _, port = first.address
        again = Path(config).read_text().replace("port: 0", f"port: {port}")
        Path(config).write_text(again)
        with running("serve", "--config", config) as second:
            assert second.end() == 1
    assert second.lines == [f"cannot listen on 127.0.0.1 port {port}: address already in use\n"]


def test_drain(shop: Shop) -> None:
    """What was begun is finished after the signal; what only waits is there after the next start."""
    shop.asana.faults.add(Fault.slow(1.5), when=lambda call: call.method == "POST")
    with shop.open("{port: 0, workers: 1}") as config:
        with running("serve", "--config", config) as process:
            process.ask("/", *shop.webhook())
            until(lambda: any(call.method == "POST" for call in shop.asana.calls))
            process.ask("/", *shop.webhook())
            process.signal(signal.SIGTERM)
            assert process.end() == 0
        assert len(shop.asana.tasks) == 1

        with running("serve", "--config", config) as process:
            until(lambda: len(shop.asana.tasks) == 2)
    assert len(set(shop.keys)) == 2


def test_drain_is_bounded(shop: Shop) -> None:
    """What takes longer than the bound is not waited for, and is no failure."""
    shop.asana.faults.add(Fault.slow(15), when=lambda call: call.method == "POST")
    with shop.open("{port: 0, workers: 1, drain: 1s}") as config:
        with running("serve", "--config", config) as process:
            process.ask("/", *shop.webhook())
            until(lambda: any(call.method == "POST" for call in shop.asana.calls))
            process.signal(signal.SIGTERM)
            started = time.monotonic()
            assert process.end() == 0
            assert time.monotonic() - started < 10
        with SqliteInbox(shop.folder / "inbox.db") as inbox:
            (item,) = inbox.list()
    assert item.state == "waiting"
    assert not item.leased
    assert item.reason == "its worker stopped"


def test_second_signal(shop: Shop) -> None:
    """A second signal ends it at once, and the exit code says so."""
    shop.asana.faults.add(Fault.slow(15), when=lambda call: call.method == "POST")
    with shop.open("{port: 0, workers: 1}") as config, running("serve", "--config", config) as process:
        process.ask("/", *shop.webhook())
        until(lambda: any(call.method == "POST" for call in shop.asana.calls))
        process.signal(signal.SIGTERM)
        time.sleep(0.5)
        assert not process.ended
        process.signal(signal.SIGINT)

        assert process.end() == 128 + signal.SIGINT


def test_killed(shop: Shop) -> None:
    """What was answered with 202 is there after SIGKILL."""
    shop.asana.faults.add(Fault.slow(15), when=lambda call: call.method == "POST")
    with shop.open("{port: 0, workers: 1}") as config:
        with running("serve", "--config", config) as process:
            process.ask("/", *shop.webhook())
            until(lambda: any(call.method == "POST" for call in shop.asana.calls))
            for _ in range(3):
                assert process.ask("/", *shop.webhook())[0] == 202
            process.signal(signal.SIGKILL)
            process.end()
        with running("serve", "--config", config):
            until(lambda: len(shop.asana.tasks) >= 3)


def test_not_ready(shop: Shop) -> None:
    """An inbox that cannot be written makes it unready and webhooks 503, and it recovers."""
    with shop.open() as config, running("serve", "--config", config) as process:
        until(lambda: process.ask("/readyz")[0] == 200)
        with SqliteInbox(shop.folder / "inbox.db") as inbox:
            inbox.check()
        import sqlite3

        with sqlite3.connect(shop.folder / "inbox.db", isolation_level=None) as holder:
            holder.execute("BEGIN IMMEDIATE")
            assert process.ask("/", *shop.webhook()) == (503, '{"verdict": "unavailable"}')
            until(lambda: process.ask("/readyz")[0] == 503)
            assert process.ask("/healthz")[0] == 200
            holder.execute("ROLLBACK")
        holder.close()
        until(lambda: process.ask("/readyz")[0] == 200)
        assert json.loads(process.ask("/", *shop.webhook())[1]) == {"verdict": "kept"}


def test_reconciler(shop: Shop) -> None:
    """An issue whose webhook never came gets its task."""
    serve = "{port: 0, reconcile: {every: 10s, grace: 0s}}"
    event = shop.sentry.add_event(shop.issue, tags={"service": "checkout"})
    with shop.open(serve) as config, running("serve", "--config", config) as process:
        until(lambda: len(shop.asana.tasks) == 1)
        process.event("reconciled")
        counts = process.ask("/metrics")[1]
    assert shop.keys[0].endswith(event.id)
    assert 'sentry_governed_reconciled_issues_total{result="created"} 1.0' in counts


def test_late(shop: Shop) -> None:
    """A round of the reconciler that takes too long is left behind, which is no failure."""
    shop.sentry.faults.add(Fault.slow(12), times=None)
    serve = "{port: 0, drain: 1s, reconcile: {every: 10s, grace: 0s}}"
    with shop.open(serve) as config, running("serve", "--config", config) as process:
        until(lambda: process.ask("/readyz")[0] == 200)
        process.signal(signal.SIGTERM)

        assert process.end() == 0
    late = process.event("a part did not end in time; what it began is begun again")
    assert late["part"] == "reconciler"
