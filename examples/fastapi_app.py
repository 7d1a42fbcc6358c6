"""Webhooks in your own FastAPI application: verified, put on an inbox, routed by a worker in the background.

Run it with `uvicorn examples.fastapi_app:app`; run as a script it plays a webhook through itself.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI

import sentry_governed as sg
from sentry_governed.testing import FakeAsana, sentry_event_alert, sign_webhook

SECRET = os.environ.get("SENTRY_CLIENT_SECRET", "client-secret")
TEAMS = """
default: Platform
teams:
- Name: Platform
  AsanaBacklogId: "101"
"""
state = Path(tempfile.mkdtemp())  # give it a directory that stays
asana = FakeAsana()  # in earnest: AsanaConfig(token=...) without a sender
asana.add_project("backlog", gid="101")

inbox = sg.SqliteInbox(state / "inbox.db")
router = sg.Router(
    teams=sg.Teams.parse(TEAMS),
    tasks=sg.TaskBuilder(sg.TaskSettings(default_project="101")),
    asana=sg.AsanaClient(sg.AsanaConfig(token=sg.Secret("asana-token"), sender=asana)),
    ledger=sg.SqliteLedger(state / "ledger.db"),
)


@asynccontextmanager
async def work(_app: FastAPI) -> AsyncGenerator[None]:
    """Route in the background for as long as the application runs."""
    worker = sg.SqliteWorker(inbox, router, threads=2)
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield
    worker.stop()
    thread.join()


app = FastAPI(lifespan=work)
app.mount("/hooks", sg.webhook_app(secrets=sg.WebhookSecrets(sentry=SECRET), inbox=inbox))


@app.get("/inbox")
def how_full() -> dict[str, int]:
    """How many webhooks wait, and how many were put aside."""
    stats = inbox.stats()
    return {"waiting": stats.waiting, "dead": stats.dead, "quarantined": stats.quarantined}


async def play() -> None:
    """Send a webhook, the same again, and a forged one."""
    body, headers = sign_webhook(sentry_event_alert(), SECRET)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app.test")
    async with work(app), client:
        for sent in (body, body, body + b" "):
            answer = await client.post("/hooks/sentry", content=sent, headers=headers)
            print(answer.status_code, answer.json()["verdict"])
        for _ in range(200):
            if not inbox.stats().waiting:
                break
            await asyncio.sleep(0.05)
        print((await client.get("/inbox")).json())
    print(f"{len(asana.tasks)} task")


if __name__ == "__main__":
    asyncio.run(play())
