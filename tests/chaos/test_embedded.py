"""Webhooks through a real server and SQLite files, while the server and the workers are killed."""

import socket
import time
from pathlib import Path

import httpx

import sentry_governed as sg
from tests.chaos.harness import Crew, Webhook, alerts_wanted, program, services, until

SEED = 20_261_121
LONGEST = 60.0


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def send(client: httpx.Client, webhook: Webhook) -> None:
    """Send it until it is accepted, as a sender does that tries again."""
    end = time.monotonic() + LONGEST
    while True:
        try:
            answer = client.post("/", content=webhook.body, headers=dict(webhook.headers))
        except httpx.TransportError:
            status = 0
        else:
            status = answer.status_code
        if status == 202:
            return
        assert status in {0, 503}
        assert time.monotonic() < end
        time.sleep(0.05)


def test_embedded(tmp_path: Path) -> None:
    """Whoever dies whenever, and whatever fails: one task an alert, and no dead letter."""
    count, port = alerts_wanted(), free_port()
    inbox = sg.SqliteInbox(tmp_path / "inbox.db", timeout=30.0)
    files = {"inbox": str(tmp_path / "inbox.db"), "ledger": str(tmp_path / "ledger.db"), "port": str(port)}
    with services(SEED) as site:
        told = {**site.told, **files}
        commands = [program("tests.chaos.embedded", role, told) for role in ("web", "work", "work", "work")]
        webhooks = site.webhooks(count)
        with Crew(commands, seed=SEED) as crew, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for number, webhook in enumerate(webhooks):
                send(client, webhook)
                if number % 7 == 0:
                    send(client, webhook)
            until(lambda: inbox.stats().waiting <= count / 5, LONGEST + count / 5)
            crew.spare()
            until(lambda: inbox.stats().waiting == 0, LONGEST + count / 5)
            assert crew.deaths > 0
            assert crew.ended == 0
        stats = inbox.stats()
        inbox.close()

        assert (stats.dead, stats.quarantined) == (0, 0)
        site.check(webhooks)
