"""Requests that are not what their operation claims: none of them gets a permit."""

from __future__ import annotations

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import Operation, Request
from sentry_governed._actions import ACTIONS
from sentry_governed.errors import Denied
from sentry_governed.policy import Policy
from tests.policy.makers import (
    GET,
    GETTING,
    ISSUE,
    LISTING,
    OF_ISSUE,
    OF_ORG,
    ORG,
    RESOLVE,
    RESOLVING,
    guard,
    operation,
    with_body,
)

UPDATE = operation("issues.update")
RELEASE = operation("releases.create", resource="1.0")
RELEASING = with_body(
    Request("POST", f"{ORG}releases/", OF_ORG), {"version": "1.0", "projects": ["web"], "ref": "main"}
)
MANY = operation("issues.update_many", resource="7,8")
CHANGING = attrs.evolve(
    LISTING,
    method="PUT",
    query=(("id", "7"), ("id", "8"), ("project", "web")),
    body=b'{"status":"resolved"}',
)
OWNERSHIP = operation("ownership.get", resource="web")
OWNING = Request("GET", "/api/0/projects/{org}/{project}/ownership/", (*OF_ORG, ("project", "web")))
LINK = operation("external_issues.create")
LINKING = with_body(
    Request(
        "POST",
        "/api/0/sentry-app-installations/{installation}/external-issues/",
        (("installation", "0f0f0f0f-0000-4000-8000-000000000000"),),
    ),
    {"issueId": 7, "webUrl": "https://app.asana.com/0/0/5", "project": "Asana", "identifier": "5"},
)
AGREEING = {
    "resolve": (RESOLVE, RESOLVING),
    "upper case": (RESOLVE, attrs.evolve(RESOLVING, params=(("org", "MY-Org"), ("issue_id", "7")))),
    "get": (GET, GETTING),
    "release": (RELEASE, RELEASING),
    "many": (MANY, CHANGING),
    "many by number": (MANY, attrs.evolve(CHANGING, query=(("id", "7"), ("project", "12")))),
    "project": (OWNERSHIP, OWNING),
    "link": (LINK, LINKING),
}


def refused(operation: Operation, request: Request, policy: Policy | None = None) -> str:
    """Why a request is refused, under a policy that allows every operation unless another is given."""
    with pytest.raises(Denied) as caught:
        guard(policy).authorize(operation, request, "token")
    assert caught.value.decision is not None
    return caught.value.decision.reason


@pytest.mark.parametrize(("asked", "request_"), AGREEING.values(), ids=AGREEING)
def test_agreeing(asked: Operation, request_: Request) -> None:
    """A request that is what its operation says gets its permit."""
    guard().authorize(asked, request_, None)


def params(request: Request, **values: str) -> Request:
    """The same request with other values in its path."""
    return attrs.evolve(request, params=tuple({**dict(request.params), **values}.items()))


@pytest.mark.parametrize(
    ("asked", "request_", "reason"),
    [
        (RESOLVE, params(RESOLVING, org="evil"), "another organization"),
        (RESOLVE, params(RESOLVING, org="12"), "another organization"),
        (RESOLVE, params(RESOLVING, org="my-or\u212a"), "another organization"),
        (attrs.evolve(RESOLVE, org="my-ork"), params(RESOLVING, org="my-or\u212a"), "another organization"),
        (RESOLVE, attrs.evolve(RESOLVING, params=(*OF_ISSUE, ("org", "my-org"))), "a parameter twice"),
        (RESOLVE, params(RESOLVING, issue_id="8"), "another resource"),
        (attrs.evolve(RESOLVE, resource=None), RESOLVING, "another resource"),
        (RESOLVE, attrs.evolve(RESOLVING, method="DELETE"), "not how issues.resolve is done"),
        (RESOLVE, attrs.evolve(RESOLVING, method="GET"), "not how issues.resolve is done"),
        (RESOLVE, attrs.evolve(RESOLVING, template="/api/0/issues/{issue_id}/"), "not how issues.resolve is"),
        (RESOLVE, attrs.evolve(RESOLVING, template=ISSUE[:-1]), "not how issues.resolve is done"),
        (GET, attrs.evolve(GETTING, template=f"{ISSUE}events/latest/"), "not how issues.get is done"),
        (GET, RESOLVING, "not how issues.get is done"),
        (GET, attrs.evolve(GETTING, body=b'{"status":"resolved"}'), "issues.get has no body"),
        (GET, attrs.evolve(GETTING, body=b"{}"), "issues.get has no body"),
        (GET, attrs.evolve(GETTING, query=(("as_user", "1"),)), "does not know of 'as_user'"),
        (RESOLVE, attrs.evolve(RESOLVING, query=(("status", "x"),)), "does not know of 'status'"),
        (RESOLVE, with_body(RESOLVING, {"status": "resolved", "discard": True}), "not know of 'discard'"),
        (RESOLVE, with_body(RESOLVING, {"merge": "1"}), "does not know of 'merge'"),
        (RESOLVE, with_body(RESOLVING, {"org": "my-org"}), "does not know of 'org'"),
        (RESOLVE, with_body(RESOLVING, ["status"]), "not one JSON object"),
        (RESOLVE, attrs.evolve(RESOLVING, body=b"status=resolved"), "not one JSON object"),
        (RESOLVE, attrs.evolve(RESOLVING, body=b""), "not one JSON object"),
        (RESOLVE, attrs.evolve(RESOLVING, body='{"status":"resolved"}'.encode("utf-16")), "not one JSON"),
        (RESOLVE, attrs.evolve(RESOLVING, body=b'{"status":"ignored","status":"resolved"}'), "field twice"),
        (RESOLVE, attrs.evolve(RESOLVING, body=b'{"a":' * 100_000), "not one JSON object"),
        (OWNERSHIP, params(OWNING, project="secret"), "names a project that the operation does not"),
        (OWNERSHIP, params(OWNING, project="12"), "names a project that the operation does not"),
        (OWNERSHIP, params(OWNING, project="\u212a"), "names a project that the operation does not"),
        (MANY, attrs.evolve(CHANGING, query=()), "not named by their ids"),
        (MANY, attrs.evolve(CHANGING, query=(("project", "web"),)), "not named by their ids"),
        (MANY, attrs.evolve(CHANGING, query=(("id", "7"), ("id", ""))), "not named by their ids"),
        (
            MANY,
            attrs.evolve(CHANGING, query=(("id", "7"), ("query", "is:unresolved"))),
            "not know of 'query'",
        ),
        (MANY, attrs.evolve(CHANGING, query=(("id", "7"), ("project", "secret"))), "names a project"),
        (LINK, with_body(LINKING, {"issueId": 8}), "another resource"),
        (LINK, with_body(LINKING, {"issueId": "7", "action": "create"}), "does not know of 'action'"),
    ],
)
def test_disagreeing(asked: Operation, request_: Request, reason: str) -> None:
    """A request that differs from its operation in anything that matters is refused."""
    assert reason in refused(asked, request_)


