"""`sentry-governed handle`: makes for real what `route` previews."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._app import app
from sentry_governed.testing import FakeAsana, FakeSentry, Fault, sentry_issue, sign_webhook

SECRETS = {"PAT": "asana-canary", "API": "sentry-canary", "OWN": "integration-canary"}
UUID = "00000000-0000-4000-8000-000000000001"

Run = Callable[..., Result]


class Shop:
    """Both services, and one event of one issue."""

    def __init__(self) -> None:
        self.asana = FakeAsana(token=SECRETS["PAT"], listing_delay=3600)
        self.asana.add_project("Backlog", gid="11")
        self.sentry = FakeSentry(token=SECRETS["API"])
        self.issue = self.sentry.add_issue("acme", "web").id
        self.sentry.add_installation("acme", uuid=UUID, token=SECRETS["OWN"])

    def payload(self, folder: Path, **tags: str) -> Path:
        """Record the webhook about a new event; the path of its body."""
        event = self.sentry.add_event(self.issue, tags={"service": "checkout", **tags})
        body, headers = sign_webhook(self.sentry.event_alert(event.id), "nobody-knows")
        (folder / "alert.json").write_bytes(body)
        (folder / "headers.json").write_text(json.dumps(headers))
        return folder / "alert.json"


@pytest.fixture
def shop() -> Shop:
    """Both services with one project and one issue."""
    return Shop()


@pytest.fixture
def config(shop: Shop, tmp_path: Path) -> Iterator[Path]:
    """A configuration file for both services, which run on loopback ports."""
    (tmp_path / "teams.yaml").write_text(
        "default: Ops\n"
        "ignore: [{Matchers: [noise], Reason: known noise}]\n"
        "teams:\n"
        "- {Name: Ops}\n"
        '- {Name: Checkout, AsanaBacklogId: "11", Entities: [Matchers: [service:checkout]]}'
    )
    with shop.asana.serve() as asana, shop.sentry.serve() as sentry:
        (tmp_path / "config.yaml").write_text(f"""
teams: teams.yaml
asana: {{base_url: "{asana}", allow_http: true, token: {{secret: PAT}}}}
sentry:
  {{base_url: "{sentry}", allow_http: true, org: acme, token: {{secret: API}},
   installation: {{uuid: {UUID}, token: {{secret: OWN}}}}}}
ledger: {{sqlite: ledger.db}}
routing: {{create_on: [event_alert.triggered, issue.created]}}
""")
        yield tmp_path / "config.yaml"


def handle(config: Path, payload: Path, *args: str, secrets: dict[str, str] | None = None) -> Result:
    """Run the command."""
    command = ["handle", "--config", str(config), "--payload", str(payload), *args]
    return CliRunner().invoke(app, command, env=SECRETS if secrets is None else secrets)


def report(result: Result) -> dict[str, Any]:
    """What `--json` printed."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_created(shop: Shop, config: Path) -> None:
    """The task is there, linked in Sentry, and everything about it is shown."""
    result = handle(config, shop.payload(config.parent))

    (task,) = shop.asana.tasks
    teams = config.parent / "teams.yaml"
    key = task.notes.splitlines()[-1].partition(": ")[2]
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:6] == [
        "Outcome    Created: a task was created",
        f"Key        {key}",
        f"Task       {task.permalink_url}",
        "Team       Checkout",
        f"Why        {teams}:5:53 matched: service:checkout (service='checkout')",
        "Projects   11",
    ]
    assert len(shop.sentry.external_issues(shop.issue)) == 1


def test_again(shop: Shop, config: Path) -> None:
    """Handled again, from anywhere, the same alert makes no second task and settles as well."""
    payload = shop.payload(config.parent)
    first = handle(config, payload, "--json")
    second = handle(config, payload, "--headers", str(config.parent / "headers.json"), "--json")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert report(second) == {
        "outcome": "duplicate",
        **{name: report(first)[name] for name in ("key", "task", "url", "notes", "shadow")},
    }
    assert "Duplicate: the task was there already" in handle(config, payload).stdout
    assert len(shop.asana.tasks) == 1


def test_shadow(shop: Shop, config: Path) -> None:
    """What the rules that are tried out would do otherwise is shown with every outcome that has a route."""
    (config.parent / "next.yaml").write_text("default: Ops\nignore: []\nteams: [{Name: Ops}]")
    config.write_text(config.read_text().replace("routing: {", "routing: {shadow: next.yaml, "))
    line = "Shadow     Ops: no rule matched, so the default team 'Ops' owns it"

    task = handle(config, shop.payload(config.parent)).stdout
    again = handle(config, config.parent / "alert.json").stdout
    found = report(handle(config, config.parent / "alert.json", "--json"))
    ignored = handle(config, shop.payload(config.parent, noise="1")).stdout

    assert "Team       Checkout" in task
    assert [line in shown.splitlines() for shown in (task, again, ignored)] == [True, True, True]
    assert found["shadow"]["team"] == "Ops"
    assert "Outcome    Skipped: ignored: known noise" in ignored


