"""`sentry-governed teams ...`: what can be asked of a teams file."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from sentry_governed.cli._app import app

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", ["teams.yaml", "teams-list.yaml"])
def test_check(name: str) -> None:
    """A file that loads is reported with what is in it."""
    result = CliRunner().invoke(app, ["teams", "check", str(ROOT / "examples" / name)])

    assert result.exit_code == 0
    assert f"{name}: ok, " in result.stdout


def test_check_problems(tmp_path: Path) -> None:
    """Every problem is on a line of its own, with file, line and column."""
    file = tmp_path / "teams.yaml"
    file.write_text("- Name: a\n  Entities: [Matchers: [], Matchers: ['k:/(/']]\n  Nmae: b\n")
    result = CliRunner().invoke(app, ["teams", "check", str(file)])

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 3
    assert all(line.startswith(f"{file}:") for line in result.stderr.splitlines())
    assert result.stdout == ""


def test_check_missing() -> None:
    """A file that is not there is a wrong call."""
    result = CliRunner().invoke(app, ["teams", "check", "nowhere.yaml"])

    assert result.exit_code == 2
