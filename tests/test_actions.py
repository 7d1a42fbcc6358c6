"""The catalogue of actions: what each one is, and what holds for all."""

import re

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentry_governed._actions import ACTIONS, Action, find
from sentry_governed.errors import ConfigError

ORG = "/api/0/organizations/{org}/"
ISSUE = f"{ORG}issues/{{issue_id}}/"
RELEASE = f"{ORG}releases/{{version}}/"
PROJECT = "/api/0/projects/{org}/{project}/"
LINKS = "/api/0/sentry-app-installations/{installation}/external-issues/"

TABLE = {
    "events.latest": ("read", "project", "GET", f"{ISSUE}events/latest/"),
    "events.list": ("read", "project", "GET", f"{ISSUE}events/", f"{PROJECT}events/"),
    "events.resolve": ("read", "org", "GET", f"{ORG}eventids/{{event_id}}/"),
    "external_issues.create": ("write", "project", "POST", LINKS),
    "external_issues.delete": ("write", "project", "DELETE", f"{LINKS}{{external_issue_id}}/"),
    "external_issues.list": ("read", "project", "GET", f"{ISSUE}external-issues/"),
    "issues.assign": ("write", "project", "PUT", ISSUE),
    "issues.comment": ("write", "project", "POST", f"{ISSUE}notes/"),
    "issues.get": ("read", "project", "GET", ISSUE),
    "issues.ignore": ("write", "project", "PUT", ISSUE),
    "issues.list": ("read", "org", "GET", f"{ORG}issues/"),
    "issues.mute": ("write", "project", "PUT", ISSUE),
    "issues.resolve": ("write", "project", "PUT", ISSUE),
    "issues.tags": ("read", "project", "GET", f"{ISSUE}tags/{{key}}/", f"{ISSUE}tags/"),
    "issues.unmute": ("write", "project", "PUT", ISSUE),
    "issues.unresolve": ("write", "project", "PUT", ISSUE),
    "issues.update": ("write", "project", "PUT", ISSUE),
    "issues.update_many": ("write", "project", "PUT", f"{ORG}issues/"),
    "members.list": ("read", "org", "GET", f"{ORG}members/"),
    "organizations.get": ("read", "org", "GET", ORG),
    "organizations.list": ("read", "none", "GET", "/api/0/organizations/"),
    "ownership.get": ("read", "project", "GET", f"{PROJECT}ownership/"),
    "projects.get": ("read", "project", "GET", PROJECT),
    "projects.list": ("read", "org", "GET", f"{ORG}projects/"),
    "releases.create": ("write", "project", "POST", f"{ORG}releases/"),
    "releases.deploys.create": ("write", "project", "POST", f"{RELEASE}deploys/"),
    "releases.deploys.list": ("read", "project", "GET", f"{RELEASE}deploys/"),
    "releases.get": ("read", "project", "GET", RELEASE),
    "releases.list": ("read", "org", "GET", f"{ORG}releases/"),
    "releases.update": ("write", "project", "PUT", RELEASE),
    "shortids.resolve": ("read", "org", "GET", f"{ORG}shortids/{{short_id}}/"),
    "teams.list": ("read", "org", "GET", f"{ORG}teams/"),
}
SUCCESSES = {
    "external_issues.delete": (204,),
    "issues.comment": (201,),
    "issues.update_many": (200, 204),
    "releases.create": (201, 208),
    "releases.deploys.create": (201, 208),
}
FIXED = {
    "issues.ignore": {"status": "ignored"},
    "issues.mute": {"status": "ignored"},
    "issues.resolve": {"status": "resolved"},
    "issues.unmute": {"status": "unresolved"},
    "issues.unresolve": {"status": "unresolved"},
}
TOKEN_SCOPES = {
    *("org:read", "org:write", "org:admin", "org:integrations", "org:ci"),
    *("member:invite", "member:read", "member:write", "member:admin"),
    *("team:read", "team:write", "team:admin"),
    *("project:read", "project:write", "project:admin", "project:releases"),
    *("event:read", "event:write", "event:admin"),
    *("alerts:read", "alerts:write"),
}
WITHOUT_ORG = {"external_issues.create", "external_issues.delete", "organizations.list"}

