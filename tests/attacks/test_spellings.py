"""Values that are not what they look like: dots, floats, nothing, credentials, other alphabets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed.errors import ConfigError, Denied, RequestRefused
from sentry_governed.policy import Policy
from tests.attacks.arena import ISSUES, KINDS, SECRET, WEB, by_name

ALL = Policy(writes="allow")
each_kind = pytest.mark.parametrize("kind", KINDS)
DOTS = ("..", ".", "../..", "../../../victim", "%2e%2e", "%2F", "a/../b", "..\\..", "a?b", "a#b", "")
CONTROLS = ("web\n", "\nweb", "we\tb", "web\r\nX: y", "web\x00", "web\x7f")
ALPHABETS = (
    "\u212aeb",
    "w\u0435b",
    "\uff57\uff45\uff42",
    "w\u0130b",
    "\u017fecret",
    "web\u200b",
    "\u0664\u0662",
)
NUMBERS = ("4,2", " 42", "42 ", "+42", "042", "4.2e1", "0", "-1", "42.0", "9" * 20)
HOSTS = ("@evil.example", "//evil.example/x", "HTTPS://evil.example", "https://evil.example/api/0/")
ODD = (*DOTS, *CONTROLS, *ALPHABETS, *NUMBERS, *HOSTS)
PLACED = {
    "org": ("organizations.get", {}),
    "project": ("projects.get", {}),
    "issue_id": ("issues.resolve", {}),
    "event_id": ("events.resolve", {}),
    "short_id": ("shortids.resolve", {}),
    "version": ("releases.update", {"ref": "x"}),
    "key": ("issues.tags", {"id": ISSUES[WEB]}),
    "external_issue_id": ("external_issues.delete", {"id": ISSUES[WEB]}),
    "installation": ("external_issues.delete", {"id": ISSUES[WEB], "external_issue_id": "1"}),
}
HARMLESS = {
    ("version", value) for value in (*DOTS, *ALPHABETS, *NUMBERS, *HOSTS) if not {"/", "\\"} & {*value}
} - {("version", value) for value in ("..", ".", "", " 42", "42 ")} | {
    ("key", value) for value in NUMBERS if not {" ", "+", ","} & {*value}
}
"""Where anything but a path's own signs is a name; it is sent percent-encoded."""


@pytest.mark.parametrize("name", PLACED)
@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_path_values(name: str, value: str) -> None:
    """What cannot be a name is refused, and never repaired; what can be one stays one segment."""
    action, params = PLACED[name]
    made = by_name(KINDS[0], ALL, action, {**params, name: value})

    if (name, value) not in HARMLESS:
        assert isinstance(made.error, RequestRefused)
        assert made.fake.calls == ()
    for call in made.fake.calls:
        assert call.path.startswith("/api/0/organizations/acme/")
        assert not {"..", "."} & {*call.path.split("/")}


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(PLACED)),
    value=st.text(max_size=12) | st.text("./%2eF\\@?#", max_size=8),
    kind=st.sampled_from(KINDS),
)
def test_any_path_value(name: str, value: str, kind: str) -> None:
    """Whatever the value, a request stays at its endpoint: no more segments, none of dots alone."""
    action, params = PLACED[name]
    made = by_name(kind, ALL, action, {**params, name: value})

    for call in made.fake.calls:
        segments = call.path.split("/")
        assert segments[1:4] in (["api", "0", "organizations"], ["api", "0", "projects"])
        assert not {"..", ".", "%2E%2E", "%2e%2e"} & {*segments}
        assert len(segments) <= 10


@each_kind
@pytest.mark.parametrize("project", [*ALPHABETS, "SECRET", "Secret", "secret\n", "secret "], ids=ascii)
def test_case_and_alphabets(kind: str, project: str) -> None:
    """No relative of a denied slug names its project."""
    policy = Policy(denied_projects=["acme/secret"])
    made = by_name(kind, policy, "projects.get", {"project": project})

    assert isinstance(made.error, RequestRefused)
    assert made.fake.calls == ()


@each_kind
@pytest.mark.parametrize("value", [64.0, True, {"id": 64}, [64], b"64"], ids=repr)
def test_ids_of_other_types(kind: str, value: object) -> None:
    """An id is a text or a whole number; nothing else is turned into one."""
    made = by_name(kind, ALL, "issues.resolve", {"id": value})

    assert isinstance(made.error, RequestRefused)
    assert made.fake.calls == ()


