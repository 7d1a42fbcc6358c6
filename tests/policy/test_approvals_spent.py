"""Signed approvals: a token is spent once, whoever asks and whatever becomes of the memory."""

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from sentry_governed.errors import ApprovalRefused, ConfigError
from sentry_governed.policy import SignedApprovals
from sentry_governed.policy._approvals_spent import SpentInFile
from sentry_governed.policy._approvals_token import key_id, read_token
from sentry_governed.testing import FrozenClock
from tests.policy.test_approvals import KEY, NOBODY, TOKEN, outcome


@attrs.define
class Hands:
    """A clock that can be set back."""

    now: float

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def test_restart(clock: FrozenClock) -> None:
    """Memory forgets with its process, so a token from before is refused."""
    token = SignedApprovals([KEY], clock=clock).issue(NOBODY, expires_in=60)
    clock.advance(1)

    with pytest.raises(ApprovalRefused, match="this process is newer"):
        SignedApprovals([KEY], clock=clock).consume(token, NOBODY)


def test_restart_with_file(clock: FrozenClock, tmp_path: Path) -> None:
    """A file remembers what an earlier process spent, and accepts what it did not."""
    before = SignedApprovals([KEY], store=tmp_path / "a.db", clock=clock)
    spent, unspent = (before.issue(NOBODY, expires_in=60) for _ in range(2))
    before.consume(spent, NOBODY)
    clock.advance(1)
    after = SignedApprovals([KEY], store=tmp_path / "a.db", clock=clock)

    with pytest.raises(ApprovalRefused, match="is spent"):
        after.consume(spent, NOBODY)
    assert after.consume(unspent, NOBODY)


@pytest.mark.parametrize("name", ["", "approvals.db"])
def test_clock_set_back(tmp_path: Path, name: str) -> None:
    """A clock that jumped ahead and back revives no token."""
    hands = Hands(1_700_000_000.0)
    approvals = SignedApprovals([KEY], store=tmp_path / name if name else None, clock=hands)
    token = approvals.issue(NOBODY, expires_in=60)
    approvals.consume(token, NOBODY)
    hands.now += 80_000
    approvals.consume(approvals.issue(NOBODY, expires_in=60), NOBODY)
    hands.now -= 80_000

    with pytest.raises(ApprovalRefused, match="is spent"):
        approvals.consume(token, NOBODY)


def test_forgets(clock: FrozenClock, tmp_path: Path) -> None:
    """What has long expired is dropped from the file."""
    approvals = SignedApprovals([KEY], store=tmp_path / "a.db", clock=clock)
    for _ in range(3):
        approvals.consume(approvals.issue(NOBODY, expires_in=60), NOBODY)
        clock.advance(100_000)
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM spent").fetchone()

    assert count == 1


def test_threads(approvals: SignedApprovals) -> None:
    """Of many threads with one token, one wins."""
    token = approvals.issue(NOBODY, expires_in=60)
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(lambda _: outcome(approvals, token), range(16)))

    assert sum("is spent" in end for end in ends) == 15


RACE = """
import sys
from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._secret import Secret
from sentry_governed.errors import ApprovalRefused
from sentry_governed.policy import SignedApprovals

store, key, request = sys.argv[1:]
approvals = SignedApprovals([Secret(key)], store=store)
print("ready", flush=True)
for token in sys.stdin.read().split():
    try:
        approvals.consume(token, ApprovalRequest.from_json(request))
    except ApprovalRefused as error:
        assert str(error).endswith("is spent; ask for a new one")
    else:
        print(token, flush=True)
"""


def test_processes(tmp_path: Path) -> None:
    """Of two processes with the same tokens, each token is won by one."""
    store = tmp_path / "approvals.db"
    approvals = SignedApprovals([KEY], store=store)
    tokens = [approvals.issue(NOBODY, expires_in=60) for _ in range(20)]
    command = [sys.executable, "-c", RACE, str(store), KEY.reveal(), NOBODY.to_json()]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda worker: worker.communicate("\n".join(tokens), timeout=60), workers))

    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(token for out, _ in ends for token in out.split()) == sorted(tokens)


def test_fork() -> None:
    """Forks do not share memory, so a token is no good in them."""
    approvals = SignedApprovals([KEY])
    token = approvals.issue(NOBODY, expires_in=60)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, outcome(approvals, token).encode())
        os._exit(0)
    os.waitpid(child, 0)
    said = os.read(read, 1000).decode()
    os.close(read)
    os.close(write)

    assert said == "forked processes cannot share approvals in memory; give them a file"
    assert approvals.consume(token, NOBODY)


@pytest.mark.parametrize("made_anew", [False, True])
def test_lost_file(clock: FrozenClock, tmp_path: Path, made_anew: bool) -> None:
    """A file that was removed has forgotten what was spent, so the tokens of its time are refused."""
    store = tmp_path / "approvals.db"
    approvals = SignedApprovals([KEY], store=store, clock=clock)
    token = approvals.issue(NOBODY, expires_in=60)
    approvals.consume(token, NOBODY)
    clock.advance(1)
    for file in tmp_path.iterdir():
        file.unlink()
    if made_anew:
        approvals = SignedApprovals([KEY], store=store, clock=clock)

    with pytest.raises(ApprovalRefused, match="its file is newer"):
        approvals.consume(token, NOBODY)
    assert approvals.consume(approvals.issue(NOBODY, expires_in=60), NOBODY)


def test_damaged_file(clock: FrozenClock, tmp_path: Path) -> None:
    """A file that cannot be read allows nothing."""
    store = tmp_path / "approvals.db"
    approvals = SignedApprovals([KEY], store=store, clock=clock)
    token = approvals.issue(NOBODY, expires_in=60)
    store.write_bytes(b"x" * 5000)

    with pytest.raises(ApprovalRefused, match="cannot be looked up"):
        approvals.consume(token, NOBODY)


def test_locked_file(tmp_path: Path) -> None:
    """A file that another process keeps locked allows nothing."""
    spent = SpentInFile(tmp_path / "approvals.db", 0.0, timeout=0.05)
    grant = read_token(TOKEN, {key_id(KEY): KEY})
    with closing(sqlite3.connect(tmp_path / "approvals.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ApprovalRefused, match="cannot be looked up"):
            spent.spend(grant, now=0)
        with pytest.raises(ConfigError, match="locked"):
            SpentInFile(tmp_path / "approvals.db", 0.0, timeout=0.05)


def test_file_is_private(tmp_path: Path) -> None:
    """The file can be read by its owner alone."""
    SignedApprovals([KEY], store=tmp_path / "approvals.db")

    assert (tmp_path / "approvals.db").stat().st_mode & 0o077 == 0
