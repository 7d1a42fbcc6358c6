"""`sentry-governed teams schema`: the format of a teams file, for editors."""

import json

from click.testing import CliRunner

from sentry_governed.cli._app import app
from sentry_governed.teams import file_schema


def test_printed() -> None:
    """The schema is printed whole, in ASCII."""
    result = CliRunner().invoke(app, ["teams", "schema"])

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.isascii()
    assert json.loads(result.stdout) == file_schema()


def test_wrong_usage() -> None:
    """It takes no arguments."""
    assert CliRunner().invoke(app, ["teams", "schema", "teams.yaml"]).exit_code == 2
