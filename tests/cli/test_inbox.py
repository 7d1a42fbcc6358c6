"""`sentry-governed inbox`: what waits, what was put aside, and putting it right."""

import json
import time
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner, Result

from sentry_governed import InboxMessage
from sentry_governed.adapters.sqlite import SqliteInbox
from sentry_governed.cli._inbox import inbox
from tests.adapters import makers


def message(number: int, problem: str | None = None) -> InboxMessage:
    """A message that has just come."""
    return makers.message(number, problem=problem, received_at=time.time())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An inbox with a waiting message, a dead letter and one in quarantine."""
    (tmp_path / "config.yaml").write_text("inbox: {sqlite: inbox.db}")
    with SqliteInbox(tmp_path / "inbox.db") as opened:
        opened.put(message(1))
        taken = opened.take(60)
        assert taken
        opened.bury(taken, "no project for team 'Ops'")
        opened.put(message(2))
        opened.put(message(3, problem="the body is not JSON"))
    return tmp_path / "config.yaml"


def run(file: Path, command: str, *arguments: str) -> Result:
    """Run a command with the configuration."""
    return CliRunner().invoke(inbox, [command, "--config", str(file), *arguments])


def states(file: Path) -> dict[int, str]:
    """The state of each message."""
    with SqliteInbox(file.parent / "inbox.db") as opened:
        return {item.number: item.state for item in opened.list()}


def test_list(file: Path) -> None:
    """All messages are listed, or those of one state, a page at a time."""
    lines = run(file, "list").output.splitlines()

    assert [line.split()[:2] for line in lines] == [["1", "dead"], ["2", "waiting"], ["3", "quarantined"]]
    assert lines[0].endswith("no project for team 'Ops'")
    assert lines[2].endswith("event_alert  the body is not JSON")
    assert len(run(file, "list", "--state", "waiting").output.splitlines()) == 1
    assert run(file, "list", "--after", "1", "--limit", "1").output.split()[0] == "2"


@pytest.mark.parametrize("received_at", [1e12, 1e300, float("inf")])
def test_no_instant(file: Path, received_at: float) -> None:
    """A message with a time that is none hides no other."""
    with SqliteInbox(file.parent / "inbox.db") as opened:
        opened.put(makers.message(4, received_at=received_at))
    result = run(file, "list")

    assert result.exit_code == 0
    assert f"{received_at:g}" in result.output.splitlines()[3]


def test_list_json(file: Path) -> None:
    """For machines everything but the body is there."""
    first, *_ = json.loads(run(file, "list", "--json").output)["messages"]

    assert first["number"] == 1
    assert first["state"] == "dead"
    assert first["key"].startswith("sentry.")
    assert first["reason"] == "no project for team 'Ops'"
    assert first["received_at"].endswith("Z")
    assert "body" not in first
    assert "payload" not in first


def test_held(file: Path) -> None:
    """A message that a worker holds is shown as held."""
    with SqliteInbox(file.parent / "inbox.db") as opened:
        assert opened.take(60)

    assert run(file, "list", "--state", "waiting").output.split()[1] == "held"


def test_dead(file: Path) -> None:
    """What was put aside is listed, and makes the command fail, so that a schedule can watch it."""
    found = run(file, "dead")
    assert found.exit_code == 1
    assert [line.split()[1] for line in found.output.splitlines()] == ["dead", "quarantined"]

    run(file, "discard", "1", "3")
    assert run(file, "dead").exit_code == 0
    assert json.loads(run(file, "dead", "--json").output) == {"messages": []}


def test_show(file: Path) -> None:
    """A message is shown without its body, unless that is asked for."""
    plain = run(file, "show", "3")
    assert plain.exit_code == 0
    assert "problem      the body is not JSON" in plain.output
    assert "{3" not in plain.output

    assert run(file, "show", "3", "--payload").output.endswith("\n\n{3\n")
    assert json.loads(run(file, "show", "3", "--json", "--payload").output)["payload"] == "{3"
    assert "payload" not in json.loads(run(file, "show", "3", "--json").output)


def test_escaped(file: Path) -> None:
    """Nothing that a stranger wrote speaks to the terminal."""
    evil = attrs.evolve(
        message(9, problem="\x1b[2Jx"), body=b"a\x1b]0;b\x07\r\n\xff", sha256="e", resource="\x1b[31m"
    )
    with SqliteInbox(file.parent / "inbox.db") as opened:
        opened.put(evil)
    shown = run(file, "show", "4", "--payload").output + run(file, "list").output

    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "a\\x1b]0;b\\x07" in shown
    assert "\\xff" in shown


def test_retry(file: Path) -> None:
    """Messages are handled again by number, or all that were put aside."""
    assert run(file, "retry", "1").output == "1 to be handled again\n"
    assert states(file) == {1: "waiting", 2: "waiting", 3: "quarantined"}
    assert run(file, "retry", "--all-dead", "--all-quarantined").output == "1 to be handled again\n"
    assert set(states(file).values()) == {"waiting"}
    assert run(file, "retry").exit_code == 2


def test_gone(file: Path) -> None:
    """What is not there, or what a worker holds, is named."""
    with SqliteInbox(file.parent / "inbox.db") as opened:
        assert opened.take(60)
    for command in ("retry", "discard"):
        found = run(file, command, "2", "77")
        assert found.exit_code == 1
        assert found.output.splitlines()[0].startswith("0 ")
        assert "message 2 is gone, or a worker holds it" in found.output
        assert "message 77 is gone, or a worker holds it" in found.output
    assert run(file, "show", "77").output == "there is no message 77\n"
    assert run(file, "show", "77").exit_code == 1


def test_many(tmp_path: Path) -> None:
    """More than a page of dead letters is put right at once."""
    (tmp_path / "config.yaml").write_text("inbox: {sqlite: inbox.db}")
    with SqliteInbox(tmp_path / "inbox.db") as opened:
        for number in range(101):
            opened.put(message(number, problem="no"))

    assert run(tmp_path / "config.yaml", "retry", "--all-quarantined").output == "101 to be handled again\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "there is no inbox (write inbox: {sqlite: inbox.db})"),
        ("inbox: {sqlite: other.db}", "other.db: nothing was received yet"),
        (
            "inbox: {sqs: {queue_url: 'https://a/b'}}",
            ":1:14: a queue of SQS cannot be looked into; see sentry-governed sqs",
        ),
        ("inbxo: {}", "'inbxo' is not known here"),
    ],
)
def test_refused(tmp_path: Path, content: str, said: str) -> None:
    """What cannot be looked into is said, and no file is made."""
    (tmp_path / "config.yaml").write_text(content)
    found = run(tmp_path / "config.yaml", "list")

    assert found.exit_code == 1
    assert said in found.output
    assert not list(tmp_path.glob("*.db"))