@pytest.mark.parametrize(
    "projects",
    [["secret"], ["web", "secret"], ["web", 12], [12], "secret", [["web"]], [None], {"web": 1}, 12, True],
)
def test_projects_in_a_body(projects: object) -> None:
    """The projects in a body are those of the operation, each by its slug."""
    body = {"version": "1.0", "projects": projects}

    assert "names a project" in refused(RELEASE, with_body(RELEASING, body))


@pytest.mark.parametrize(
    ("body", "denied"),
    [
        ({"status": "resolved"}, "issues.resolve"),
        ({"status": "resolvedInNextRelease"}, "issues.resolve"),
        ({"statusDetails": {"inRelease": "latest"}}, "issues.resolve"),
        ({"status": "ignored"}, "issues.mute"),
        ({"status": "unresolved"}, "issues.unmute"),
        ({"status": "something new"}, "issues.unresolve"),
        ({"status": ["resolved"]}, "issues.ignore"),
        ({"substatus": "archived_forever"}, "issues.ignore"),
        ({"assignedTo": "user:1"}, "issues.assign"),
    ],
)
@pytest.mark.parametrize("claimed", [(), ("issues.update",)])
def test_implied_by_a_body(body: object, denied: str, claimed: tuple[str, ...]) -> None:
    """What an update amounts to is read from its body, whatever the operation claims it amounts to."""
    policy = Policy(denied_actions=[denied], writes="allow")
    asked = attrs.evolve(UPDATE, implied=claimed)

    assert "it amounts to" in refused(asked, with_body(RESOLVING, body), policy)
    guard(policy).authorize(asked, with_body(RESOLVING, {"priority": "low"}), None)


def test_other_status() -> None:
    """Resolving with the status of something else is that something."""
    policy = Policy(allowed_actions=["issues.resolve"], writes="allow")

    assert "it amounts to issues.ignore" in refused(
        RESOLVE, with_body(RESOLVING, {"status": "ignored"}), policy
    )


def test_many_implies_update() -> None:
    """Changing many issues is changing issues."""
    denied = Policy(denied_actions=["issues.update"], writes="allow")

    assert "it amounts to issues.update" in refused(MANY, CHANGING, denied)


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action(name: str) -> None:
    """No action's request passes as another action that lacks its path and method."""
    asked = ACTIONS[name]
    for other in ACTIONS.values():
        for endpoint in other.endpoints:
            is_own = other.method == asked.method and endpoint.template in {
                own.template for own in asked.endpoints
            }
            values = {"org": "my-org", "project": "web", "issue_id": "7", "version": "7"}
            path = tuple((key, values.get(key, "x")) for key in endpoint.path_names)
            if not is_own:
                assert "is not how" in refused(
                    operation(name), Request(other.method, endpoint.template, path)
                )


@given(
    st.sampled_from(sorted(AGREEING)),
    st.sampled_from(("web", "secret", "12", "api")),
    st.sampled_from(("my-org", "evil", "12")),
)
def test_claims(name: str, project: str, org: str) -> None:
    """Whatever is claimed, what gets a permit is of an organization and project that policy allows."""
    asked, request = AGREEING[name]
    policy = Policy(allowed_orgs=["my-org"], allowed_projects=["my-org/web", "my-org/api"], writes="allow")
    claimed = attrs.evolve(asked, org=org, projects=(project,))
    try:
        guard(policy).authorize(claimed, request, None)
    except Denied:
        return

    sent = dict(request.params)
    named = json.loads(request.body or b"{}").get("projects", [sent.get("project", project)])
    assert sent.get("org", org).lower() == "my-org"
    assert project in {"web", "api"}
    assert set(named) <= {project}