@each_kind
def test_large_ids(kind: str) -> None:
    """A long number stays the number that it is."""
    made = by_name(kind, ALL, "issues.get", {"id": 4509876543})

    assert made.fake.calls[0].path == "/api/0/organizations/acme/issues/4509876543/"


@each_kind
def test_lists_in_queries(kind: str) -> None:
    """Several values repeat the name, and nothing given is nothing sent."""
    params = {"project": ["web", "secret"], "environment": None, "query": "", "limit": 5}
    (call,) = by_name(kind, ALL, "issues.list", params).fake.calls

    assert call.query == (("project", "web"), ("project", "secret"), ("query", ""), ("limit", "5"))


@each_kind
@pytest.mark.parametrize(
    "params",
    [{"environment": {}}, {"project": {"a": 1}}, {"project": []}, {"limit": True}, {"query": {"a": 1}}],
    ids=repr,
)
def test_objects_in_queries(kind: str, params: dict[str, object]) -> None:
    """Objects, truths and empty lists are no values of a query."""
    made = by_name(kind, ALL, "issues.list", params)

    assert isinstance(made.error, RequestRefused)
    assert made.fake.calls == ()


@each_kind
@pytest.mark.parametrize(
    "name",
    [
        "auth",
        "token",
        "token_env",
        "tokenEnv",
        "token_type",
        "base_url",
        "baseUrl",
        "headers",
        "profile",
        "url",
    ],
)
def test_credentials(kind: str, name: str) -> None:
    """A caller brings no credentials, addresses or headers along."""
    made = by_name(kind, ALL, "issues.get", {"id": ISSUES[WEB], name: "PATH"})

    assert isinstance(made.error, RequestRefused)
    assert made.fake.calls == ()


@each_kind
@pytest.mark.parametrize(
    "action", ["issues.delete", "Issues.Get", "issues.get ", "issues.*", "", "../issues"]
)
def test_unknown_actions(kind: str, action: str) -> None:
    """What the catalogue does not know is done by nobody."""
    made = by_name(kind, Policy(allowed_actions=["*.*"], writes="allow"), action, {"id": ISSUES[WEB]})

    assert isinstance(made.error, ConfigError)
    assert made.fake.calls == ()


@pytest.mark.parametrize(
    "lists",
    [
        {"allowed_orgs": ["org-["]},
        {"denied_orgs": ["*]["]},
        {"allowed_projects": ["web"]},
        {"denied_projects": ["\u212a/web"]},
        {"denied_actions": ["issues.reslove"]},
        {"denied_orgs": ["41"]},
        {"denied_projects": ["acme/43"]},
        {"denied_orgs": "acme"},
        {"writes": "yes"},
    ],
    ids=repr,
)
def test_patterns_that_never_match(lists: dict[str, list[str]]) -> None:
    """A pattern that would silently protect nothing is an error when the policy is made."""
    with pytest.raises(ConfigError):
        Policy(**lists)  # type: ignore[arg-type]  # wrong on purpose


@each_kind
@pytest.mark.parametrize("pattern", ["acme/*", "*/secret", "acme/s?cret", "ACME/[r-t]ecret", "*/*"])
def test_wildcards(kind: str, pattern: str) -> None:
    """A wildcard denies what it covers, in any case of the pattern."""
    made = by_name(kind, Policy(denied_projects=[pattern], writes="allow"), "issues.resolve", {"id": "33"})

    assert isinstance(made.error, Denied)
    assert (made.writes, made.shown) == ([], set())


@each_kind
def test_stars_stop_at_slashes(kind: str) -> None:
    """A star for organizations is no star for their projects, and an empty allow list allows nothing."""
    for policy in (
        Policy(allowed_projects=["rival/*"], writes="allow"),
        Policy(allowed_orgs=[], writes="allow"),
        Policy(allowed_actions=[], writes="allow"),
    ):
        made = by_name(kind, policy, "issues.resolve", {"id": ISSUES[SECRET]})

        assert isinstance(made.error, Denied)
        assert (made.writes, made.shown) == ([], set())
