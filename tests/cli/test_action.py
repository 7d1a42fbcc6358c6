"""`sentry-governed action`: does any action, under policy."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._secret import Secret
from sentry_governed.cli._action import action
from sentry_governed.cli._approve import approve
from sentry_governed.policy import verify_audit
from sentry_governed.testing import FakeSentry

KEY = "k" * 32
TOKEN = "token-canary"
ENVIRON = {"TOKEN": TOKEN, "SENTRY_GOVERNED_APPROVAL_KEY": KEY, "SENTRY_GOVERNED_AUDIT_KEY": KEY}


class Place:
    """A Sentry on a loopback port, and a configuration file for it."""

    def __init__(self, fake: FakeSentry, url: str, folder: Path) -> None:
        self.fake = fake
        self.url = url
        self.folder = folder
        self.issue = fake.add_issue("my-org", "web").id
        self.hidden = fake.add_issue("my-org", "secret-plans").id
        self.policy("require_approval")

    def policy(self, writes: str) -> None:
        """Configure what becomes of writes."""
        self.config.write_text(
            f'sentry: {{base_url: "{self.url}", allow_http: true, org: my-org, token: {{secret: TOKEN}}}}\n'
            f"policy: {{allowed_orgs: [my-org], denied_projects: [my-org/secret-*], writes: {writes}}}"
        )

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "config.yaml"

    def run(self, *arguments: str) -> Result:
        """Run the command with the file."""
        return run(*arguments, "--config", str(self.config))

    def status(self) -> str:
        """What became of the issue."""
        return self.fake.issue(self.issue).status


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A Sentry with two projects, one of them secret."""
    fake = FakeSentry(token=TOKEN)
    with fake.serve() as url:
        yield Place(fake, url, tmp_path)


def run(*arguments: str, environ: dict[str, str] | None = None) -> Result:
    """Run the command."""
    result = CliRunner().invoke(action, list(arguments), env=ENVIRON if environ is None else environ)
    assert TOKEN not in result.output
    return result


def test_done(place: Place) -> None:
    """A write that policy allows is done and shown."""
    place.policy("allow")
    result = place.run("issues.resolve", f"issue_id={place.issue}")

    assert result.exit_code == 0
    assert result.stdout.startswith(
        "Action     issues.resolve\nOrg        my-org\nProject    web\nStatus     200 "
    )
    assert place.status() == "resolved"


def test_json(place: Place) -> None:
    """Machines get every field of the result, without what policy withholds."""
    told = json.loads(place.run("issues.list", "--json").stdout)

    assert list(told) == [
        "action",
        "org",
        "project",
        "status_code",
        "request_id",
        "duration_ms",
        "result",
        "cursor",
        "withheld",
    ]
    assert ([issue["id"] for issue in told["result"]], told["withheld"]) == ([place.issue], 1)


def test_withheld(place: Place) -> None:
    """People see how much was left out."""
    assert "Withheld   1\n" in place.run("issues.list").stdout


@pytest.mark.parametrize(
    ("claim", "problem"),
    [((), "project 'my-org/secret-plans' is denied"), (("project=web",), "is not of the project")],
)
def test_denied(place: Place, claim: tuple[str, ...], problem: str) -> None:
    """What policy denies is exit code 1 with the reason, whatever is claimed."""
    place.policy("allow")
    result = place.run("issues.resolve", f"issue_id={place.hidden}", *claim)

    assert (result.exit_code, result.stdout) == (1, "")
    assert problem in result.stderr
    assert place.fake.issue(place.hidden).status == "unresolved"


def test_missing(place: Place) -> None:
    """What Sentry refuses is exit code 1."""
    result = place.run("issues.get", "issue_id=999999999")

    assert result.exit_code == 1
    assert ": 404 " in result.stderr


def test_approval(place: Place) -> None:
    """A write waits for an approval, is sent once with its token, and not again."""
    request, store = place.folder / "request.json", place.folder / "spent.db"
    write = ("issues.resolve", f"issue_id={place.issue}", "--approval-store", str(store))
    first = place.run(*write, "--request-out", str(request))

    assert (first.exit_code, first.stdout, place.status()) == (3, "", "unresolved")
    assert "needs an approval" in first.stderr
    assert request.stat().st_mode & 0o777 == 0o600

    token = CliRunner().invoke(approve, [str(request)], env=ENVIRON).stdout.strip()
    second = place.run(*write, "--approval", token)
    assert (second.exit_code, place.status()) == (0, "resolved")

    used = {**ENVIRON, "SENTRY_GOVERNED_APPROVAL": token}
    third = run(*write, "--config", str(place.config), environ=used)
    assert third.exit_code == 1
    assert "is spent" in third.stderr


def test_request_on_stdout(place: Place) -> None:
    """Without a file the request alone is on standard output."""
    result = place.run("issues.resolve", f"issue_id={place.issue}")
    request = ApprovalRequest.from_json(result.stdout)

    assert (result.exit_code, request.resource, request.projects) == (3, place.issue, ("web",))


def test_request_replaced(place: Place) -> None:
    """An older request file is replaced, and becomes private."""
    request = place.folder / "request.json"
    request.write_text("old")
    request.chmod(0o644)
    result = place.run("issues.resolve", f"issue_id={place.issue}", "--request-out", str(request))

    assert result.exit_code == 3
    assert ApprovalRequest.from_json(request.read_bytes()).action == "issues.resolve"
    assert request.stat().st_mode & 0o777 == 0o600


