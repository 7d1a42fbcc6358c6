"""`sentry-governed teams diff`: what changes in effect between two files?"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._app import app

ROOT = Path(__file__).parent.parent.parent
TEAMS = ROOT / "examples" / "teams.yaml"
ALERTS = ROOT / "examples" / "alerts.ndjson"


def diff(*args: str | Path, stdin: str = "") -> Result:
    """Run the command with arguments."""
    return CliRunner().invoke(app, ["teams", "diff", *map(str, args)], input=stdin)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """The example file with another name for one service."""
    path = tmp_path / "new.yaml"
    path.write_text(TEAMS.read_text().replace("service:checkout]", "service:checkouts]"))
    return path


def test_moves(new: Path) -> None:
    """Moves are shown with the recorded alerts that they take along, and the exit code is 1."""
    result = diff(TEAMS, new, "--alerts", ALERTS)

    assert result.exit_code == 1
    assert "Checkout -> Platform (default): 1 made from rules, 5 of the recorded alerts" in result.stdout
    assert f"service='checkout' ({TEAMS}:35:7 -> no rule)" in result.stdout
    assert "5 of 32 recorded alerts move" in result.stdout


def test_allowed(new: Path) -> None:
    """Moves may be allowed."""
    assert diff(TEAMS, new, "--allow-moves").exit_code == 0


def test_nothing() -> None:
    """Files that say the same are no problem."""
    result = diff(TEAMS, TEAMS, "--alerts", ALERTS)

    assert result.exit_code == 0
    assert "none: the two files say the same" in result.stdout


def test_json(new: Path) -> None:
    """The JSON form has the moves, and the counts."""
    found = json.loads(diff(TEAMS, new, "--alerts", ALERTS, "--json").stdout)

    assert (found["alerts"], found["alerts_moved"], found["certain"]) == (32, 5, False)
    assert found["moves"][0]["before"] == {"kind": "rule", "team": "Checkout"}
    assert found["rules"] == {"before": 20, "after": 20, "removed": 1, "added": 1, "moved": 0}


def test_markdown(new: Path) -> None:
    """The comment is Markdown, and nothing else is printed."""
    result = diff(TEAMS, new, "--alerts", ALERTS, "--markdown")

    assert result.exit_code == 1
    assert result.stdout.startswith("### Who owns what: ")
    assert "**5 of 32 recorded alerts move.**" in result.stdout
    assert result.stderr == ""


def test_bad_line(new: Path) -> None:
    """A bad line of the recorded alerts is a problem even where moves are allowed."""
    result = diff(TEAMS, new, "--allow-moves", "--alerts", "-", stdin='nonsense\n{"tags":{}}\n')

    assert result.exit_code == 1
    assert result.stderr.startswith("-:1: ")
    assert "0 of 1 recorded alerts move" in result.stdout


def test_default(tmp_path: Path) -> None:
    """The default team of files that name none is given on the command line."""
    file = ROOT / "examples" / "teams-list.yaml"
    fewer = tmp_path / "fewer.yaml"
    fewer.write_text(file.read_text().replace("Matchers: [service:labels],", ""))

    assert "Fulfilment -> Operations (default)" in diff(file, fewer, "--default", "Operations").stdout
    assert "Fulfilment -> nobody" in diff(file, fewer).stdout


def test_usage(new: Path) -> None:
    """Two forms at once, and files that are not there, are a wrong call; bad files are refused."""
    assert diff(TEAMS, new, "--json", "--markdown").exit_code == 2
    assert diff(TEAMS, "nowhere.yaml").exit_code == 2
    assert diff(TEAMS, ALERTS).exit_code == 1
