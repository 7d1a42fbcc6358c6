"""A worker process of the JetStream scenario; what ends it, a supervisor starts again."""

import asyncio
import json
import sys

import sentry_governed as sg
from tests.chaos.harness import async_router_of

QUEUE = sg.JetStreamQueue(stream="CHAOS", ack_wait=3.0)


async def work(text: str) -> None:
    """Work until somebody ends the process."""
    told = json.loads(text)
    while True:
        try:
            async with await sg.NatsLedger.open(told["nats"], bucket="chaos") as ledger:
                await sg.JetStreamWorker(
                    told["nats"], async_router_of(told, ledger), queue=QUEUE, loops=4
                ).run()
        except (sg.InboxError, sg.LedgerError):
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
