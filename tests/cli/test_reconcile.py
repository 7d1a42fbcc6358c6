"""`sentry-governed reconcile`: the tasks of webhooks that never came."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._app import app
from sentry_governed.testing import FakeAsana, FakeSentry, Fault

SECRETS = {"PAT": "asana-canary", "API": "sentry-canary"}


class Shop:
    """Both services on loopback ports."""

    def __init__(self) -> None:
        self.asana = FakeAsana(token=SECRETS["PAT"])
        self.asana.add_project("Backlog", gid="11")
        self.sentry = FakeSentry(token=SECRETS["API"])
        self.sentry.add_project("acme", "web")

    def lose(self, project: str = "web", *, age: float = 60.0) -> str:
        """An issue whose webhook never came; its number."""
        seen = self.sentry.clock.time() - age
        issue = self.sentry.add_issue("acme", project, seen=seen).id
        self.sentry.add_event(issue, tags={"service": "checkout"}, seen=seen)
        return issue


@pytest.fixture
def shop() -> Shop:
    """Both services with one project."""
    return Shop()


@pytest.fixture
def config(shop: Shop, tmp_path: Path) -> Iterator[Path]:
    """A configuration file for both services."""
    (tmp_path / "teams.yaml").write_text('default: Ops\nteams: [{Name: Ops, AsanaBacklogId: "11"}]')
    with shop.asana.serve() as asana, shop.sentry.serve() as sentry:
        (tmp_path / "config.yaml").write_text(f"""
teams: teams.yaml
asana: {{base_url: "{asana}", allow_http: true, token: {{secret: PAT}}, default_project: "11"}}
sentry: {{base_url: "{sentry}", allow_http: true, org: acme, token: {{secret: API}}}}
ledger: {{sqlite: ledger.db}}
""")
        yield tmp_path / "config.yaml"


def reconcile(config: Path, *args: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["reconcile", "--config", str(config), *args], env=SECRETS)


def report(result: Result) -> dict[str, Any]:
    """What `--json` printed."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_made_up_for(shop: Shop, config: Path) -> None:
    """Each issue gets its task, and a second run finds them."""
    shop.lose()

    first, second = reconcile(config, "--since", "1h"), reconcile(config, "--since", "1h")

    (task,) = shop.asana.tasks
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.splitlines() == [
        "Issues     1",
        "Covered    0",
        f"Created    {task.permalink_url} for Ops",
    ]
    assert second.stdout.splitlines() == ["Issues     1", "Covered    1"]


def test_json(shop: Shop, config: Path) -> None:
    """Machines get every figure and every outcome."""
    shop.lose()
    shop.lose(age=1.0)

    found = report(reconcile(config, "--since", "1h", "--grace", "30s", "--json"))

    (task,) = shop.asana.tasks
    (outcome,) = found.pop("outcomes")
    assert (outcome["outcome"], outcome["url"], outcome["team"]) == ("created", task.permalink_url, "Ops")
    assert found == {
        "listed": 2,
        "covered": 0,
        "waiting": 1,
        "withheld": 0,
        "counts": {"created": 1},
        "problems": [],
    }


def test_choices(shop: Shop, config: Path) -> None:
    """Projects, query and time narrow what is looked at."""
    shop.lose()
    shop.lose("shop")
    shop.lose(age=7200)

    def listed(*args: str) -> int:
        return int(report(reconcile(config, "--since", "1h", "--json", *args))["listed"])

    assert listed("--project", "shop") == 1
    assert listed("--query", "is:resolved") == 0
    assert listed("--query", "") == 2
    assert report(reconcile(config, "--since", "3h", "--json"))["listed"] == 3


def test_problem(shop: Shop, config: Path) -> None:
    """An issue that cannot be read is shown, and the rest is done."""
    broken = shop.lose(age=100)
    shop.lose()
    shop.sentry.faults.add(Fault.status(403), when=lambda call: f"/{broken}/" in call.path)

    result = reconcile(config, "--since", "1h")

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[-1].startswith(f"Problem    issue {broken}: GET ")
    assert len(shop.asana.tasks) == 1


def test_try_again(shop: Shop, config: Path) -> None:
    """A task that could not be made now asks for another run."""
    shop.lose()
    shop.asana.faults.add(Fault.status(429, retry_after=900))

    result = reconcile(config, "--since", "1h")

    assert result.exit_code == 3
    assert result.stdout.splitlines()[-1].endswith("; try again after 900 s")


def test_refused(shop: Shop, config: Path) -> None:
    """A task that can never be made is told by the exit code."""
    shop.lose()
    shop.asana.faults.add(Fault.status(403), times=None)

    result = reconcile(config, "--since", "1h")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1].startswith("Rejected   sentry.")


@pytest.mark.parametrize(
    "args",
    [
        ["--since", "yesterday"],
        ["--since", "0s"],
        ["--since", "1h", "--grace", "x"],
        ["--since", "1h", "--deadline", "0s"],
        [],
    ],
)
def test_usage(config: Path, args: list[str]) -> None:
    """What is no time is wrong usage."""
    assert reconcile(config, *args).exit_code == 2


def test_no_org(config: Path) -> None:
    """Without an organization it says what is missing."""
    config.write_text(config.read_text().replace("org: acme, ", ""))

    result = reconcile(config, "--since", "1h")

    assert result.exit_code == 1
    assert "configured with an org" in result.stderr
