"""`sentry-governed policy check`: what policy would say, and why."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sentry_governed.cli._policy import policy
from sentry_governed.policy import Policy

POLICY = Policy(allowed_orgs=["my-org"], denied_projects=["my-org/secret-*"])
CONFIG = "policy: {allowed_orgs: [my-org], denied_projects: [my-org/secret-*]}"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration file with a policy, and no more."""
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    return file


def check(*arguments: str, **environ: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(policy, ["check", *arguments], env=environ)


@pytest.mark.parametrize(
    ("action", "project", "code", "effect"),
    [
        ("issues.get", "web", 0, "allow"),
        ("issues.get", "secret-plans", 1, "deny"),
        ("issues.get", "other/web", 1, "deny"),
        ("issues.resolve", "web", 3, "require_approval"),
    ],
)
def test_decision(config: Path, action: str, project: str, code: int, effect: str) -> None:
    """The exit code and the first line say what is decided."""
    result = check(action, "--org", "my-org", "--project", project, "--config", str(config))

    assert result.exit_code == code
    assert result.stdout.startswith(f"Decision   {effect}: ")


def test_why(config: Path) -> None:
    """The reason, the rule and the policy are shown."""
    result = check("issues.get", "--org", "my-org", "--project", "secret-1", "--config", str(config))

    assert result.stdout.splitlines() == [
        "Decision   deny: project 'my-org/secret-1' is denied",
        "Rule       denied_projects: my-org/secret-*",
        f"Policy     {POLICY.digest}",
    ]


def test_json(config: Path) -> None:
    """Machines get the decision by names."""
    result = check("projects.list", "--org", "my-org", "--config", str(config), "--json")

    assert json.loads(result.stdout) == {
        "action": "projects.list",
        "org": "my-org",
        "project": None,
        "effect": "allow",
        "reason": "no rule is against it",
        "rule": "allowed_orgs: my-org",
        "policy_digest": POLICY.digest,
    }


def test_profiles() -> None:
    """Without a file the policy is that of a profile of the environment."""
    environ = {
        "CORDUM_SENTRY_PROFILES": json.dumps(
            [{"name": "a", "token": "x"}, {"name": "b", "token": "x", "writes": "allow"}]
        ),
        "CORDUM_SENTRY_DEFAULT_PROFILE": "a",
    }
    asked = ("issues.resolve", "--project", "o/p")

    assert check(*asked, **environ).exit_code == 3
    assert check(*asked, "--profile", "b", **environ).exit_code == 0
    assert check(*asked, "--profile", "c", **environ).exit_code == 2


def test_wrong(config: Path) -> None:
    """An unknown action or both sources are wrong usage; a broken file is refused."""
    unknown = check("issues.resolv", "--config", str(config))
    both = check("issues.get", "--config", str(config), "--profile", "a")
    config.write_text("policy: {writes: no}")
    broken = check("issues.get", "--config", str(config))

    assert (unknown.exit_code, both.exit_code, broken.exit_code) == (2, 2, 1)
    assert "did you mean 'issues.resolve'?" in unknown.stderr
    assert "--profile is for profiles" in both.stderr
    assert f"{config}:1:18: 'no' is not known here" in broken.stderr