every_action = pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)


def test_table() -> None:
    """Each action has the intent, scope, method and paths written down here, and there is no other."""
    assert {
        name: (
            action.intent,
            action.scope,
            action.method,
            *(endpoint.template for endpoint in action.endpoints),
        )
        for name, action in ACTIONS.items()
    } == TABLE


def test_sorted() -> None:
    """Actions are known by their own names, and sorted by them."""
    assert list(ACTIONS) == sorted(ACTIONS)
    assert all(action.name == name for name, action in ACTIONS.items())


@every_action
def test_successes(action: Action) -> None:
    """Only the status codes that Sentry documents mean success."""
    assert action.successes == SUCCESSES.get(action.name, (200,))


@every_action
def test_fixed(action: Action) -> None:
    """What an action sets is not the caller's to set: no parameter reaches the same field."""
    assert dict(action.fixed) == FIXED.get(action.name, {})
    assert not {name for name, _ in action.fixed} & {parameter.wire for parameter in action.parameters}


@every_action
def test_intent(action: Action) -> None:
    """A read is a GET without a body; a write never is, and only a POST must not be repeated."""
    assert (action.intent == "read") == (action.method == "GET")
    assert action.idempotent == (action.method != "POST")
    if action.intent == "read":
        assert not [parameter for parameter in action.parameters if parameter.where == "body"]


@every_action
def test_path_parameters(action: Action) -> None:
    """Every name in a path is declared, and required where no other path does without it."""
    declared = {parameter.name: parameter for parameter in action.parameters if parameter.where == "path"}
    names = [set(endpoint.path_names) for endpoint in action.endpoints]

    assert set.union(*names) == set(declared)
    for name, parameter in declared.items():
        assert parameter.required == all(name in needed for needed in names)
        assert not parameter.repeated


@every_action
def test_templates(action: Action) -> None:
    """A path is whole literal or whole parameter segments, and ends in a slash."""
    for endpoint in action.endpoints:
        assert re.fullmatch(r"/api/0/(?:(?:[a-z-]+|\{[a-z_]+\})/)+", endpoint.template)


@every_action
def test_org_scoped(action: Action) -> None:
    """Every path carries the organization, but for the few that cannot."""
    begin = ("/api/0/organizations/{org}/", "/api/0/projects/{org}/{project}/")
    scoped = all(endpoint.template.startswith(begin) for endpoint in action.endpoints)

    assert scoped == (action.name not in WITHOUT_ORG)


@every_action
def test_integration_token(action: Action) -> None:
    """The integration's own token goes with writes of external issues, and nothing else."""
    assert action.integration_token == (action.name in {"external_issues.create", "external_issues.delete"})


@every_action
def test_facts_of_project_scope(action: Action) -> None:
    """An action that is judged by its project always says where the project can be learnt."""
    names = {parameter.name for parameter in action.parameters if parameter.required}

    if action.scope == "project" and action.name != "events.list":
        assert "org" in names
        assert names & {"issue_id", "issue_ids", "project", "version"}


def test_events_list() -> None:
    """Events are those of the issue if one is given, else those of the project."""
    action = find("events.list")

    assert action.endpoint({"org", "project", "issue_id"}).template == f"{ISSUE}events/"
    assert action.endpoint({"org", "project"}).template == f"{PROJECT}events/"
    assert {parameter.name for parameter in action.parameters if parameter.only_with} == {
        "query",
        "environment",
    }
    with pytest.raises(ConfigError, match=r"events\.list needs org and issue_id or org and project"):
        action.endpoint({"org"})


def test_issue_tags() -> None:
    """Tags are one tag's values if its key is given, else all tags."""
    action = find("issues.tags")

    assert action.endpoint(["key", "issue_id", "org"]).template == f"{ISSUE}tags/{{key}}/"
    assert action.endpoint(["issue_id", "org"]).template == f"{ISSUE}tags/"


@every_action
def test_paging(action: Action) -> None:
    """A list in pages takes a cursor and a page size of at most 100; nothing else takes a cursor."""
    cursor = action.parameter("cursor")

    assert (action.paging is None) == (cursor is None)
    if action.paging is not None:
        size = action.parameter(action.paging)
        assert size is not None
        assert (size.where, size.kind, size.minimum, size.maximum) == ("query", "int", 1, 100)


