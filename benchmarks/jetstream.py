"""Alerts a second that one process takes off JetStream, beside the bare loop that fetches and acknowledges.

The server is a process of its own; Asana answers at once and in process, so that what is left is our work,
the broker's and the ledger's.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time

import attrs
import nats
from tests.adapters.nats.server import running

import sentry_governed as sg
from benchmarks.router import PROJECT, TEAMS, alerts
from sentry_governed.asana import AsanaConfig, AsyncAsanaClient
from sentry_governed.routing import AsyncMemoryLedger, AsyncRouter
from sentry_governed.typing import AsyncLedger

MESSAGES = 600
LOOPS = 8
_BODY = json.dumps(
    {"data": {"gid": "1", "permalink_url": "https://app.asana.com/0/0/1", "projects": [{"gid": PROJECT}]}}
).encode()


class Instant:
    """An Asana that has made every task already."""

    async def send(self, request: sg.Request, *, timeout: float | None = None) -> sg.Response:
        """The same answer to everything."""
        del request, timeout
        return sg.Response(status=201, headers=(("content-type", "application/json"),), body=_BODY)


@attrs.define
class Stopwatch:
    """Stops the worker at the last message."""

    left: int
    worker: sg.JetStreamWorker | None = None
    began: float = 0.0
    took: float = 0.0

    def received(self, source: str, verdict: str) -> None:
        """Nothing is received here."""

    def settled(self, outcome: object, settlement: object) -> None:
        """One more."""
        if type(outcome).__name__ != "Created":
            raise SystemExit(f"an alert did not become a task: {outcome} {settlement}")
        self.began = self.began or time.perf_counter()
        self.left -= 1
        if self.left == 0 and self.worker is not None:
            self.took = time.perf_counter() - self.began
            self.worker.stop()


async def _fill(url: str, queue: sg.JetStreamQueue) -> None:
    async with await sg.JetStreamInbox.open(url, queue, timeout=5) as inbox:
        for alert in alerts(MESSAGES):
            body = json.dumps(alert.raw).encode()
            await inbox.put(
                sg.InboxMessage(
                    source="sentry",
                    resource="event_alert",
                    body=body,
                    key=alert.key,
                    received_at=time.time(),
                    sha256=hashlib.sha256(body).hexdigest(),
                )
            )


async def _ours(url: str, name: str, ledger: AsyncLedger) -> float:
    queue = sg.JetStreamQueue(stream=name)
    await _fill(url, queue)
    asana = AsyncAsanaClient(AsanaConfig(token=sg.Secret(name), sender=Instant()))
    router = AsyncRouter(
        teams=sg.Teams.parse(TEAMS),
        tasks=sg.TaskBuilder(sg.TaskSettings(default_project=PROJECT)),
        asana=asana,
        ledger=ledger,
    )
    watch = Stopwatch(MESSAGES)
    watch.worker = sg.JetStreamWorker(url, router, queue=queue, loops=LOOPS, watch=watch)
    await watch.worker.run()
    return (MESSAGES - 1) / watch.took


async def _bare(url: str) -> float:
    queue = sg.JetStreamQueue(stream="BARE")
    await _fill(url, queue)
    client = await nats.connect(url)
    js = client.jetstream()
    await js.pull_subscribe(queue.alerts("*"), durable="bare", stream=queue.stream)
    left = MESSAGES

    async def loop() -> None:
        nonlocal left
        pulling = await js.pull_subscribe_bind("bare", queue.stream)
        while left > 0:
            left -= 1
            (message,) = await pulling.fetch(1, timeout=5)
            json.loads(message.data)
            await message.ack_sync()

    began = time.perf_counter()
    await asyncio.gather(*(loop() for _ in range(LOOPS)))
    took = time.perf_counter() - began
    await client.close()
    return MESSAGES / took


async def _measure(url: str) -> dict[str, float]:
    bare = await _bare(url)
    memory = await _ours(url, "MEMORY", AsyncMemoryLedger())
    async with await sg.NatsLedger.open(url, bucket="bench") as ledger:
        bucket = await _ours(url, "BUCKET", ledger)
    return {"bare fetch and ack": bare, "ledger in memory": memory, "ledger in a bucket": bucket}


def measure() -> dict[str, float]:
    """Messages a second of one process."""
    with running() as server:
        return asyncio.run(_measure(server.url))


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:30} {value:8.0f} a second")
