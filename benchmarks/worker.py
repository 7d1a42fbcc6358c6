"""Alerts that one thread of a SQLite worker routes a second, beside the router alone on the same alerts.

Asana and its answers cost nothing here: what is measured is the inbox, the ledger's file and the router.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path

import sentry_governed as sg
from sentry_governed.testing import sentry_event_alert
from sentry_governed.typing import Ledger

ALERTS = 100
ROUNDS = 5
PROJECT = "11"
TEAMS = f"""
default: Web
teams:
- {{Name: Web, AsanaBacklogId: "{PROJECT}", Entities: [Matchers: ["service:web"]]}}
"""
_numbers = itertools.count(1)


class Instant:
    """An Asana that has made the task already."""

    def send(self, request: sg.Request, *, timeout: float | None = None) -> sg.Response:
        """Say that it is made."""
        del request, timeout
        return sg.Response(
            201, body=b'{"data": {"gid": "7", "permalink_url": "https://app.asana.com/0/1/7"}}'
        )


def webhooks() -> list[sg.InboxMessage]:
    """Alerts that have never been seen."""
    alerts = [
        sentry_event_alert(event=f"{number:032x}", tags={"service": "web"}, level="warning")
        for number in itertools.islice(_numbers, ALERTS)
    ]
    return [
        sg.InboxMessage(
            source="sentry",
            resource="event_alert",
            body=body,
            received_at=time.time(),
            sha256=hashlib.sha256(body).hexdigest(),
        )
        for body in (json.dumps(alert).encode() for alert in alerts)
    ]


def router(ledger: Ledger) -> sg.Router:
    """A router whose Asana answers at once."""
    return sg.Router(
        teams=sg.Teams.parse(TEAMS),
        tasks=sg.TaskBuilder(sg.TaskSettings(default_project=PROJECT)),
        asana=sg.AsanaClient(sg.AsanaConfig(token=sg.Secret("x"), sender=Instant())),
        ledger=ledger,
    )


def _alone(router: sg.Router) -> float:
    messages = webhooks()
    start = time.perf_counter()
    for message in messages:
        outcome = router.handle(sg.decode_alert(message.body))
        assert isinstance(outcome, sg.Created), outcome
    return time.perf_counter() - start


def _worked(router: sg.Router, inbox: sg.SqliteInbox) -> float:
    for message in webhooks():
        inbox.put(message)
    worker = sg.SqliteWorker(inbox, router, threads=1)
    thread = threading.Thread(target=worker.run)
    start = time.perf_counter()
    thread.start()
    while inbox.stats().waiting:
        time.sleep(0.005)
    taken = time.perf_counter() - start
    worker.stop()
    thread.join()
    assert inbox.stats().dead == 0
    return taken


def measure() -> dict[str, float]:
    """Alerts a second, from medians, measured in turns."""
    alone, worked = [], []
    with (
        tempfile.TemporaryDirectory() as directory,
        sg.SqliteLedger(Path(directory) / "ledger.db") as ledger,
        sg.SqliteInbox(Path(directory) / "inbox.db") as inbox,
    ):
        routing = router(ledger)
        for _ in range(ROUNDS):
            alone.append(_alone(routing))
            worked.append(_worked(routing, inbox))
    return {"router alone": ALERTS / statistics.median(alone), "worker": ALERTS / statistics.median(worked)}


if __name__ == "__main__":
    print(measure())
