"""Flows of one's own: a request that is not what its operation says does not leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import attrs
import pytest

from sentry_governed import Operation, Request
from sentry_governed._http import Flow, send
from sentry_governed._values import Response
from sentry_governed.errors import Denied, SentryGovernedError
from sentry_governed.policy import Guard, Policy
from tests.attacks.arena import ISSUES, KINDS, RIVAL, SECRET, WEB, arena
from tests.sentry.doors import door_to

T = TypeVar("T", Operation, Request)
POLICY = Policy(allowed_projects=["acme/web"], denied_actions=["issues.comment"], writes="allow")
ISSUE = "/api/0/organizations/{org}/issues/{issue_id}/"
RESOLVE = Operation("issues.resolve", "write", "project", org="acme", projects=("web",), resource=ISSUES[WEB])
RESOLVING = Request(
    "PUT", ISSUE, (("org", "acme"), ("issue_id", ISSUES[WEB])), body=b'{"status":"resolved"}', idempotent=True
)
LIES: dict[str, dict[str, object]] = {
    "another organization": {"params": (("org", "rival"), ("issue_id", ISSUES[WEB]))},
    "its number": {"params": (("org", "51"), ("issue_id", ISSUES[RIVAL]))},
    "another issue": {"params": (("org", "acme"), ("issue_id", ISSUES[SECRET]))},
    "dots": {"params": (("org", "acme"), ("issue_id", ".."))},
    "a parameter twice": {"params": (("org", "rival"), ("org", "acme"), ("issue_id", ISSUES[WEB]))},
    "another action": {"template": ISSUE + "notes/", "method": "POST", "body": b'{"text":"x"}'},
    "another method": {"method": "DELETE"},
    "no organization": {"template": "/api/0/issues/{issue_id}/", "params": (("issue_id", ISSUES[WEB]),)},
    "a field twice": {"body": b'{"status":"resolved","status":"ignored"}'},
    "an unknown field": {"body": b'{"status":"resolved","merge":1}'},
    "an unknown query": {"query": (("project", "43"),)},
    "no JSON": {"body": b"status=resolved"},
}
STAGES: dict[str, dict[str, object]] = {
    "a write that calls itself a lookup": {"stage": "lookup"},
    "a write that calls itself a read": {"intent": "read"},
    "a narrower scope": {"scope": "none"},
    "no project": {"projects": None},
    "no organization": {"org": None},
    "another service": {"service": "asana"},
}


def _changed(value: T, changes: Mapping[str, object]) -> T:
    return type(value)(**{**attrs.asdict(value, recurse=False), **changes})


def _flow(operation: Operation, request: Request) -> Flow[Response]:
    return (yield from send("sentry", operation, request))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lie", LIES)
def test_request(kind: str, lie: str) -> None:
    """A request for something else than its operation is refused."""
    fake = arena()
    with door_to(fake, kind, Guard(POLICY)) as door:
        door.run(_flow(RESOLVE, RESOLVING))
        with pytest.raises(SentryGovernedError):
            door.run(_flow(RESOLVE, _changed(RESOLVING, LIES[lie])))

    assert len(fake.calls) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lie", STAGES)
def test_operation(kind: str, lie: str) -> None:
    """An operation that makes itself smaller than its action is refused."""
    fake = arena()
    with door_to(fake, kind, Guard(POLICY)) as door, pytest.raises(Denied):
        door.run(_flow(_changed(RESOLVE, STAGES[lie]), RESOLVING))

    assert fake.calls == ()