def test_paged_actions() -> None:
    """Only issues take `limit`."""
    paged = {name: action.paging for name, action in ACTIONS.items() if action.paging}

    assert paged == {
        **dict.fromkeys(
            (
                "events.list",
                "members.list",
                "organizations.list",
                "projects.list",
                "releases.deploys.list",
                "releases.list",
                "teams.list",
            ),
            "per_page",
        ),
        "issues.list": "limit",
    }


@every_action
def test_token_scopes(action: Action) -> None:
    """The scopes are Sentry's, and reading alone never grants a write."""
    for endpoint in action.endpoints:
        assert endpoint.token_scopes
        assert set(endpoint.token_scopes) <= TOKEN_SCOPES
        if action.intent == "write":
            assert not [scope for scope in endpoint.token_scopes if scope.endswith(":read")]


@pytest.mark.parametrize(
    ("name", "scopes"),
    [
        ("organizations.list", "org:read org:write org:admin"),
        ("projects.list", "org:read org:write org:admin"),
        ("projects.get", "project:read project:write project:admin"),
        ("members.list", "member:read member:write member:admin"),
        ("issues.get", "event:read event:write event:admin"),
        ("issues.resolve", "event:write event:admin"),
        ("issues.comment", "event:write event:admin"),
        ("external_issues.delete", "event:admin"),
        ("events.resolve", "org:read org:write org:admin"),
        ("releases.get", "project:read project:write project:admin project:releases org:ci"),
        ("releases.create", "project:write project:admin project:releases org:ci"),
    ],
)
def test_scopes_of(name: str, scopes: str) -> None:
    """An action names every scope that alone would do."""
    assert find(name).endpoints[0].token_scopes == tuple(scopes.split())


@every_action
def test_docs(action: Action) -> None:
    """Every action and parameter has one line that ends in a full stop."""
    texts = [action.summary, *(parameter.doc for parameter in action.parameters)]

    assert all(re.fullmatch(r"[A-Z0-9`][^\n]*\.", text) for text in texts)


def test_read_only() -> None:
    """Neither the catalogue nor an action can be changed."""
    with pytest.raises(TypeError):
        ACTIONS["issues.get"] = find("issues.list")  # type: ignore[index]  # what is refused
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        find("issues.get").method = "PUT"  # type: ignore[misc]  # what is refused
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        find("issues.get").parameters[0].required = False  # type: ignore[misc]  # what is refused
    assert len({hash(action) for action in ACTIONS.values()}) == len(ACTIONS)


@pytest.mark.parametrize("name", ACTIONS)
def test_find(name: str) -> None:
    """An action is found by its exact name."""
    assert find(name) is ACTIONS[name]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("issue.resolve", "did you mean 'issues.resolve'?"),
        ("ISSUES.GET", "did you mean 'issues.get'?"),
        ("issues.get\n", "did you mean 'issues.get'?"),
        ("nonsense", "a name reads like 'issues.resolve'"),
        ("", "a name reads like 'issues.resolve'"),
    ],
)
def test_not_found(name: str, hint: str) -> None:
    """An unknown action is an error that names the nearest one there is."""
    with pytest.raises(ConfigError) as caught:
        find(name)

    assert str(caught.value) == f"unknown action {name!r}: {hint}"


@example("x" * 10_000)
@given(st.text(max_size=10_000).filter(lambda name: name not in ACTIONS))
def test_hostile_name(name: str) -> None:
    """Whatever the name, the error is one short line."""
    with pytest.raises(ConfigError) as caught:
        find(name)

    assert len(str(caught.value)) < 1000
    assert len(str(caught.value).splitlines()) == 1


def test_same_as() -> None:
    """Two names of one request differ in nothing that is sent."""
    same = {name: action.same_as for name, action in ACTIONS.items() if action.same_as}

    assert same == {"issues.mute": "issues.ignore", "issues.unmute": "issues.unresolve"}
    for name, other in same.items():
        twin = attrs.evolve(find(name), name=other, summary=find(other).summary, same_as=None)
        assert twin == find(other)
