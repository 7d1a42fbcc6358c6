"""Patterns: what they match, and which are refused."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import ConfigError
from sentry_governed.policy import Effect, Policy


def allows(pattern: str, project: str, org: str = "my-org") -> bool:
    """Whether an allow list of one project pattern allows a project."""
    decision = Policy(allowed_projects=[pattern]).decide("issues.get", org=org, project=project)
    return decision.effect is Effect.ALLOW


@pytest.mark.parametrize(
    ("pattern", "project", "is_match"),
    [
        ("my-org/web", "web", True),
        ("my-org/web", "webs", False),
        ("MY-ORG/Web", "web", True),
        ("my-org/*", "web", True),
        ("*/web", "web", True),
        ("*/*", "web", True),
        ("my*/w*b", "web", True),
        ("m*g/*b*", "web", True),
        ("my-org/web*", "web", True),
        ("my-org/*web*", "web", True),
        ("my-org/w?b", "web", True),
        ("my-org/w?b", "wb", False),
        ("my-org/???", "web", True),
        ("my-org/??", "web", False),
        ("my-org/[v-x]eb", "web", True),
        ("my-org/[V-X]eb", "web", True),
        ("my-org/[!a-f]eb", "web", True),
        ("my-org/[^w]eb", "web", False),
        ("my-org/web[0-9]", "web1", True),
        ("my-org/web[-_.]1", "web_1", True),
        ("my-org/web[a-]1", "web-1", True),
        ("my-org/*a*b", "xaxxb", True),
        ("my-org/*ab", "aab", True),
        ("my-org/*a?*b", "ab", False),
        ("my-org/*a?*b", "aacb", True),
        ("other*/web", "web", False),
    ],
)
def test_match(pattern: str, project: str, is_match: bool) -> None:
    """A pattern matches a whole name in any case; a wildcard stands for what it should."""
    assert allows(pattern, project) is is_match


@pytest.mark.parametrize("pattern", ["my?org/web", "my[!a]org/web", "my*org/web"])
def test_slash(pattern: str) -> None:
    """No wildcard stands for the slash between organization and project."""
    assert not allows(pattern, "org-web", org="my")
    assert not Policy(denied_projects=["*/web"]).decide("issues.get", org="a", project="b").rule
    assert allows(pattern, "web")


@pytest.mark.parametrize(
    ("name", "pattern", "problem"),
    [
        ("orgs", "", "it is empty"),
        ("orgs", "my-org/web", "no organization's slug"),
        ("orgs", "my-org*/", "'/' cannot be in the name of an organization"),
        ("orgs", "my_org*", "'_' cannot be in the name of an organization"),
        ("orgs", "my_org", "would never match"),
        ("orgs", "12", "would never match"),
        ("orgs", "m\u00fc-*", "not ASCII"),
        ("orgs", "my org", "would never match"),
        ("orgs", " my-*", "' ' cannot be in"),
        ("orgs", "my-org*\n", r"'\\n' cannot be in"),
        ("orgs", "my-[", "not a set"),
        ("orgs", "my-[a", "not a set"),
        ("orgs", "my-[]", "not a set"),
        ("orgs", "my-[!]", "not a set"),
        ("orgs", "my-[z-a]", "not a set"),
        ("orgs", "my-[a-9]*", None),
        ("orgs", "my-[a|b]", "not a set"),
        ("orgs", r"my-\\*", "cannot be in"),
        ("orgs", "my-]*", "']' cannot be in"),
        ("orgs", "my-**", "write one"),
        ("projects", "web", "written 'org/project'"),
        ("projects", "*", "written 'org/project'"),
        ("projects", "a/b/c", "written 'org/project'"),
        ("projects", "*/", "written 'org/project'"),
        ("projects", "/*", "written 'org/project'"),
        ("projects", "my-org/12", "would never match"),
        ("projects", "my-org/[a/b]", "written 'org/project'"),
        ("projects", "my-org[/]web", "not a set"),
        ("projects", "my_org/*", None),
        ("actions", "issue.get", "did you mean 'issues.get'"),
        ("actions", "whatever", "there is no such action$"),
        ("actions", "issues.delete*", "matches no known action"),
        ("actions", "issues-*", "'-' cannot be in the name of an action"),
    ],
)
def test_malformed(name: str, pattern: str, problem: str | None) -> None:
    """A pattern that is malformed, or can never match, is an error that says what is wrong and where."""
    for side in ("allowed", "denied"):
        arguments: dict[str, list[str]] = {f"{side}_{name}": [pattern]}
        if problem is None:
            Policy(**arguments)  # type: ignore[arg-type]  # one of six lists
            continue
        with pytest.raises(ConfigError, match=problem) as caught:
            Policy(**arguments)  # type: ignore[arg-type]  # one of six lists
        assert f"{side}_{name}[0] " in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1


def test_all_at_once() -> None:
    """Everything that is wrong with a policy is in one error, each with its place."""
    with pytest.raises(ConfigError) as caught:
        Policy(
            allowed_orgs="my-org",
            denied_projects=["my-org/web", "web", 12],  # type: ignore[list-item]  # what is refused
            allowed_actions=["issues.*", "isues.*"],
            writes="never",  # type: ignore[arg-type]  # what is refused
        )

    places = ["allowed_orgs[0]", "denied_projects[1]", "denied_projects[2]", "allowed_actions[1]", "writes"]
    assert [place for place in places if f"{place} " in str(caught.value)] == places
    assert "put it in brackets" in str(caught.value)
    assert "denied_projects[0]" not in str(caught.value)


def test_long_pattern() -> None:
    """A message shows only the beginning of a long pattern."""
    with pytest.raises(ConfigError) as caught:
        Policy(denied_orgs=["x" * 100_000])

    assert len(str(caught.value)) < 300


@given(st.text(alphabet="ab*?[]!-/^\\.\n\u00e9", max_size=12))
def test_any_text(text: str) -> None:
    """Any text is a pattern that works or a ConfigError, never anything else."""
    for arguments in ({"denied_orgs": [text]}, {"denied_projects": [text]}, {"denied_actions": [text]}):
        try:
            policy = Policy(**arguments)  # type: ignore[arg-type]  # one of three lists
        except ConfigError as error:
            assert str(error).isprintable()  # noqa: PT017  # it may also go well
        else:
            assert policy.decide("issues.get", org="a", project="b").effect in Effect


def test_hostile_glob() -> None:
    """A glob with many stars takes no time worth mentioning on a name that almost matches."""
    policy = Policy(denied_projects=[f"my-org/{'*a' * 40}*b"])
    start = time.perf_counter()

    assert policy.decide("issues.get", org="my-org", project="a" * 100).effect is Effect.ALLOW
    assert time.perf_counter() - start < 1
