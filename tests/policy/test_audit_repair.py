"""Audit files that a killed writer, a full disk or a stranger left in disorder."""

import json
import logging
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import attrs
import pytest

from sentry_governed._secret import Secret
from sentry_governed.errors import AuditError, ConfigError
from sentry_governed.policy import AuditReport, JsonLinesAudit, verify_audit
from sentry_governed.testing import FrozenClock
from tests.policy.test_audit import RECORD
from tests.policy.test_audit_file import CANARY, KEY, WRITER, filled, head_file


def test_unfinished_line(file: Path) -> None:
    """A line that a killed writer left half done is dropped, and a record says so."""
    lines = filled(file, 3)
    file.write_bytes(b"".join(lines) + lines[0][:100])

    assert verify_audit(file, KEY).unfinished == "line 4 was never finished: it ends after 100 bytes"
    assert verify_audit(file, KEY).problems == ()

    JsonLinesAudit(file, KEY, clock=FrozenClock(5.0)).write(RECORD)
    repair, last = (json.loads(line) for line in file.read_text().splitlines()[3:])
    assert (repair["event"], repair["at"], repair["records"], repair["dropped_bytes"]) == (
        "recovered",
        5.0,
        0,
        100,
    )
    assert last["event"] == "decided"
    report = verify_audit(file, KEY)
    assert (report.intact, report.recovered, report.records) == (True, 1, 5)


@pytest.mark.parametrize("rest", [b"", b'{"n":6,', b"\0" * 50])
def test_head_behind(file: Path, rest: bytes) -> None:
    """Whole records that a killed writer did not get into the head file are kept, and a record says so."""
    filled(file, 3)
    head = head_file(file).read_bytes()
    lines = filled(file, 2)
    head_file(file).write_bytes(head)
    with file.open("ab") as log:
        log.write(rest)

    assert not verify_audit(file, KEY).intact
    assert verify_audit(file, KEY).problems == ()

    JsonLinesAudit(file, KEY).write(RECORD)
    assert file.read_bytes().startswith(b"".join(lines))
    repair = json.loads(file.read_text().splitlines()[5])
    assert (repair["event"], repair["records"], repair["dropped_bytes"]) == ("recovered", 2, len(rest))
    assert verify_audit(file, KEY).intact


def test_head_behind_report(file: Path) -> None:
    """The report says which records the head file does not know."""
    filled(file, 3)
    head = head_file(file).read_bytes()
    filled(file, 2)
    head_file(file).write_bytes(head)

    assert verify_audit(file, KEY).unfinished == "records 4 to 5 are not in the head file yet"


@pytest.mark.parametrize("lines", [0, 1])
def test_unborn(file: Path, lines: int) -> None:
    """A writer that is killed before its first record leaves an empty file, which the next one uses."""
    file.touch()

    assert verify_audit(file, KEY).unfinished == "it is empty, and its head file was never made"
    filled(file, lines + 1)
    assert verify_audit(file, KEY).intact


def test_foreign_tail(file: Path) -> None:
    """Lines beyond the head that this key did not sign are never adopted."""
    lines = filled(file, 2)
    file.write_bytes(b"".join(lines) + b'{"n":3}\n')

    with pytest.raises(AuditError, match="record 3 was changed; verify it"):
        JsonLinesAudit(file, KEY).write(RECORD)
    assert file.read_bytes() == b"".join(lines) + b'{"n":3}\n'


@pytest.mark.parametrize("which", [0, 1])
def test_repeated_tail(file: Path, which: int) -> None:
    """A line that was there before is not taken for the next one."""
    lines = filled(file, 2)
    file.write_bytes(b"".join(lines) + lines[which])

    with pytest.raises(AuditError, match="record 3 was changed"):
        JsonLinesAudit(file, KEY).write(RECORD)


def test_other_history(file: Path) -> None:
    """A signed line with the right number that continues another history is not adopted."""
    filled(file, 1)
    other = filled(file.with_name("other.jsonl"), 2)[1]
    with file.open("ab") as log:
        log.write(other)

    with pytest.raises(AuditError, match="record 2 was changed"):
        JsonLinesAudit(file, KEY).write(RECORD)


def test_huge_tail(file: Path) -> None:
    """More than a killed writer could have left is not read."""
    filled(file, 1)
    with file.open("r+b") as log:
        log.truncate(20 * 1024 * 1024)

    with pytest.raises(AuditError, match="far beyond"):
        JsonLinesAudit(file, KEY).write(RECORD)


@pytest.mark.parametrize("gone", ["tail", "file", "head"])
def test_cut(file: Path, gone: str) -> None:
    """Nothing is written to a file that was cut or lost its head, so nothing is sent."""
    lines = filled(file, 3)
    if gone == "tail":
        file.write_bytes(b"".join(lines[:2]))
    else:
        (file if gone == "file" else head_file(file)).unlink()

    with pytest.raises(AuditError, match=r"it was cut|is missing"):
        JsonLinesAudit(file, KEY).write(RECORD)


def test_edited_head(file: Path) -> None:
    """A head file that was edited stops every writer."""
    filled(file, 1)
    head_file(file).write_text(head_file(file).read_text().replace('"records":1', '"records":0'))

    with pytest.raises(AuditError, match="was edited"):
        JsonLinesAudit(file, KEY).write(RECORD)


