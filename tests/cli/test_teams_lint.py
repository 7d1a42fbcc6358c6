"""`sentry-governed teams lint`: findings for people, for machines and for pull requests."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._app import app

DOUBTFUL = str(Path(__file__).parent.parent.parent / "examples" / "tutorial" / "doubtful.yaml")


def lint(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["teams", "lint", *arguments])


def file_of(folder: Path, rules: str) -> str:
    """A file with a default team and these rules."""
    file = folder / "teams.yaml"
    file.write_text(f"default: A\nteams:\n- {{Name: A, Entities: [{rules}]}}\n", encoding="utf-8")
    return str(file)


def test_text() -> None:
    """Each finding is on a line of its own, and its event below it."""
    result = lint(DOUBTFUL)
    lines = result.stdout.splitlines()

    assert result.exit_code == 1
    assert sum(line.startswith(f"{DOUBTFUL}:13:7: error: ") for line in lines) == 1
    assert "    seen with service='checkout'" in lines
    assert lines[-1].startswith(f"{DOUBTFUL}: 2 errors, 3 warnings, ")


def test_json() -> None:
    """Machines get every field."""
    found = json.loads(lint(DOUBTFUL, "--json").stdout)

    (duplicate,) = (each for each in found if each["code"] == "duplicate-rule")
    assert (duplicate["severity"], duplicate["line"], duplicate["column"]) == ("error", 13, 7)
    assert duplicate["team"] == "Search"
    assert duplicate["witness"] == {"service": ["checkout"]}
    assert duplicate["related"] == f"{DOUBTFUL}:7:7"


def test_github(tmp_path: Path) -> None:
    """GitHub gets one command a finding, with everything escaped that would end it early."""
    folder = tmp_path / "a,b:c"
    folder.mkdir()
    file = file_of(folder, '{Matchers: ["a:x%y,.*"]}')
    shown = file.replace(":", "%3A").replace(",", "%2C")
    lines = lint(file, "--github").stdout.splitlines()

    (warning,) = (line for line in lines if line.startswith("::warning "))
    assert warning.startswith(f"::warning file={shown},line=3,col=25,title=literal-regex::term 'a:x%25y,.*'")


@pytest.mark.parametrize(
    ("rules", "fail_on", "code"),
    [
        ("{Matchers: [a, '!a']}", "error", 1),
        ("{Matchers: [a, '!a']}", "never", 0),
        ("{Matchers: [a:1, a:2]}", "error", 0),
        ("{Matchers: [a:1, a:2]}", "warning", 1),
        ("{Matchers: [b, b]}", "warning", 0),
        ("{Matchers: [b, b]}", "note", 1),
    ],
)
def test_fail_on(tmp_path: Path, rules: str, fail_on: str, code: int) -> None:
    """What is as bad as one says, or worse, makes the exit code 1."""
    assert lint(file_of(tmp_path, rules), "--fail-on", fail_on).exit_code == code


def test_hostile(tmp_path: Path) -> None:
    """Nothing in a file speaks to the terminal."""
    result = lint(file_of(tmp_path, '{Matchers: ["a:\\e[31m.*"]}, {Matchers: ["a:\\e[31m.*"]}'))

    assert "\x1b" not in result.stdout
    assert "\\x1b" in result.stdout


def test_usage(tmp_path: Path) -> None:
    """Two forms at once, and a severity that is none, are wrong calls; a file that does not load is not."""
    file = file_of(tmp_path, "{Matchers: []}")

    assert lint(file, "--json", "--github").exit_code == 2
    assert lint(file, "--fail-on", "fatal").exit_code == 2
    assert lint(file).exit_code == 1
    assert "empty Matchers" in lint(file).stderr


def test_default(tmp_path: Path) -> None:
    """A default team may be named for a file that declares none."""
    file = tmp_path / "teams.yaml"
    file.write_text("- {Name: A, Entities: [{Matchers: [a]}]}\n")

    assert "no-default" in lint(str(file)).stdout
    assert "no-default" not in lint(str(file), "--default", "A").stdout
