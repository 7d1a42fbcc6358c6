"""The running service as its operator has it: a process, its log, its port, and signals."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sentry_governed.testing import FakeAsana, FakeSentry, sign_webhook

PATIENCE = 30.0
SECRETS = {"PAT": "asana-canary", "API": "sentry-canary", "HOOK": "hook-canary"}
COMMAND = [sys.executable, "-c", "from sentry_governed.cli import main; main()"]


def until(found: Callable[[], object]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


class Process:
    """A running `sentry-governed`."""

    def __init__(self, *arguments: str, secrets: Mapping[str, str] = SECRETS) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, *arguments], env={**os.environ, **secrets}, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr
        self.lines.extend(iter(self._process.stderr.readline, ""))

    @property
    def events(self) -> list[dict[str, object]]:
        """The log so far."""
        return [json.loads(line) for line in tuple(self.lines)]

    def event(self, name: str) -> dict[str, object]:
        """The first event of a name, once it is there."""
        until(lambda: self.ended or any(entry["event"] == name for entry in self.events))
        return next(entry for entry in self.events if entry["event"] == name)

    @property
    def ended(self) -> bool:
        """Whether it has."""
        return self._process.poll() is not None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, once it does."""
        started = self.event("started")
        return str(started["host"]), int(str(started["port"]))

    def ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """The status and the body that it answers with."""
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Its exit code, once it has ended."""
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def kill(self) -> None:
        """End it, whatever it does."""
        if not self.ended:
            self._process.kill()
        self.end()
        if self._process.stderr:
            self._process.stderr.close()


@contextmanager
def running(*arguments: str, secrets: Mapping[str, str] = SECRETS) -> Generator[Process]:
    """A process that is ended with the test."""
    process = Process(*arguments, secrets=secrets)
    try:
        yield process
    finally:
        process.kill()


class Shop:
    """Both services on loopback ports, and a configuration between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asana = FakeAsana(token=SECRETS["PAT"])
        self.asana.add_project("Backlog", gid="11")
        self.sentry = FakeSentry(token=SECRETS["API"])
        self.issue = self.sentry.add_issue("acme", "web").id

    @contextmanager
    def open(self, serve: str = "{port: 0}", *, more: str = "inbox: {sqlite: inbox.db}") -> Generator[str]:
        """The path of the configuration."""
        with self.asana.serve() as asana, self.sentry.serve() as sentry:
            (self.folder / "teams.yaml").write_text(
                'default: Ops\nteams: [{Name: Ops, AsanaBacklogId: "11"}]'
            )
            (self.folder / "config.yaml").write_text(f"""
teams: teams.yaml
asana: {{base_url: "{asana}", allow_http: true, token: {{secret: PAT}}}}
sentry:
  {{base_url: "{sentry}", allow_http: true, org: acme, token: {{secret: API}},
   webhook_secrets: [{{secret: HOOK}}]}}
ledger: {{sqlite: ledger.db}}
serve: {serve}
{more}
""")
            yield str(self.folder / "config.yaml")

    def webhook(self) -> tuple[bytes, dict[str, str]]:
        """A webhook about a new event of a new issue."""
        issue = self.sentry.add_issue("acme", "web").id
        event = self.sentry.add_event(issue, tags={"service": "tag-canary"})
        return sign_webhook(self.sentry.event_alert(event.id), SECRETS["HOOK"])

    @property
    def keys(self) -> list[str]:
        """The key of each task's alert, as its marker line has it."""
        return sorted(task.notes.rpartition("sentry-governed: ")[2].strip() for task in self.asana.tasks)
