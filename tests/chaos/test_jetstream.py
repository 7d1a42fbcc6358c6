"""Webhooks through a stream of a real NATS server, while the server and four workers are killed."""

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import nats
import pytest

import sentry_governed as sg
from tests.adapters.nats.server import NatsServer, running
from tests.chaos.harness import Crew, Webhook, alerts_wanted, program, services
from tests.chaos.jetstream import QUEUE

SEED = 20_261_121
LONGEST = 60.0


def message_of(webhook: Webhook) -> sg.InboxMessage:
    """What the endpoint makes of a webhook."""
    return sg.InboxMessage(
        source="sentry",
        resource=webhook.headers["Sentry-Hook-Resource"],
        body=webhook.body,
        key=webhook.key,
        received_at=time.time(),
        sha256=hashlib.sha256(webhook.body).hexdigest(),
    )


async def send(inbox: sg.JetStreamInbox, webhook: Webhook) -> None:
    """Put it until it is taken, as a sender does that tries again."""
    async with asyncio.timeout(LONGEST):
        while True:
            try:
                return await inbox.put(message_of(webhook))
            except sg.InboxError:
                await asyncio.sleep(0.05)


async def publish_bare(server: NatsServer, webhooks: Sequence[Webhook]) -> None:
    """Another producer sends some of them again, without the id by which the stream would know them."""
    client = await nats.connect(server.url)
    for webhook in webhooks:
        headers = {"Sentry-Hook-Resource": webhook.headers["Sentry-Hook-Resource"]}
        await client.jetstream().publish(QUEUE.alerts("sentry"), webhook.body, headers=headers, timeout=10)
    await client.close()


@asynccontextmanager
async def restarting(server: NatsServer) -> AsyncIterator[list[float]]:
    """Kill the server now and then, and start it again on its files; gives the times at which it was."""
    choice, deaths = random.Random(SEED), list[float]()

    async def restart() -> None:
        while True:
            await asyncio.sleep(choice.uniform(1.5, 3.0))
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(choice.uniform(0.0, 0.5))
            await asyncio.to_thread(server.start)
            deaths.append(time.monotonic())

    restarts = asyncio.create_task(restart())
    try:
        yield deaths
    finally:
        restarts.cancel()
        with pytest.raises(asyncio.CancelledError):
            await restarts
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)


async def waiting(inbox: sg.JetStreamInbox, most: float, seconds: float) -> None:
    """Wait until no more than so many messages are in the queue."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                if (await inbox.stats()).waiting <= most:
                    return
            except sg.InboxError:
                pass
            await asyncio.sleep(0.1)


async def test_jetstream() -> None:
    """Whoever dies whenever, and whatever fails: one task an alert, and no dead letter."""
    count = alerts_wanted()
    with running() as server, services(SEED) as site:
        webhooks = site.webhooks(count)
        workers = [program("tests.chaos.jetstream", {**site.told, "nats": server.url})] * 4
        async with await sg.JetStreamInbox.open(server.url, QUEUE) as inbox:
            with Crew(workers, seed=SEED) as crew:
                async with restarting(server) as deaths:
                    for webhook in webhooks:
                        await send(inbox, webhook)
                    with suppress(TimeoutError):  # where the machine is slow, so that all die too young
                        await waiting(inbox, count / 5, 15.0 + count / 10)
                await asyncio.to_thread(crew.spare)
                await publish_bare(server, webhooks[::7])
                await waiting(inbox, 0, LONGEST + count / 5)
                assert crew.deaths > 0
                assert deaths
            stats = await inbox.stats()

        assert (stats.dead, stats.quarantined) == (0, 0)
        site.check(webhooks)