def test_json(shop: Shop, config: Path) -> None:
    """Machines get every field of the outcome by its name."""
    found = report(handle(config, shop.payload(config.parent), "--json"))

    assert list(found) == ["outcome", "key", "task", "url", "team", "reason", "projects", "notes", "shadow"]
    assert (found["outcome"], found["team"], found["projects"]) == ("created", "Checkout", ["11"])


def test_commented(shop: Shop, config: Path) -> None:
    """Where repeats are comments, the earlier task is commented on."""
    config.write_text(config.read_text().replace("routing: {", "routing: {on_repeat: comment, "))
    handle(config, shop.payload(config.parent))
    result = handle(config, shop.payload(config.parent))

    (task,) = shop.asana.tasks
    assert result.exit_code == 0
    assert result.stdout.startswith("Outcome    Commented: an earlier task was commented on\n")
    assert f"/{task.gid}\n" in result.stdout
    assert len(shop.asana.stories(task.gid)) == 1


def test_skipped(shop: Shop, config: Path) -> None:
    """What is not wanted is settled, with the reason."""
    result = handle(config, shop.payload(config.parent, noise="yes"))
    ignored = config.parent / "ignored.json"
    ignored.write_text('{"action": "created", "data": {"comment_id": 1, "issue_id": 2}}')
    headers = config.parent / "headers.json"
    headers.write_text('{"Sentry-Hook-Resource": "comment"}')
    other = handle(config, ignored, "--headers", str(headers))

    assert result.exit_code == other.exit_code == 0
    assert result.stdout.startswith("Outcome    Skipped: ignored: known noise\n")
    assert other.stdout.startswith("Outcome    Skipped: comment.created: ")
    assert shop.asana.calls == ()


def test_rejected(shop: Shop, config: Path) -> None:
    """An alert that can never become a task is exit code 1, and shown as an outcome."""
    payload = config.parent / "issue.json"
    payload.write_bytes(sign_webhook(sentry_issue(issue=shop.issue), "x")[0])
    result = handle(config, payload)

    assert result.exit_code == 1
    assert result.stdout.startswith("Outcome    Rejected: no project for team Ops: ")


def test_uncertain(shop: Shop, config: Path) -> None:
    """A task whose fate is unknown is exit code 3, with the seconds to wait."""
    shop.asana.faults.add(Fault.reply_lost(), when=lambda call: call.is_write)
    payload = shop.payload(config.parent)
    result = handle(config, payload)
    again = handle(config, payload, "--json")

    assert (result.exit_code, again.exit_code) == (3, 3)
    assert result.stdout.startswith("Outcome    Uncertain: ")
    assert "; try again after 1" in result.stdout
    assert report(again)["outcome"] == "uncertain"
    assert 100 < report(again)["retry_after"] <= 150
    assert len(shop.asana.tasks) == 1


def test_deferred(shop: Shop, config: Path) -> None:
    """A service that cannot be asked now is exit code 3, and the next call carries on."""
    shop.asana.faults.add(Fault.status(401))
    payload = shop.payload(config.parent)
    result = handle(config, payload)

    assert result.exit_code == 3
    assert result.stdout.splitlines()[0].endswith("; try again after 300 s")
    assert handle(config, payload).exit_code == 0


def test_missing_secrets(shop: Shop, config: Path) -> None:
    """Every secret that is not set is named with its place, and nothing is sent."""
    result = handle(config, shop.payload(config.parent), secrets={"PAT": SECRETS["PAT"], "API": ""})

    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line.rpartition(": ")[2] for line in lines] == [
        "environment variable 'API' is not set",
        "environment variable 'OWN' is not set",
    ]
    assert all(line.startswith(f"{config}:") for line in lines)
    assert shop.asana.calls == ()


def test_unseen(shop: Shop, config: Path) -> None:
    """Whatever happens, no secret is shown."""
    shop.asana.faults.add(Fault.status(403), times=None)
    result = handle(config, shop.payload(config.parent))

    assert "canary" not in result.output
    assert os.environ.get("PAT") is None


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("config.yaml", "ledgr: {}", "config.yaml:1:1: 'ledgr' is not known here"),
        ("teams.yaml", "- Nam: x", "teams.yaml:1:3: "),
        ("teams.yaml", "- Name: Ops", "has no default team"),
        ("alert.json", "nope", "the body is not JSON"),
        ("headers.json", "[]", "headers.json: this is not one JSON object"),
    ],
)
def test_refused(shop: Shop, config: Path, name: str, text: str, shown: str) -> None:
    """A file that cannot be used is exit code 1, and nothing is sent."""
    payload = shop.payload(config.parent)
    (config.parent / name).write_text(text)
    result = handle(config, payload, "--headers", str(config.parent / "headers.json"))

    assert result.exit_code == 1
    assert result.stdout == ""
    assert shown in result.stderr
    assert "Traceback" not in result.output
    assert shop.asana.calls == ()
