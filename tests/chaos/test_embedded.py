"""Webhooks to `sentry-governed serve` and its SQLite files, while its processes are killed."""

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

import sentry_governed as sg
from tests.adapters.nats.server import free_port
from tests.chaos.harness import SECRET, Crew, Told, Webhook, alerts_wanted, services, until
from tests.routing.makers import DEFAULT, DEV, RELEASES, TEAMS, UUID

SEED = 20_261_121
LONGEST = 60.0
PROCESSES = 3
CONFIG = """
teams: teams.yaml
sentry:
  base_url: {sentry}
  allow_http: true
  org: acme
  token: {{secret: TOKEN}}
  webhook_secrets: [{{secret: SECRET}}]
  installation: {{uuid: {uuid}, token: {{secret: INTEGRATION}}}}
asana:
  base_url: {asana}
  allow_http: true
  token: {{secret: TOKEN}}
  default_project: "{default}"
  dev_project: "{dev}"
  release_portfolio: "{releases}"
routing: {{lease: 5s, create_timeout: 3s, clock_skew: 1s, consistency_delay: 4s, retry_after: 0.5s}}
ledger: {{sqlite: ledger.db}}
inbox: {{sqlite: inbox.db}}
serve: {{port: {port}, workers: 4, lease: 3s}}
"""


def commands(folder: Path, told: Told, ports: Sequence[int]) -> list[list[str]]:
    """One service for each port; all share the files of a folder."""
    (folder / "teams.yaml").write_text(TEAMS)
    gids = {"uuid": UUID, "default": DEFAULT, "dev": DEV, "releases": RELEASES}
    for port in ports:
        (folder / f"{port}.yaml").write_text(CONFIG.format(port=port, **gids, **told))
    program = str(Path(sys.executable).with_name("sentry-governed"))
    return [[program, "serve", "--config", str(folder / f"{port}.yaml")] for port in ports]


def send(client: httpx.Client, webhook: Webhook, ports: Iterator[int]) -> None:
    """Send it to one service after the other until it is accepted, as a sender does that tries again."""
    end = time.monotonic() + LONGEST
    while True:
        url = f"http://127.0.0.1:{next(ports)}/"
        try:
            answer = client.post(url, content=webhook.body, headers=dict(webhook.headers))
        except httpx.TransportError:
            status = 0
        else:
            status = answer.status_code
        if status == 202:
            return
        assert status in {0, 503}
        assert time.monotonic() < end
        time.sleep(0.05)


def test_embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever dies whenever, and whatever fails: one task an alert, and no dead letter."""
    for name, value in {"TOKEN": "token", "SECRET": SECRET, "INTEGRATION": "integration-token"}.items():
        monkeypatch.setenv(name, value)
    count, ports = alerts_wanted(), [free_port() for _ in range(PROCESSES)]
    with services(SEED) as site:
        webhooks, turns = site.webhooks(count), itertools.cycle(ports)
        inbox = sg.SqliteInbox(tmp_path / "inbox.db", timeout=30.0)
        with Crew(commands(tmp_path, site.told, ports), seed=SEED) as crew, httpx.Client() as client:
            for number, webhook in enumerate(webhooks):
                send(client, webhook, turns)
                if number % 7 == 0:
                    send(client, webhook, turns)
            until(lambda: inbox.stats().waiting <= count / 5, LONGEST + count / 5)
            crew.spare()
            until(lambda: inbox.stats().waiting == 0, LONGEST + count / 5)
            assert crew.deaths > 0
            assert crew.ended == 0
        stats = inbox.stats()
        inbox.close()

        assert (stats.dead, stats.quarantined) == (0, 0)
        site.check(webhooks)
