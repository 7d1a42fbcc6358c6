"""`sentry-governed approve`: shows one exact write and prints the token that allows it."""

import json
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner, Result

from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._secret import Secret
from sentry_governed.cli._approve import approve
from sentry_governed.errors import ApprovalRefused
from sentry_governed.policy import SignedApprovals

KEY = "k" * 32
REQUEST = ApprovalRequest(
    action="issues.update",
    implied=("issues.resolve",),
    org="my-org",
    projects=("web",),
    resource="123",
    method="PUT",
    template="/organizations/{org}/issues/{issue}/",
    params=(("org", "my-org"), ("issue", "123")),
    query=(("a", "1"),),
    body='{"status":"resolved"}',
    policy_digest="sha256:00",
    created_at=1_700_000_000.0,
)


def run(tmp_path: Path, request: ApprovalRequest, *arguments: str, key: str | None = KEY) -> Result:
    """Run the command on a request."""
    (tmp_path / "request.json").write_text(request.to_json())
    return CliRunner().invoke(
        approve,
        [str(tmp_path / "request.json"), *arguments],
        env={"SENTRY_GOVERNED_APPROVAL_KEY": key, "OTHER": KEY},
    )


def test_token(tmp_path: Path) -> None:
    """Standard output is the token alone, and the token allows the request."""
    accepts = SignedApprovals([Secret(KEY)])
    result = run(tmp_path, REQUEST)

    assert result.exit_code == 0
    assert accepts.consume(result.stdout.strip(), REQUEST)


def test_shown(tmp_path: Path) -> None:
    """All that is approved is shown before it is."""
    result = run(tmp_path, REQUEST)

    assert result.stderr.splitlines() == [
        "Action     issues.update, issues.resolve",
        "Org        my-org",
        "Projects   web",
        "Resource   123",
        "Asked by   unknown",
        "Asked at   2023-11-14T22:13:20+00:00",
        "Request    PUT /organizations/{org}/issues/{issue}/ to sentry",
        " in path   org = my-org",
        " in path   issue = 123",
        " in query  a = 1",
        'Body       {"status":"resolved"}',
        "Policy     sha256:00",
        f"Hash       {REQUEST.hash}",
    ]


def test_escaped(tmp_path: Path) -> None:
    """Nothing in a request can move the cursor, hide or reverse what is shown."""
    result = run(tmp_path, attrs.evolve(REQUEST, body="a\x1b[2K\r\nb\u202ec\u200bé", org="[red]o"))

    assert r"Body       a\x1b[2K\r\nb\u202ec\u200bé" in result.stderr.splitlines()
    assert "Org        [red]o" in result.stderr.splitlines()


def test_empty(tmp_path: Path) -> None:
    """What a request does not have is said to be none."""
    request = attrs.evolve(REQUEST, org=None, projects=None, resource=None, body=None)
    lines = run(tmp_path, request).stderr.splitlines()

    assert {"Org        none", "Projects   none", "Resource   none", "Body       none"} <= set(lines)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1s", 1)])
def test_expires(tmp_path: Path, text: str, seconds: int) -> None:
    """The token is good for as long as was asked."""
    told = json.loads(run(tmp_path, REQUEST, "--expires", text, "--json").stdout)

    assert told["expires_in"] == seconds


def test_expires_for_real(tmp_path: Path) -> None:
    """The time is in the token: who accepts shorter ones only refuses it."""
    accepts = SignedApprovals([Secret(KEY)], max_age=899)
    token = run(tmp_path, REQUEST).stdout.strip()

    with pytest.raises(ApprovalRefused, match="longer than 899"):
        accepts.consume(token, REQUEST)


@pytest.mark.parametrize("text", ["", "15", "m", "0m", "-1m", "1d", "1.5h", "99999999h", "\u0661m"])
def test_not_a_time(tmp_path: Path, text: str) -> None:
    """A time that is not understood is a wrong call."""
    result = run(tmp_path, REQUEST, "--expires", text)

    assert result.exit_code == 2
    assert "is not a time such as" in result.stderr


def test_json(tmp_path: Path) -> None:
    """Machines read the token and the whole request."""
    accepts = SignedApprovals([Secret(KEY)])
    result = run(tmp_path, REQUEST, "--json")
    told = json.loads(result.stdout)

    assert accepts.consume(told["token"], REQUEST)
    assert told["request"]["body"] == REQUEST.body
    assert told["request"]["hash"] == REQUEST.hash


def test_edited(tmp_path: Path) -> None:
    """A file that was edited is refused, and no token is printed."""
    file = tmp_path / "request.json"
    file.write_text(REQUEST.to_json().replace("resolved", "ignored"))
    result = CliRunner().invoke(approve, [str(file)], env={"SENTRY_GOVERNED_APPROVAL_KEY": KEY})

    assert (result.exit_code, result.stdout) == (1, "")
    assert "was edited" in result.stderr


def test_approver(tmp_path: Path) -> None:
    """Where it is known who asks, somebody else has to approve."""
    request = attrs.evolve(REQUEST, principal="ana")

    assert run(tmp_path, request).exit_code == 1
    assert "of their own" in run(tmp_path, request, "--approver", "Ana").stderr
    assert run(tmp_path, request, "--approver", "ben").exit_code == 0


def test_other_variable(tmp_path: Path) -> None:
    """The key may be in another variable."""
    assert run(tmp_path, REQUEST, "--key-env", "OTHER", key=None).exit_code == 0


@pytest.mark.parametrize(
    ("key", "problem"),
    [(None, "holds no key"), ("", "holds no key"), ("k y" * 20, "cannot be used"), ("k", "fewer than 32")],
    ids=["unset", "empty", "space", "short"],
)
def test_key(tmp_path: Path, key: str | None, problem: str) -> None:
    """Without a usable key nothing is approved, and the key is not shown."""
    result = run(tmp_path, REQUEST, key=key)

    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr
    assert "k y" not in result.stderr
