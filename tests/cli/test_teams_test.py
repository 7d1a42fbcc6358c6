"""`sentry-governed teams test`: the cases of a file, from the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._app import app

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def run(*args: object) -> Result:
    """The command with these arguments."""
    return CliRunner().invoke(app, ["teams", "test", *map(str, args)])


@pytest.fixture
def teams(tmp_path: Path) -> Path:
    """A file of two rules and an ignore rule."""
    file = tmp_path / "teams.yaml"
    file.write_text(
        "ignore: [{Matchers: [noise], Reason: it is noise}]\n"
        "teams:\n"
        "- Name: Web\n"
        "  Entities: [Matchers: [service:web], Matchers: [service:shop]]\n"
    )
    return file


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A file with one case that passes and one that does not."""
    file = tmp_path / "cases.yaml"
    file.write_text(
        "- {name: good, tags: {service: web}, team: Web}\n"
        '- {name: "bad\\e[31m", tags: {service: web, noise: "1"}, team: Platform}\n'
    )
    return file


def test_pass() -> None:
    """The example passes, with the settings that its placement needs."""
    result = run(EXAMPLES / "teams.yaml", EXAMPLES / "cases.yaml", "--settings", EXAMPLES / "settings.yaml")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("cases.yaml: 11 cases, all pass\n")


def test_fail(teams: Path, cases: Path) -> None:
    """A case that fails is shown with why, harmless to a terminal, and the exit code says so."""
    result = run(teams, cases)

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{cases}:2:3: bad\\x1b[31m",
        f"    team: expected Platform ('{teams}' has no such team; known: 'Web'), got Web",
        "    ignored: expected false, got 'it is noise'",
        "    why: it is noise",
        f"{cases}: 2 cases, 1 failed",
    ]


def test_coverage(teams: Path, cases: Path) -> None:
    """Rules that decided no case are listed with their places; they do not fail the command."""
    cases.write_text("- {name: good, tags: {service: web}, team: Web}\n")
    result = run(teams, cases, "--coverage")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        "1 of 3 rules reached",
        f'{teams}:4:39: no case reaches ["service:shop"] (Web)',
        f'{teams}:1:11: no case reaches ["noise"] (ignore)',
    ]


def test_coverage_of_ignored(teams: Path, cases: Path) -> None:
    """Of an ignored alert the ignore rule decided, and not the rule of its would-be owner."""
    cases.write_text("- {name: n, tags: {service: web, noise: x}, ignored: true}\n")
    shown = json.loads(run(teams, cases, "--coverage", "--json").stdout)["coverage"]

    assert [(rule["team"], rule["cases"]) for rule in shown] == [("Web", 0), ("Web", 0), (None, 1)]


def test_json(teams: Path, cases: Path) -> None:
    """The object for machines has every case, and what was not as expected."""
    result = run(teams, cases, "--json")
    shown = json.loads(result.stdout)

    assert result.exit_code == 1
    assert result.stdout.isascii()
    assert set(shown) == {"cases", "failed", "passed"}
    assert (shown["failed"], shown["passed"]) == (1, 1)
    assert shown["cases"][0] == {
        "name": "good",
        "location": f"{cases}:1:3",
        "passed": True,
        "team": "Web",
        "rule": f"{teams}:4:14",
        "is_default": False,
        "ignored": False,
        "why": f"{teams}:4:14 matched: service:web (service='web')",
        "differences": [],
    }
    assert [each["what"] for each in shown["cases"][1]["differences"]] == ["team", "ignored"]


def test_no_owner(teams: Path, cases: Path) -> None:
    """Without a default team a case can say who owns it no more than the file can; --default names one."""
    cases.write_text("- {name: a, tags: {x: y}, default: true, team: Web}\n")

    assert "has no default team" in run(teams, cases).stdout
    assert run(teams, cases, "--default", "Web").exit_code == 0


def test_default_of_settings(teams: Path, cases: Path, tmp_path: Path) -> None:
    """The default team of the settings counts too."""
    cases.write_text("- {name: a, tags: {x: y}, default: true, team: Web}\n")
    (tmp_path / "settings.yaml").write_text("routing: {default_team: Web}\n")

    assert run(teams, cases, "--settings", tmp_path / "settings.yaml").exit_code == 0


def test_refused(teams: Path, cases: Path) -> None:
    """A file that cannot be used is refused with all its problems."""
    cases.write_text("- {name: a, tags: {}}\n- {nme: b}\n")
    result = run(teams, cases)

    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [f"{cases}:1:3", f"{cases}:2:4"]


def test_wrong_usage(teams: Path, cases: Path) -> None:
    """A case about the task without settings, or a file that is not there, is a wrong call."""
    cases.write_text("- {name: a, tags: {}, priority: high}\n")
    result = run(teams, cases)

    assert result.exit_code == 2
    assert f"{cases}:1:3 states placement or priority; give --settings" in result.stderr
    assert run(teams, "nowhere.yaml").exit_code == 2
