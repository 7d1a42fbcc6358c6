"""`sentry-governed teams backtest`: recorded alerts, line by line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._app import app
from sentry_governed.cli._recorded import LONGEST_LINE, Recording
from sentry_governed.teams import Teams

ROOT = Path(__file__).parent.parent.parent
TEAMS = ROOT / "examples" / "teams.yaml"
ALERTS = ROOT / "examples" / "alerts.ndjson"
BODIES = ROOT / "tests" / "data" / "alerts"

Write = Callable[[str | bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of recorded alerts and return its path."""

    def written(text: str | bytes) -> str:
        path = tmp_path / "alerts.ndjson"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    return written


def backtest(*args: str | Path, stdin: str | bytes = "") -> Result:
    """Run the command with arguments."""
    return CliRunner().invoke(app, ["teams", "backtest", *map(str, args)], input=stdin)


def test_text() -> None:
    """Counts are shown for the teams, the rules and what was left over."""
    result = backtest(TEAMS, ALERTS)

    assert result.exit_code == 0
    assert "Lines      32 of " in result.stdout
    assert "4  release='reviews@2.1.0'" in result.stdout
    assert result.stderr == ""


def test_json() -> None:
    """The JSON form has what the library says, and the counts of lines."""
    found = json.loads(backtest(TEAMS, ALERTS, "--json").stdout)

    assert found.pop("recording") == {"lines": 32, "bad_lines": 0, "no_alerts": 0}
    assert found == Teams.load(TEAMS).backtest(Recording(str(ALERTS))).to_json()


def test_stdin() -> None:
    """A dash reads standard input."""
    result = backtest(TEAMS, "-", "--json", stdin='{"tags":{"service":"cart"}}\n\n{"tags":{}}')

    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (found["alerts"], found["default"]["alerts"], found["recording"]["lines"]) == (2, 1, 3)


def test_bodies(write: Write) -> None:
    """Whole webhook bodies are alerts, and those that make no alert are counted apart."""
    bodies = [path for path in sorted(BODIES.glob("*.json")) if not path.name.endswith("headers.json")]
    path = write("\n".join(json.dumps(json.loads(body.read_bytes())) for body in bodies))

    recording = Recording(path)
    alerts = list(recording)

    assert len(alerts) + recording.others == len(bodies)
    assert recording.others > 0
    assert recording.problems == []


BAD = {
    "[1]": "the body is JSON but not an object",
    '{"tags": 5}': "a record is",
    '{"tags": {}, "tag": {}}': "a record is",
    '{"id": "a"}': "a record is",
    '{"id": "a", "alert_transition": "x"}': "the datadog webhook lacks",
    '{"x": 1}': "the body has the shape of neither",
    '{"tags": {"a": NaN}}': "NaN is not JSON",
    '{"tags": {"a": 1}': "the line is not JSON",
    '{"tags": {}} x': "the line is not JSON",
    '{"tags": ' + "[" * 100_000: "the line is nested too deeply",
    '{"tags": {"a": ' + "9" * 5_000 + "}}": "the line holds a number that is too large",
    "nonsense": "the body is not JSON",
    '{"tags": {"a': "not JSON: invalid control character at column 13",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_line(write: Write, line: str) -> None:
    """A bad line is reported with file and line, the others are counted, and the exit code is 1."""
    path = write(f'{{"tags":{{}}}}\n{line}\n{{"tags":{{}}}}\n')

    result = backtest(TEAMS, path, "--json")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{path}:2: ")
    assert BAD[line] in result.stderr
    assert json.loads(result.stdout)["recording"] == {"lines": 3, "bad_lines": 1, "no_alerts": 0}
    assert json.loads(result.stdout)["alerts"] == 2


def test_byte_order_mark(write: Write) -> None:
    """A byte order mark in front of the first line is passed by, and only there."""
    mark = b"\xef\xbb\xbf"
    found = backtest(TEAMS, write(mark + b'{"tags":{}}\r\n' + mark + b'{"tags":{}}\r\n'), "--json")

    assert json.loads(found.stdout)["recording"] == {"lines": 2, "bad_lines": 1, "no_alerts": 0}


def test_not_text(write: Write) -> None:
    """Bytes that are not UTF-8 are a bad line, and what was read of it is not shown."""
    result = backtest(TEAMS, write(b'{"tags":{"a":"\xff"}}\n{"tags":{}}'))

    assert result.exit_code == 1
    assert ":1: the line is not UTF-8 at byte 14" in result.stderr


@pytest.mark.parametrize("end", [b"\n", b""])
def test_long_line(write: Write, end: bytes) -> None:
    """A line that is too long is passed by without being kept."""
    long = b'{"tags":{"a":"' + b"x" * (2 * LONGEST_LINE) + b'"}}'
    recording = Recording(write(b'{"tags":{}}\n' + long + end + (b'{"tags":{}}' if end else b"")))

    assert len(list(recording)) == (2 if end else 1)
    assert recording.problems == [f"{recording.name}:2: the line is longer than {LONGEST_LINE} bytes"]


def test_longest_line(write: Write) -> None:
    """A line of exactly the longest length is read."""
    line = b'{"tags":{"a":"' + b"x" * (LONGEST_LINE - 18) + b'"}}\n'
    assert len(line) == LONGEST_LINE

    recording = Recording(write(line * 2))

    assert len(list(recording)) == 2
    assert recording.problems == []


def test_many_bad_lines(write: Write) -> None:
    """Of many bad lines twenty are shown and the rest is counted."""
    result = backtest(TEAMS, write("x\n" * 1_000))

    lines = result.stderr.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 980 more bad lines"
    assert "1,000 bad" in result.stdout


def test_terminal(write: Write) -> None:
    """What could speak to a terminal is shown escaped."""
    result = backtest(TEAMS, write('{"tags":{"\\u001b[31m":"\\u001b[2J","x":"\\ud800"}}'))

    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "\\x1b[2J" in result.stdout


def test_progress(write: Write) -> None:
    """How far the reading is, is told as it goes."""
    told: list[int] = []
    line = '{"tags":{"a":"' + "x" * 1_000 + '"}}\n'
    recording = Recording(write(line * 3_000), told=told.append)

    assert len(list(recording)) == 3_000
    assert len(told) == 3
    assert sorted(told) == told


def test_usage() -> None:
    """Files that are not there are a wrong call; a teams file with problems is refused."""
    assert backtest(TEAMS, "nowhere.ndjson").exit_code == 2
    assert backtest("nowhere.yaml", ALERTS).exit_code == 2
    assert backtest(ALERTS, ALERTS).exit_code == 1
