"""`sentry-governed teams explain`: who owns an event, and why not another team?"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._app import app
from sentry_governed.teams import Teams

ROOT = Path(__file__).parent.parent.parent
TEAMS = ROOT / "examples" / "teams.yaml"
ALERT = ROOT / "examples" / "alerts" / "event_alert.json"
HEADERS = ROOT / "examples" / "alerts" / "event_alert.headers.json"
NO_ALERT = ROOT / "tests" / "data" / "alerts" / "installation.json"


def explain(*args: str | Path) -> Result:
    """Run the command with arguments."""
    return CliRunner().invoke(app, ["teams", "explain", *map(str, args)])


def test_payload() -> None:
    """A recorded webhook is explained by its facts."""
    result = explain(TEAMS, "--payload", ALERT, "--headers", HEADERS, "--team", "Search")

    assert result.exit_code == 0
    assert f"Owner      Checkout, by {TEAMS}:" in result.stdout
    assert "FAILS  service:/^search-(api|indexer)$/ (service='checkout')" in result.stdout
    assert "service='search-api' (it is 'checkout')" in result.stdout


def test_tags() -> None:
    """Tags stand for an event, one that is repeated has several values, and a value may hold an '='."""
    result = explain(TEAMS, "--tag", "service=gateway", "--tag", "service=a=b", "--tag", "x=", "--json")

    found = json.loads(result.stdout)
    assert found == Teams.load(TEAMS).explain({"service": ["gateway", "a=b"], "x": ""}).to_json()
    assert found["team"] == "Platform"


def test_default() -> None:
    """The default team of a file that names none is given on the command line."""
    plain = ROOT / "examples" / "teams-list.yaml"

    assert "Owner      nobody" in explain(plain, "--tag", "a=b").stdout
    assert (
        "Owner      Operations, the default"
        in explain(plain, "--tag", "a=b", "--default", "Operations").stdout
    )


def test_unknown_team() -> None:
    """A team that the file does not have is refused with the nearest name."""
    result = explain(TEAMS, "--tag", "a=b", "--team", "checkuot")

    assert result.exit_code == 1
    assert "has no team 'checkuot' (did you mean 'Checkout'?)" in result.stderr


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--tag", "service"],
        ["--tag", "=web"],
        ["--tag", "a=b", "--payload", str(ALERT)],
        ["--tag", "a=b", "--headers", str(HEADERS)],
        ["--payload", "nowhere.json"],
        ["--payload", str(NO_ALERT)],
    ],
)
def test_usage(args: list[str]) -> None:
    """An event is given in one way, and is an alert."""
    assert explain(TEAMS, *args).exit_code == 2


def test_terminal() -> None:
    """What could speak to a terminal is shown escaped."""
    result = explain(TEAMS, "--tag", "service=\x1b[31mweb", "--tag", "\x1b]0;=1")

    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "service='\\x1b[31mweb'" in result.stdout
