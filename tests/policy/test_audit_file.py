"""Audit files: what a line says, and how writers share one."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import pytest

from sentry_governed._secret import Secret
from sentry_governed.policy import JsonLinesAudit, verify_audit
from sentry_governed.policy._audit_lock import locked
from tests.policy.test_audit import RECORD

KEY = Secret("k" * 32)
CANARY = Secret("canary" * 6)


def head_file(file: Path) -> Path:
    """Its head file."""
    return file.with_name("audit.jsonl.head")


def filled(file: Path, count: int) -> list[bytes]:
    """Write some records and return their lines."""
    audit = JsonLinesAudit(file, KEY, fsync=False)
    for number in range(count):
        audit.write(attrs.evolve(RECORD, call=f"c{number + 1}"))
    return file.read_bytes().splitlines(keepends=True)


def test_line(file: Path) -> None:
    """A record is one line of JSON with what is known, and nothing of what is not."""
    JsonLinesAudit(file, KEY).write(RECORD)
    (line,) = file.read_text().splitlines()
    said = json.loads(line)

    assert {name: value for name, value in said.items() if name not in {"n", "prev", "mac"}} == {
        "event": "decided",
        "call": "c1",
        "at": 1_700_000_000.5,
        "action": "issues.resolve",
        "implied": [],
        "intent": "write",
        "stage": "act",
        "service": "sentry",
        "effect": "allow",
        "reason": "allowed by 'web'\nand more",
        "policy_digest": "sha256:00",
        "claimed_projects": ["wëb"],
        "projects": ["my-org/web", "my-org/api"],
        "request_hash": "0" * 64,
    }


def test_facts_that_are_empty(file: Path) -> None:
    """No projects is a fact and is recorded; projects that are not established are left out."""
    audit = JsonLinesAudit(file, KEY)
    audit.write(attrs.evolve(RECORD, projects=()))
    audit.write(attrs.evolve(RECORD, projects=None))
    known, unknown = (json.loads(line) for line in file.read_text().splitlines())

    assert known["projects"] == []
    assert "projects" not in unknown


def test_chain(file: Path) -> None:
    """Each line names the signature of the line before."""
    first, second = (json.loads(line) for line in filled(file, 2))

    assert second["prev"] == first["mac"] != second["mac"]
    assert (first["n"], second["n"]) == (1, 2)


def test_several_writers(file: Path) -> None:
    """Objects take turns on one file."""
    for number in range(4):
        JsonLinesAudit(file, KEY).write(attrs.evolve(RECORD, call=f"c{number}"))

    assert verify_audit(file, KEY).records == 4


def test_private(file: Path) -> None:
    """The files can be read by their owner alone."""
    filled(file, 1)

    assert {found.stat().st_mode & 0o077 for found in file.parent.iterdir()} == {0}


@pytest.mark.parametrize("fsync", [True, False])
def test_durable(file: Path, fsync: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is on disk before the head file says so, and both are when the write returns."""
    JsonLinesAudit(file, KEY, fsync=False).write(RECORD)
    synced: list[tuple[int, bytes]] = []

    def note(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_size, head_file(file).read_bytes()))

    monkeypatch.setattr("os.fsync", note)
    before = head_file(file).read_bytes()
    JsonLinesAudit(file, KEY, fsync=fsync).write(RECORD)
    expected = [(file.stat().st_size, before), (head_file(file).stat().st_size, before)]

    assert synced == (expected if fsync else [])


def test_threads(file: Path) -> None:
    """Threads lose no record and break no chain."""
    audit = JsonLinesAudit(file, KEY, fsync=False)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: audit.write(attrs.evolve(RECORD, call=f"c{n}")), range(200)))
    report = verify_audit(file, KEY)

    assert (report.intact, report.records, report.recovered) == (True, 200, 0)
    assert {json.loads(line)["call"] for line in file.read_text().splitlines()} == {
        f"c{n}" for n in range(200)
    }


def test_moved_meanwhile(file: Path) -> None:
    """A writer that waited for its turn writes to the file that the path leads to by then."""
    filled(file, 2)
    with file.open("rb") as other, locked(other.fileno(), exclusive=True), ThreadPoolExecutor(1) as pool:
        waits = pool.submit(JsonLinesAudit(file, KEY).write, RECORD)
        time.sleep(0.05)
        file.rename(file.with_name("moved"))
        head_file(file).rename(file.with_name("moved.head"))
        fcntl.flock(other, fcntl.LOCK_UN)
        waits.result(timeout=10)

    assert verify_audit(file.with_name("moved"), KEY).records == 2
    assert verify_audit(file, KEY).records == 1


WRITER = """
import sys
from sentry_governed._secret import Secret
from sentry_governed._values import AuditRecord
from sentry_governed.policy import JsonLinesAudit

file, name, count = sys.argv[1:]
audit = JsonLinesAudit(file, Secret("k" * 32), fsync=False)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(count)):
    audit.write(AuditRecord(
        event="decided", call=f"{name}.{number}", at=0.0, action="issues.get", intent="read", stage="act",
        effect="allow", policy_digest="d", reason="x" * 3000,
    ))
"""


def start(file: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that is ready to write records."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    return worker


def go(worker: subprocess.Popen[str]) -> None:
    """Let a process begin."""
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()


def test_processes(file: Path) -> None:
    """Eight processes at once lose no record and break no chain."""
    workers = [start(file, f"w{number}", 50) for number in range(8)]
    for worker in workers:
        go(worker)
    for worker in workers:
        worker.communicate(timeout=120)
    report = verify_audit(file, KEY)

    assert [worker.returncode for worker in workers] == [0] * 8
    assert (report.problems, report.unfinished, report.records, report.recovered) == ((), "", 400, 0)
    assert {json.loads(line)["call"] for line in file.read_text().splitlines()} == {
        f"w{worker}.{number}" for worker in range(8) for number in range(50)
    }


def test_killed(file: Path) -> None:
    """Writers that are killed amid their work leave a file that the next one completes."""
    for number in range(5):
        worker = start(file, f"w{number}", 1_000_000)
        go(worker)
        time.sleep(0.02 + 0.01 * number)
        worker.send_signal(signal.SIGKILL)
        worker.communicate(timeout=60)
        before = verify_audit(file, KEY) if head_file(file).exists() else None
        assert before is None or before.problems == ()
    JsonLinesAudit(file, KEY).write(RECORD)
    report = verify_audit(file, KEY)

    assert report.intact
    assert report.records > 5
