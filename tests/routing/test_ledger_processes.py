"""SQLite's ledger among processes: racing, killed, forked, and out of disk."""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sentry_governed.routing.ledgers import SqliteLedger

LATER = 4_000_000_000.0
WORKERS = 8
ROUNDS = 25
KILLS = 15

HEAD = f"""
import os, random, resource, sys, threading, time
from sentry_governed.errors import LedgerError
from sentry_governed.routing.ledgers import SqliteLedger

def put(key, value="v", expected=None):
    return ledger.put(key, value, expected=expected, expires_at={LATER})

path, *arguments = sys.argv[1:]
ledger = SqliteLedger(path, timeout=30)
"""

RACER = """
print("ready", flush=True)
for line in sys.stdin:
    key, start = line.split()
    while time.time() < float(start):
        pass
    print("lost" if put(key, arguments[0]) is None else "won", flush=True)
"""

WRITER = """
for number in range(100_000):
    key = f"{arguments[0]}.{number}"
    first = put(key, "reserved")
    put(key, f"{key} " * 300, first.version)
    print(number, flush=True)
"""

COUNTER = """
for _ in range(50):
    while True:
        found = ledger.get("counter")
        if put("counter", str(int(found.value) + 1), found.version):
            break
"""

FORKER = """
stop = threading.Event()

def is_ledger(descriptor):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False

def write():
    number = 0
    while not stop.is_set():
        number += 1
        assert put(f"thread.{number}") is not None
        time.sleep(0.001)

put("before")
thread = threading.Thread(target=write)
thread.start()
for number in range(15):
    put(f"open.{number}")
    child = os.fork()
    if child == 0:
        assert not any(map(is_ledger, range(64))), "an open database was inherited"
        seen = ledger.get("before") is not None and put(f"child.{number}") is not None
        ledger.close()
        os._exit(0 if seen else 1)
    assert put(f"parent.{number}") is not None
    assert os.waitpid(child, 0)[1] == 0
stop.set()
thread.join()
ledger.close()
print("done")
"""

FULL = """
put("before", "x" * 1000)
usual = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, usual[1]))
kept = []
try:
    for number in range(1000):
        kept.append(put(f"k.{number}", "x" * 1000))
except LedgerError as error:
    refused = str(error)
assert ledger.get("before").value == "x" * 1000
resource.setrlimit(resource.RLIMIT_FSIZE, usual)
assert 0 < len(kept) < 1000
assert [ledger.get(record.key) for record in kept] == kept
assert put(f"k.{len(kept)}") is not None
print(refused)
"""

READ_ONLY = """
import sqlite3  # while it may be read
if os.geteuid() == 0:
    os.setuid(65534)
for use in (lambda: ledger.get("k"), lambda: put("new")):
    try:
        use()
    except LedgerError as error:
        print(error)
"""


def program(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """Another process that runs the code on a ledger in the file that is its first argument."""
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def printed(code: str, *arguments: object) -> str:
    """What such a process prints when it ends well."""
    with program(code, *arguments) as other:
        output, _ = other.communicate(timeout=60)
    assert other.returncode == 0
    return output


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger may be made."""
    return tmp_path / "ledger.db"


@pytest.fixture
def shared() -> Generator[Path, None, None]:
    """A directory that every user may enter."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o777)
        yield Path(directory)


def test_race(path: Path) -> None:
    """Of processes that write one key at the same instant exactly one wins, round after round."""
    with ExitStack() as stack, SqliteLedger(path) as ledger:
        racers = [stack.enter_context(program(RACER, path, worker)) for worker in range(WORKERS)]
        assert [answer(racer) for racer in racers] == ["ready"] * WORKERS
        for number in range(ROUNDS):
            start = time.time() + 0.01
            for racer in racers:
                tell(racer, f"race.{number} {start}")
            answers = [answer(racer) for racer in racers]

            assert sorted(answers) == ["lost"] * (WORKERS - 1) + ["won"]
            record = ledger.get(f"race.{number}")
            assert record is not None
            assert record.value == str(answers.index("won"))
        for racer in racers:
            racer.communicate(timeout=60)


def tell(other: "subprocess.Popen[str]", line: str) -> None:
    """Write it to the process."""
    assert other.stdin is not None
    other.stdin.write(f"{line}\n")
    other.stdin.flush()


def answer(other: "subprocess.Popen[str]") -> str:
    """The process's next line."""
    assert other.stdout is not None
    return other.stdout.readline().strip()


def test_counter(path: Path) -> None:
    """Processes that add to one counter, each retrying when it loses, lose no step."""
    with SqliteLedger(path) as ledger:
        ledger.put("counter", "0", expected=None, expires_at=LATER)
        with ExitStack() as stack:
            for other in [stack.enter_context(program(COUNTER, path)) for _ in range(4)]:
                other.communicate(timeout=60)
        final = ledger.get("counter")

    assert final is not None
    assert final.value == "200"


def test_killed(path: Path) -> None:
    """However often a writer is killed: what it was told is written is there, every record is whole."""
    delays = random.Random(3)
    for attempt in range(KILLS):
        with program(WRITER, path, attempt) as writer:
            answer(writer)
            time.sleep(delays.random() * 0.05)
            writer.kill()
            assert writer.stdout is not None
            told = writer.stdout.read()  # and not communicate(), which passes over what readline() read ahead
        finished = max(map(int, told.split("\n")[:-1]), default=0)

        with SqliteLedger(path) as ledger:
            for number in range(finished + 1):
                assert value(ledger, f"{attempt}.{number}") == "whole"
            assert value(ledger, f"{attempt}.{finished + 1}") in {"absent", "reserved", "whole"}
            assert value(ledger, f"{attempt}.{finished + 2}") == "absent"


def value(ledger: SqliteLedger, key: str) -> str:
    """How far the writer came with a key."""
    found = ledger.get(key)
    if found is None:
        return "absent"
    return "whole" if found.value == f"{key} " * 300 else found.value


def test_forked(path: Path) -> None:
    """A process may fork while its threads write: parent, threads and children all go on."""
    assert printed(FORKER, path) == "done\n"
    with SqliteLedger(path) as ledger:
        found = {
            f"{who}.{number}": ledger.get(f"{who}.{number}")
            for who in ("parent", "child")
            for number in range(15)
        }

    assert None not in found.values()


def test_full(path: Path) -> None:
    """A write that finds no room is refused and undone; earlier records stay, and room mends it."""
    assert printed(FULL, path) == f"{path}: disk I/O error\n"


def test_read_only(shared: Path) -> None:
    """A file that may only be read is refused, for reads too."""
    path = shared / "ledger.db"
    with SqliteLedger(path) as ledger:
        ledger.put("k", "v", expected=None, expires_at=LATER)
    path.chmod(0o444)

    assert (
        printed(READ_ONLY, path).splitlines()
        == [f"{path}: it cannot be written; check the permissions of the file and its directory"] * 2
    )
