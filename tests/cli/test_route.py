"""`sentry-governed route`: a preview of everything that one alert would cause."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._app import app

ROOT = Path(__file__).parent.parent.parent
TEAMS = ROOT / "examples" / "teams.yaml"
ALERT = ROOT / "examples" / "alerts" / "event_alert.json"
HEADERS = ROOT / "examples" / "alerts" / "event_alert.headers.json"
DATADOG = ROOT / "examples" / "alerts" / "datadog.json"
SETTINGS = ROOT / "examples" / "settings.yaml"

Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file and return its path."""

    def written(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return written


def route(*args: str | Path) -> Result:
    """Run the command with arguments."""
    return CliRunner().invoke(app, ["route", *map(str, args)])


def report(*args: str | Path) -> dict[str, Any]:
    """What the command prints under --json."""
    result = route(*args, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_shows_all() -> None:
    """The owner, the rule with file and line, the placement and the request's body are shown."""
    result = route("--teams", TEAMS, "--payload", ALERT, "--settings", SETTINGS)

    assert result.exit_code == 0
    for expected in ("Team       Checkout", f"{TEAMS}:", "sprint portfolio of team Checkout", "POST /tasks"):
        assert expected in result.stdout


def test_json() -> None:
    """The JSON form holds the same facts by name."""
    found = report("--teams", TEAMS, "--payload", ALERT, "--settings", SETTINGS)

    assert found["alert"]["kind"] == "event_alert.triggered"
    assert found["route"]["team"] == "Checkout"
    assert str(found["route"]["location"]).startswith(f"{TEAMS}:")
    assert found["creates_task"] is True
    assert found["request"]["path"] == "/tasks"


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        (
            "{default: Other, teams: [{Name: Other}]}",
            "Shadow     Other: no rule matched, so the default team",
        ),
        (
            "{default: A, teams: [{Name: A}], ignore: [{Matchers: [service], Reason: all noise}]}",
            "Shadow     ignored: all noise",
        ),
        ("[{Name: Other}]", "Shadow     no answer: NoDefaultTeam: no rule matches"),
    ],
)
def test_shadow(write: Write, rules: str, line: str) -> None:
    """Where rules that are tried out differ, it is shown; their file is found beside the settings."""
    write("next.yaml", rules)
    settings = write("settings.yaml", "routing: {shadow: next.yaml}")

    result = route("--teams", TEAMS, "--payload", ALERT, "--settings", settings)

    assert result.exit_code == 0
    assert "Team       Checkout" in result.stdout
    assert line in result.stdout


def test_shadow_agrees(write: Write) -> None:
    """Where they agree nothing is shown, and machines are told so."""
    write("next.yaml", "{default: Checkout, teams: [{Name: Checkout}]}")
    settings = write("settings.yaml", "routing: {shadow: next.yaml}")

    assert report("--teams", TEAMS, "--payload", ALERT, "--settings", settings)["shadow"] is None
    assert "Shadow" not in route("--teams", TEAMS, "--payload", ALERT, "--settings", settings).stdout


def test_shadow_refused(write: Write) -> None:
    """A file of rules to try out with problems is refused as the live one would be."""
    write("next.yaml", "default: [")
    settings = write("settings.yaml", "routing: {shadow: next.yaml}")

    result = route("--teams", TEAMS, "--payload", ALERT, "--settings", settings)

    assert result.exit_code == 1
    assert "next.yaml:" in result.stderr


def test_without_settings() -> None:
    """Without settings the ids that they would give are null in the plan and left out of the body."""
    found = report("--teams", TEAMS, "--payload", ALERT)
    (*_, (default,)) = found["placement"]
    body = found["request"]["body"]

    assert default == {
        "use": "project",
        "gid": None,
        "what": "default project",
        "why": default["why"],
    }
    assert set(body["data"]) == {"name", "notes"}


def test_headers() -> None:
    """With headers the source is told from them, in whatever case they are spelt."""
    found = report("--teams", TEAMS, "--payload", ALERT, "--headers", HEADERS)

    assert found["alert"]["source"] == "sentry"


def test_headers_decide(write: Write) -> None:
    """Headers of another sender than the body's shape suggests are believed, and the body refused."""
    headers = write("headers.json", '{"Sentry-Hook-Resource": "event_alert"}')
    result = route("--teams", TEAMS, "--payload", DATADOG, "--headers", headers)

    assert result.exit_code == 1


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', "{", "\xff", "[" * 100_000])
def test_bad_headers(write: Write, text: str) -> None:
    """A headers file that is not one object of texts is refused by name."""
    headers = write("headers.json", text)
    result = route("--teams", TEAMS, "--payload", ALERT, "--headers", headers)

    assert result.exit_code == 1
    assert result.stderr == f"{headers}: this is not one JSON object of header name to text\n"


def test_datadog() -> None:
    """A Datadog alert is told from its body's shape."""
    assert report("--teams", TEAMS, "--payload", DATADOG)["alert"]["source"] == "datadog"


def test_default(write: Write) -> None:
    """--default names the default team of a file that declares none."""
    teams = write("teams.yaml", "- Name: Ops\n")
    refused = route("--teams", teams, "--payload", ALERT)
    found = report("--teams", teams, "--payload", ALERT, "--default", "Ops")

    assert refused.exit_code == 1
    assert "no default team" in refused.stderr
    assert found["route"]["team"] == "Ops"
    assert found["route"]["is_default"] is True