def test_request_nowhere(place: Place) -> None:
    """A request that cannot be written is an error, not a request that seems to be there."""
    file = place.folder / "no" / "request.json"
    result = place.run("issues.resolve", f"issue_id={place.issue}", "--request-out", str(file))

    assert result.exit_code == 1
    assert str(file) in result.stderr


@pytest.mark.parametrize(("writes", "code"), [("allow", 0), ("require_approval", 3), ("deny", 1)])
def test_dry_run(place: Place, writes: str, code: int) -> None:
    """A dry run shows the request and the decision, and sends no write."""
    place.policy(writes)
    result = place.run("issues.resolve", f"issue_id={place.issue}", "--dry-run")

    assert (result.exit_code, place.status()) == (code, "unresolved")
    if code != 1:
        assert (
            f"Request    PUT /api/0/organizations/my-org/issues/{place.issue}/" in result.stdout.splitlines()
        )
        assert 'Body       {"status":"resolved"}' in result.stdout.splitlines()
        assert f"Decision   {writes}: " in result.stdout


def test_dry_run_json(place: Place) -> None:
    """Machines get the request of a dry run."""
    result = place.run("issues.resolve", f"issue_id={place.issue}", "--dry-run", "--json")
    told = json.loads(result.stdout)

    assert (told["method"], told["org"], told["projects"]) == ("PUT", "my-org", ["web"])
    assert (told["body"], told["decision"]["effect"]) == ('{"status":"resolved"}', "require_approval")


def test_parameters(place: Place) -> None:
    """A repeated key has several values, and `:=` takes JSON."""
    place.policy("allow")
    several = place.run("issues.update_many", f"ids={place.issue}", f"ids={place.hidden}", "status=resolved")
    typed = place.run("issues.update", f"issue_id={place.issue}", "hasSeen:=true", "--dry-run", "--json")

    environments = ("environment=a", "environment=b")
    repeated = place.run("issues.list", *environments, "--dry-run", "--json")

    assert several.exit_code == 1
    assert json.loads(repeated.stdout)["query"][:2] == [["environment", "a"], ["environment", "b"]]
    assert place.status() == "unresolved"
    assert json.loads(json.loads(typed.stdout)["body"]) == {"hasSeen": True}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["issues.resolv"], "did you mean 'issues.resolve'?"),
        (["issues.get", "secret-canary"], "parameter 1 is not written key=value"),
        (["issues.get", "issue_id:=secret-canary"], "the value of issue_id is not JSON"),
        (["issues.get", "isue_id=1"], "did you mean 'issue_id'?"),
        (["issues.get"], "missing"),
        (["issues.get", "issue_id=1", "token=secret-canary"], "'token' is unknown"),
        (["issues.get", "issue_id=1", "--approval", "secret-canary"], "--approval needs --approval-store"),
        (["issues.get", "issue_id=1", "--profile", "a"], "--profile is for profiles"),
    ],
)
def test_wrong(place: Place, arguments: list[str], problem: str) -> None:
    """A wrong call is exit code 2, sends nothing and shows no value that may be a secret."""
    result = place.run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr
    assert "canary" not in result.stderr
    assert place.fake.calls == ()


def test_audit(place: Place) -> None:
    """The records of a call are in the audit file, signed."""
    file = place.folder / "audit.jsonl"
    place.run("issues.get", f"issue_id={place.issue}", "--audit", str(file))
    report = verify_audit(file, Secret(KEY))

    assert (report.intact, report.records) == (True, 2)


def test_unaudited(place: Place) -> None:
    """A call that cannot be audited is not made."""
    place.policy("allow")
    file = str(place.folder / "audit.jsonl")
    arguments = ("issues.resolve", f"issue_id={place.issue}", "--config", str(place.config), "--audit")

    assert run(*arguments, file, environ={"TOKEN": TOKEN}).exit_code == 2
    assert run(*arguments, str(place.folder / "no" / "audit.jsonl")).exit_code == 1
    assert place.status() == "unresolved"


def test_profile(place: Place) -> None:
    """Without a file the access is that of a profile, which the lists of the environment narrow."""
    environ = {
        "CORDUM_SENTRY_PROFILES": json.dumps([{"name": "a", "token_env": "TOKEN", "base_url": place.url}]),
        "CORDUM_SENTRY_ALLOW_HTTP": "true",
        "CORDUM_SENTRY_DENIED_PROJECTS": "my-org/secret-*",
        "TOKEN": TOKEN,
    }
    allowed = run("issues.get", "org=my-org", f"issue_id={place.issue}", environ=environ)
    denied = run("issues.get", "org=my-org", f"issue_id={place.hidden}", "--profile", "a", environ=environ)
    unset = run("issues.get", "org=my-org", f"issue_id={place.issue}", environ={})

    assert (allowed.exit_code, denied.exit_code, unset.exit_code) == (0, 1, 2)
    assert "neither a token nor a token_env" in unset.stderr


@pytest.mark.parametrize("environ", [{}, {"TOKEN": ""}])
def test_no_token(place: Place, environ: dict[str, str]) -> None:
    """A token that is missing is reported by its name."""
    result = run("issues.get", "issue_id=1", "--config", str(place.config), environ=environ)

    assert result.exit_code == 1
    assert "TOKEN" in result.stderr


def test_no_section(place: Place) -> None:
    """A file that does not say how Sentry is reached is refused."""
    place.config.write_text("policy: {writes: deny}")
    result = place.run("issues.get", "issue_id=1")

    assert result.exit_code == 1
    assert "there is no sentry section" in result.stderr