def test_other_key(file: Path) -> None:
    """A writer with another key does not touch the file."""
    lines = filled(file, 1)

    with pytest.raises(AuditError, match="another key"):
        JsonLinesAudit(file, Secret("o" * 32)).write(RECORD)
    assert file.read_bytes() == b"".join(lines)


def test_too_long(file: Path) -> None:
    """A record that no reader would accept is not written."""
    filled(file, 1)

    with pytest.raises(AuditError, match="more than the 1048576"):
        JsonLinesAudit(file, KEY).write(attrs.evolve(RECORD, reason="x" * 1024 * 1024))
    assert verify_audit(file, KEY).intact


def test_longest(file: Path) -> None:
    """The longest record that is written can be verified."""
    size = len(filled(file, 1)[0])
    JsonLinesAudit(file, KEY).write(attrs.evolve(RECORD, call="c2", reason="y" * (1024 * 1024 - size)))

    assert verify_audit(file, KEY).intact


def test_no_directory(tmp_path: Path) -> None:
    """A file that cannot be made is an error of each write."""
    with pytest.raises(AuditError, match="No such file"):
        JsonLinesAudit(tmp_path / "missing" / "audit.jsonl", KEY).write(RECORD)


def test_full_disk(file: Path) -> None:
    """A disk that is full amid a record leaves the file as it was."""
    lines = filled(file, 2)
    script = WRITER.replace(
        "audit = ", f"import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(b''.join(lines)) + 1000}, -1))\naudit = "
    )  # fmt: skip
    failed = subprocess.run(
        [sys.executable, "-c", script, str(file), "w", "1"],
        input="\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "AuditError" in failed.stderr
    assert "it cannot be written: File too large" in failed.stderr
    assert file.read_bytes() == b"".join(lines)
    assert verify_audit(file, KEY).intact


def test_unwritable_head(file: Path) -> None:
    """A record whose head file cannot be written is taken back."""
    lines = filled(file, 2)
    (file.parent / "audit.jsonl.head.new").mkdir()

    with pytest.raises(AuditError, match="cannot be written"):
        JsonLinesAudit(file, KEY).write(RECORD)
    assert file.read_bytes() == b"".join(lines)
    assert verify_audit(file, KEY).intact


def test_locked(file: Path) -> None:
    """A writer waits for another one, but not for ever."""
    import fcntl

    filled(file, 1)
    with file.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(AuditError, match=r"locked for 0\.05 s"):
            JsonLinesAudit(file, KEY, timeout=0.05).write(RECORD)


def test_forked_lock(file: Path) -> None:
    """A child that was forked amid a record does not keep the lock."""
    import fcntl

    from sentry_governed.policy._audit_lock import locked

    filled(file, 1)
    with file.open("rb") as log, file.open("rb") as other:
        with locked(log.fileno(), exclusive=True):
            inherited = os.dup(log.fileno())
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(inherited)


def test_continues(tmp_path: Path) -> None:
    """A new file can continue an earlier one, with another key if need be."""
    old = tmp_path / "audit.jsonl"
    filled(old, 3)
    report = verify_audit(old, KEY)
    new = JsonLinesAudit(tmp_path / "next.jsonl", Secret("n" * 32), follows=report)
    new.write(RECORD)
    new.write(RECORD)

    assert verify_audit(tmp_path / "next.jsonl", Secret("n" * 32)).start == report.end


def test_fresh_start(tmp_path: Path) -> None:
    """Files that continue nothing begin differently, so none can stand in for another."""
    for name in ("a", "b"):
        JsonLinesAudit(tmp_path / name, KEY).write(RECORD)

    assert verify_audit(tmp_path / "a", KEY).start != verify_audit(tmp_path / "b", KEY).start


def test_continues_broken(tmp_path: Path) -> None:
    """A file that is not intact is not continued as if it were."""
    with pytest.raises(ConfigError, match="not intact"):
        JsonLinesAudit(
            tmp_path / "b",
            KEY,
            follows=AuditReport(file="a", records=1, unfinished="line 1 was never finished"),
        )


def test_short_key(file: Path) -> None:
    """A key that could be guessed is refused."""
    with pytest.raises(ConfigError, match="an audit key has fewer than 32"):
        JsonLinesAudit(file, Secret("k" * 31))


def test_nothing_leaks(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The key is in no repr, error, chain, frame, pickle, log or file."""
    caplog.set_level(logging.DEBUG)
    audit = JsonLinesAudit(file, CANARY)
    audit.write(RECORD)
    seen = [repr(audit), str(vars(audit)), file.read_text(), head_file(file).read_text()]
    head_file(file).write_text("{}")
    for attempt in (lambda: audit.write(RECORD), lambda: verify_audit(file.parent, CANARY)):
        try:
            attempt()
        except AuditError as error:
            frames = traceback.TracebackException.from_exception(error, capture_locals=True)
            seen += [str(error), repr(error), repr(pickle.dumps(error)), *frames.format()]
    everything = "\n".join([*seen, caplog.text])

    assert "was edited" in everything
    assert CANARY.reveal() not in everything