def test_match_needs_no_default(write: Write) -> None:
    """An alert that a rule matches needs no default team."""
    teams = write("teams.yaml", "- Name: Ops\n  Entities: [Matchers: [service:checkout]]\n")

    assert report("--teams", teams, "--payload", ALERT)["route"]["team"] == "Ops"


def test_ignored_by_rule(write: Write) -> None:
    """An alert that an ignore rule matches shows its would-be owner and makes no task."""
    teams = write(
        "teams.yaml",
        "default: Ops\nignore: [{Matchers: [service:checkout], Reason: known noise}]\nteams: [{Name: Ops}]\n",
    )
    found = report("--teams", teams, "--payload", ALERT)

    assert found["route"]["team"] == "Ops"
    assert found["creates_task"] is False
    assert found["skipped"] == "ignored: known noise"


def test_default_team(write: Write) -> None:
    """The settings may name the default team of a file that declares none; the option goes before them."""
    teams = write("teams.yaml", "- Name: Ops\n- Name: Web\n- Name: Data\n")
    settings = write("settings.yaml", "routing: {default_team: Web}\n")
    given: list[str | Path] = ["--teams", teams, "--payload", ALERT, "--settings", settings]

    assert report(*given)["route"]["team"] == "Web"
    assert report(*given, "--default", "Data")["route"]["team"] == "Data"


def test_skipped_kind(write: Write) -> None:
    """A kind that is not configured to make tasks is shown with the reason."""
    settings = write("settings.yaml", "routing: {create_on: [error.created]}\n")
    found = report("--teams", TEAMS, "--payload", ALERT, "--settings", settings)

    assert found["skipped"] == "event_alert.triggered is not among create_on (error.created)"


def test_ignored_resource(write: Write) -> None:
    """A genuine webhook that makes no alert is shown as ignored, which is no failure."""
    payload = write("payload.json", '{"action": "created", "data": {"comment_id": 1, "issue_id": 2}}')
    headers = write("headers.json", '{"Sentry-Hook-Resource": "comment"}')
    result = route("--teams", TEAMS, "--payload", payload, "--headers", headers)

    assert result.exit_code == 0
    assert result.stdout.startswith("Ignored    comment.created: ")
    assert "ignored" in report("--teams", TEAMS, "--payload", payload, "--headers", headers)


@pytest.mark.parametrize(
    ("option", "text", "shown"),
    [
        ("--teams", "- Name: a\n- Name: a\n", "teams.yaml:2:"),
        ("--payload", "nope", ""),
        ("--settings", "asanna: {}\n", "settings.yaml:1:1: "),
    ],
)
def test_refusals(write: Write, option: str, text: str, shown: str) -> None:
    """A file that cannot be used is reported in one line each, with exit code 1 and no traceback."""
    files = {"--teams": str(TEAMS), "--payload": str(ALERT), "--settings": str(SETTINGS)}
    files[option] = write(f"{option[2:]}.yaml", text)
    result = route(*(part for pair in files.items() for part in pair))

    assert result.exit_code == 1
    assert shown in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_usage() -> None:
    """A wrong call is exit code 2 and says what is missing."""
    result = route("--teams", TEAMS)

    assert result.exit_code == 2
    assert "--payload" in result.stderr


@pytest.mark.parametrize(
    "args", [[], ["--help"], ["route", "--help"], ["teams", "--help"], ["teams", "check", "-h"]]
)
def test_help(args: list[str]) -> None:
    """Every command explains itself."""
    assert "Usage:" in CliRunner().invoke(app, args).output


HOSTILE = "hi\x1b]0;pwned\x07\x1b[2J\nTeam       Evil \u202e\x9b caf\xe9"


def hostile(write: Write) -> str:
    """A payload whose title speaks to the terminal."""
    body = json.loads(ALERT.read_bytes())
    body["data"]["event"]["title"] = HOSTILE
    return write("hostile.json", json.dumps(body))


def test_hostile_title(write: Write) -> None:
    """An alert's words cannot speak to the terminal or pass for a line of the report."""
    shown = route("--teams", TEAMS, "--payload", hostile(write)).stdout

    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(shown)
    assert [line for line in shown.splitlines() if line.startswith("Team ")] == ["Team       Checkout"]


def test_json_is_ascii(write: Write) -> None:
    """What is printed for machines passes through any pipe unchanged."""
    assert route("--teams", TEAMS, "--payload", hostile(write), "--json").stdout.isascii()


def test_narrow_encoding(write: Write) -> None:
    """A character that standard output cannot encode is escaped."""
    run = subprocess.run(
        [
            *(sys.executable, "-c", "from sentry_governed.cli import main; main()"),
            *("route", "--teams", str(TEAMS), "--payload", hostile(write)),
        ],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert b"caf\\xe9" in run.stdout


def test_refusal_names_file() -> None:
    """Where several files are given, a refused payload is named."""
    result = route("--teams", TEAMS, "--payload", TEAMS)

    assert result.stderr.startswith(f"{TEAMS}: ")
