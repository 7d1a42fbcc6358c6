"""`sentry-governed audit verify`: says whether an audit file is intact, and where it is not."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sentry_governed._secret import Secret
from sentry_governed._values import AuditRecord
from sentry_governed.cli._audit import audit
from sentry_governed.policy import JsonLinesAudit, verify_audit

KEY = "k" * 32
RECORD = AuditRecord(
    event="decided",
    call="c1",
    at=0.0,
    action="issues.get",
    intent="read",
    stage="act",
    effect="allow",
    policy_digest="d",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An audit of three records."""
    file = tmp_path / "audit.jsonl"
    for _ in range(3):
        JsonLinesAudit(file, Secret(KEY)).write(RECORD)
    return file


def verify(*arguments: object, key: str | None = KEY) -> Result:
    """Run the command."""
    return CliRunner().invoke(
        audit, ["verify", *map(str, arguments)], env={"SENTRY_GOVERNED_AUDIT_KEY": key, "OTHER": KEY}
    )


def test_intact(file: Path) -> None:
    """An intact file is one line and exit code 0."""
    result = verify(file)

    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{file}: intact, 3 records\n", "")


def test_changed(file: Path) -> None:
    """Every problem is a line with its place, and the exit code is 1."""
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[2].replace(b"c1", b"c2"))
    file.with_name("audit.jsonl.head").write_text("{}")
    result = verify(file)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"{file}:2: it was edited or put in, or it is signed with another key",
        f"{file}.head: the head file was edited, or it is signed with another key",
    ]


def test_unfinished(file: Path) -> None:
    """What a killed writer left is told apart from a change, and is not intact either."""
    with file.open("ab") as log:
        log.write(b'{"n":4')
    result = verify(file)

    assert result.exit_code == 1
    assert "was never finished" in result.stderr
    assert "the next one will repair it" in result.stderr


def test_repaired(file: Path) -> None:
    """A repair is mentioned, and the file is intact."""
    with file.open("ab") as log:
        log.write(b'{"n":4')
    JsonLinesAudit(file, Secret(KEY)).write(RECORD)
    result = verify(file)

    assert (result.exit_code, result.stdout) == (
        0,
        f"{file}: intact, 5 records, 1 of them repairs after a stopped writer\n",
    )


def test_json(file: Path) -> None:
    """Machines read one object with all that is known."""
    told = json.loads(verify(file, "--json").stdout)
    (report,) = told["files"]

    assert told["intact"] is report["intact"] is True
    assert (report["file"], report["records"], report["problems"]) == ("audit.jsonl", 3, [])


def test_json_changed(file: Path) -> None:
    """Machines read each problem with its line."""
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    result = verify(file, "--json")
    told = json.loads(result.stdout)

    assert result.exit_code == 1
    assert told["intact"] is False
    assert told["files"][0]["problems"] == [{"line": 2, "message": "records 2 to 3 are missing at the end"}]


def test_continued(file: Path) -> None:
    """Files that continue one another are verified together, oldest first."""
    for name, before in (("second", file), ("third", file.with_name("second"))):
        after = file.with_name(name)
        JsonLinesAudit(after, Secret(KEY), follows=verify_audit(before, Secret(KEY))).write(RECORD)

    assert verify(file, file.with_name("second"), file.with_name("third")).exit_code == 0
    gap = verify(file, file.with_name("third"))
    assert gap.exit_code == 1
    assert "does not continue audit.jsonl" in gap.stderr


def test_other_variable(file: Path) -> None:
    """The key may be in another variable."""
    assert verify(file, "--key-env", "OTHER", key=None).exit_code == 0


@pytest.mark.parametrize(
    ("key", "problem"),
    [(None, "holds no key"), ("", "holds no key"), (f"{KEY}\n", "cannot be used"), ("k", "fewer than 32")],
    ids=["unset", "empty", "newline", "short"],
)
def test_key(file: Path, key: str | None, problem: str) -> None:
    """A key that cannot be used is a wrong call, never a verdict."""
    result = verify(file, key=key)

    assert result.exit_code == 2
    assert problem in result.stderr


def test_missing(tmp_path: Path) -> None:
    """A file that is not there is a wrong call."""
    assert verify(tmp_path / "nowhere").exit_code == 2
    assert verify().exit_code == 2
