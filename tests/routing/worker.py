"""A worker process: it handles each alert that a line of its input holds, and prints each outcome on a line.

Its argument is JSON: the addresses of the services, the ledger's file, and what befalls it.
"""

import json
import os
import resource
import signal
import sqlite3
import sys
import time

import sentry_governed as sg
from sentry_governed._values import LedgerRecord
from sentry_governed.alerts import Alert
from sentry_governed.asana import AsanaClient, AsanaConfig
from sentry_governed.routing import Router, SqliteLedger
from sentry_governed.sentry import Installation, SentryClient, SentryConfig

told = json.loads(sys.argv[1])


class MortalLedger:
    """A ledger at one of whose writes the process kills itself."""

    def __init__(self, path: str, kill: str | None) -> None:
        self._ledger = SqliteLedger(path, timeout=told.get("timeout", 30))
        self._kill = kill

    def get(self, key: str) -> LedgerRecord | None:
        return self._ledger.get(key)

    def put(self, key: str, value: str, *, expected: int | None, expires_at: float) -> LedgerRecord | None:
        name = "chain" if key.startswith("chain.") else json.loads(value)["state"]
        self._die_at(f"before {name}")
        written = self._ledger.put(key, value, expected=expected, expires_at=expires_at)
        self._die_at(f"after {name}")
        return written

    def _die_at(self, point: str) -> None:
        if point == self._kill:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Say that it is ready, and handle what comes."""
    asana = AsanaConfig(token=sg.Secret("asana-token"), base_url=told["asana"], allow_http=True)
    integration = Installation(told["uuid"], sg.Secret(told["integration_token"]))
    sentry = SentryConfig(
        token=sg.Secret("sentry-token"),
        org="acme",
        base_url=told["sentry"],
        integration=integration,
        allow_http=True,
    )
    router = Router(
        teams=sg.Teams.parse(told["teams"]),
        tasks=sg.TaskBuilder(sg.TaskSettings(default_project=told["default_project"])),
        asana=AsanaClient(asana),
        sentry=SentryClient(sentry, guard=sg.AllowAll()),
        ledger=MortalLedger(told["ledger"], told.get("kill")),
    )
    sqlite3.connect(":memory:").close()  # loaded while the files of the interpreter may still be read
    if "most_bytes" in told:
        resource.setrlimit(resource.RLIMIT_FSIZE, (told["most_bytes"], resource.RLIM_INFINITY))
    if told.get("is_nobody") and os.geteuid() == 0:
        os.setuid(65534)
    say("ready")
    for line in sys.stdin:
        start, _, body = line.partition(" ")
        alert = sg.decode_alert(body.encode())
        assert isinstance(alert, Alert)
        while time.time() < float(start):
            pass
        outcome = router.handle(alert)
        say(f"{type(outcome).__name__} {getattr(outcome, 'reason', '')}")


def say(line: str) -> None:
    """Write it where the parent reads it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
