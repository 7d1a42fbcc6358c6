"""Logs for machines."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from sentry_governed.adapters._logged import Logged
from sentry_governed.adapters._logs import JsonLines, log, log_to, request_id
from sentry_governed.adapters._settle import Ack, DeadLetter, Retry
from sentry_governed.adapters._watch import Unwatched
from sentry_governed.errors import LedgerError
from sentry_governed.routing import (
    Commented,
    Created,
    Deferred,
    Duplicate,
    Outcome,
    Rejected,
    Shadowed,
    Skipped,
    Uncertain,
)

LOG = logging.getLogger("sentry_governed.tests")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the log is written to."""
    root, own = logging.getLogger(), logging.getLogger("sentry_governed")
    before = root.handlers[:], root.level, own.level
    stream = io.StringIO()
    log_to(stream)
    yield stream
    root.handlers[:], root.level, own.level = before


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """The log, without times."""
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [{name: value for name, value in entry.items() if name != "time"} for entry in found]


def test_line(stream: io.StringIO) -> None:
    """An event is one line of ASCII JSON with its time, and fields that say nothing are left out."""
    log(LOG, logging.INFO, "handled", key="k", seconds=0.5, task=None, team="Détections\n\x1b[31m")

    text = stream.getvalue()
    assert text.isascii()
    assert text.count("\n") == 1
    assert lines(stream) == [
        {
            "level": "info",
            "logger": "sentry_governed.tests",
            "event": "handled",
            "key": "k",
            "seconds": 0.5,
            "team": "Détections\n\x1b[31m",
        }
    ]
    assert json.loads(text)["time"].endswith("Z")


def test_request(stream: io.StringIO) -> None:
    """What is logged while a request is answered carries its id."""
    token = request_id.set("r1")
    LOG.warning("hello %s", "there")
    request_id.reset(token)
    LOG.warning("bye")

    assert [entry.get("request_id") for entry in lines(stream)] == ["r1", None]
    assert lines(stream)[0]["event"] == "hello there"


def test_levels(stream: io.StringIO) -> None:
    """Of other libraries only warnings are logged: an HTTP library's information names each address."""
    logging.getLogger("httpx").info("HTTP Request: GET https://...")
    logging.getLogger("httpx").warning("careful")

    assert [entry["event"] for entry in lines(stream)] == ["careful"]


def test_exceptions(stream: io.StringIO) -> None:
    """An exception is its class and its places; another's words, which may quote a payload, are left out."""

    def fail(error: Exception) -> None:
        raise error

    for error in (ValueError("canary"), LedgerError("ledger.db is locked")):
        try:
            fail(error)
        except Exception:
            LOG.exception("a worker failed")

    foreign, ours = lines(stream)
    assert "canary" not in stream.getvalue()
    assert foreign["error"] == "ValueError"
    assert ours["error"] == "LedgerError: ledger.db is locked"
    assert str(foreign["raised_at"]).endswith("fail']")


def test_long(stream: io.StringIO) -> None:
    """No field is longer than 2,000 characters."""
    log(LOG, logging.INFO, "x" * 5000, reason="y" * 5000)

    assert len(stream.getvalue()) < 4_300


class Counted(Unwatched):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def received(self, source: str, verdict: str) -> None:
        self.told.append((source, verdict))

    def settled(self, outcome: Outcome, settlement: object) -> None:
        self.told.append((outcome, settlement))


def test_watch(stream: io.StringIO) -> None:
    """Each verdict and each delivery is a line, told on, and graver the more it needs a person."""
    counted = Counted()
    logged = Logged(counted)
    logged.received("sentry", "kept")
    logged.received("unknown", "refused")
    handled: list[tuple[Outcome, Ack | Retry | DeadLetter]] = [
        (Created("k", "1", "https://t/1", "Ops", "why", ("2",), ("note",)), Ack()),
        (Commented("k", "1", "https://t/1", "Ops", "why"), Ack()),
        (Duplicate("k", "1", "https://t/1"), Ack()),
        (Skipped("not wanted"), Ack()),
        (Deferred("k", 3.0, "busy"), Retry(3.0, "busy")),
        (Uncertain("k", 9.0, 2, "lost"), DeadLetter("given up after the last delivery: lost")),
        (Rejected("k", "no team"), DeadLetter("no team")),
    ]
    for outcome, settlement in handled:
        logged.settled(outcome, settlement)

    entries = lines(stream)
    assert counted.told == [("sentry", "kept"), ("unknown", "refused"), *handled]
    assert [(entry["level"], entry["event"]) for entry in entries] == [
        ("info", "webhook"),
        ("warning", "webhook"),
        ("info", "handled"),
        ("info", "handled"),
        ("info", "handled"),
        ("info", "handled"),
        ("warning", "put back"),
        ("error", "put aside"),
        ("error", "put aside"),
    ]
    assert entries[2] == {
        "level": "info",
        "logger": "sentry_governed",
        "event": "handled",
        "outcome": "created",
        "key": "k",
        "team": "Ops",
        "task": "https://t/1",
    }
    assert entries[6]["retry_after"] == 3.0
    assert entries[7]["reason"] == "given up after the last delivery: lost"
    assert entries[8]["reason"] == "no team"


def test_shadow(stream: io.StringIO) -> None:
    """What rules that are tried out would have done is a field, without their reason."""
    logged = Logged(Unwatched())
    shadows = (Shadowed("Web", "why"), Shadowed("Web", "noise", ignored=True), Shadowed(None, "broken"), None)
    for shadow in shadows:
        logged.settled(Created("k", "1", "https://t/1", "Ops", "why", shadow=shadow), Ack())
    logged.settled(Rejected("k", "no team", Shadowed("Web", "why")), DeadLetter("no team"))

    assert [entry.get("shadow") for entry in lines(stream)] == ["Web", "ignored", "no answer", None, "Web"]
    assert "broken" not in stream.getvalue()


def test_formatter_alone() -> None:
    """Records of any library can be formatted."""
    record = logging.LogRecord("a", logging.ERROR, "f.py", 1, "%s and %s", ("one", 2), None)

    assert json.loads(JsonLines().format(record))["event"] == "one and 2"
