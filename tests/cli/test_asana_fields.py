"""`sentry-governed asana fields`: finding the ids that settings ask for."""

import json

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._asana import asana
from sentry_governed.testing import FakeAsana, Fault

PROJECT = "4400"


def shop() -> FakeAsana:
    """An Asana whose project has a team field and a text field."""
    fake = FakeAsana(token="good")
    fake.add_project("Backlog", gid=PROJECT)
    fake.add_project("Bare", gid="4401")
    fake.add_custom_field(
        "Team",
        gid="7700",
        projects=[PROJECT],
        field_type="enum",
        options={"7701": "Detections", "7702": "Old\x1b[31m"},
        disabled=["7702"],
    )
    fake.add_custom_field("Ticket", gid="7800", projects=[PROJECT])
    return fake


def call(fake: FakeAsana, *arguments: str, token: str | None = "good") -> Result:
    """Run the command against a fake."""
    with fake.serve() as url:
        command = ["fields", "--base-url", url, "--allow-http", *arguments]
        return CliRunner().invoke(asana, command, env={"ASANA_PAT": token})


def test_table() -> None:
    """Fields and options are one line each, ids first, and what is disabled says so."""
    result = call(shop(), "--project", PROJECT)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ID      TYPE      NAME",
        "7700    enum      Team",
        "  7701  option      Detections",
        "  7702  disabled    Old\\x1b[31m",
        "7800    text      Ticket",
    ]


def test_json() -> None:
    """Machines get every field with its options."""
    result = call(shop(), "--project", PROJECT, "--json")

    team, ticket = json.loads(result.stdout)
    assert team["gid"] == "7700"
    assert team["enum_options"][0] == {"gid": "7701", "name": "Detections", "enabled": True}
    assert ticket["resource_subtype"] == "text"


def test_none() -> None:
    """A project without custom fields is said to have none, and JSON stays JSON."""
    assert call(shop(), "--project", "4401").stdout == "the project has no custom fields\n"
    assert call(shop(), "--project", "4401", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "token", "words"),
    [
        (["--project", PROJECT], None, "ASANA_PAT"),
        (["--project", PROJECT], "", "ASANA_PAT"),
        (["--project", PROJECT], "wrong-token", "401"),
        (["--project", "999"], "good", "404"),
    ],
)
def test_refused(arguments: list[str], token: str | None, words: str) -> None:
    """A refusal is one line on standard error, without the token, and exits with 1."""
    result = call(shop(), *arguments, token=token)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "wrong-token" not in result.stderr


def test_plan() -> None:
    """A plan without custom fields is told apart."""
    fake = shop()
    fake.faults.add(Fault.status(402))

    assert "402" in call(fake, "--project", PROJECT).stderr


@pytest.mark.parametrize("project", ["backlog", "https://app.asana.com/0/1/list", ""])
def test_usage(project: str) -> None:
    """What is no id is a wrong call, and nothing is sent."""
    fake = shop()

    assert call(fake, "--project", project).exit_code == 2
    assert fake.calls == ()
