"""Policy as its description reads, word by word and slowly: what the compiled one is compared with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias, TypedDict

from hypothesis import strategies as st

from sentry_governed._actions import ACTIONS, find
from sentry_governed.policy import Effect, Policy

Writes: TypeAlias = Literal["allow", "deny", "require_approval"]
NAMES = ("a", "b", "ab", "a-b", "ba", "b-a0")
ORG_SLUG = r"(?![0-9]+\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?"
PROJECT_SLUG = r"(?![0-9]+\Z)[a-z0-9_-]+"
RANK = {Effect.DENY: 0, Effect.REQUIRE_APPROVAL: 1, Effect.ALLOW: 2}


class Said(TypedDict):
    """The arguments of a policy."""

    allowed_orgs: list[str] | None
    denied_orgs: list[str]
    allowed_projects: list[str] | None
    denied_projects: list[str]
    allowed_actions: list[str] | None
    denied_actions: list[str]
    writes: Writes


def unrestricted() -> Said:
    """The arguments of a policy without lists."""
    return Said(
        allowed_orgs=None,
        denied_orgs=[],
        allowed_projects=None,
        denied_projects=[],
        allowed_actions=None,
        denied_actions=[],
        writes="allow",
    )


def policy(said: Said) -> Policy:
    """The compiled policy of these arguments."""
    return Policy(**said)


def fits(pattern: str, name: str) -> bool:
    """Whether a glob matches a name, both in lower case: one character after the other."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return fits(pattern[1:], name) or (name[:1] not in ("", "/") and fits(pattern, name[1:]))
    if pattern[0] == "[":
        inside, _, rest = pattern[1:].partition("]")
        negated = inside[0] in "!^"
        return name[:1] not in ("", "/") and (name[0] in members(inside)) != negated and fits(rest, name[1:])
    same = name[:1] not in ("", "/") if pattern[0] == "?" else name[:1] == pattern[0]
    return same and fits(pattern[1:], name[1:])


def members(inside: str) -> set[str]:
    """The characters of a set."""
    ranges = re.findall(r"(.)-(.)", inside.lstrip("!^"))
    spans = {chr(code) for low, high in ranges for code in range(ord(low), ord(high) + 1)}
    return spans | set(re.sub(r".-.", "", inside.lstrip("!^")))


def any_fits(patterns: Sequence[str], name: str) -> bool:
    """Whether one of the patterns matches."""
    return any(fits(pattern.lower(), name.lower()) for pattern in patterns)


def effect(said: Said, action: str, org: str | None, project: str | None) -> Effect:
    """What the description says of an action."""
    asked = find(action)
    every = [said["allowed_orgs"], said["allowed_projects"], said["allowed_actions"]]
    allowed, denied = said["allowed_actions"], said["denied_actions"]
    for name in (action, *asked.implies):
        twins = {name, *(twin for twin in ACTIONS if same_request(name, twin))}
        if any(any_fits(denied, twin) for twin in twins):
            return Effect.DENY
        if allowed is not None and not any(any_fits(allowed, twin) for twin in twins):
            return Effect.DENY
    if [] in every or not placed(said, asked.scope, org, project):
        return Effect.DENY
    return Effect.ALLOW if asked.method == "GET" else Effect(said["writes"])


def same_request(name: str, twin: str) -> bool:
    """Whether two actions are one request under two names."""
    return {name, twin} in ({"issues.mute", "issues.ignore"}, {"issues.unmute", "issues.unresolve"})


def placed(said: Said, scope: str, org: str | None, project: str | None) -> bool:
    """Whether the place is established as far as it must be, and allowed as far as it is."""
    if org is None:
        return scope == "none" and project is None
    orgs, projects = said["allowed_orgs"], said["allowed_projects"]
    if not re.fullmatch(ORG_SLUG, org.lower()) or any_fits(said["denied_orgs"], org):
        return False
    if orgs is not None and not any_fits(orgs, org):
        return False
    if project is None:
        return scope != "project"
    whole = f"{org}/{project}"
    if not re.fullmatch(PROJECT_SLUG, project.lower()) or any_fits(said["denied_projects"], whole):
        return False
    return projects is None or any_fits(projects, whole)


def cased(texts: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """The same texts in any case."""
    return st.tuples(*(st.sampled_from((text, text.upper(), text.title())) for text in texts)).map(list)


_globs = (
    st.lists(
        st.sampled_from(("a", "b", "-", "*", "?", "[ab]", "[!a]", "[a-b]", "[^b0]")), min_size=1, max_size=4
    )
    .map("".join)
    .filter(lambda text: "**" not in text and not re.fullmatch("[ab-]*", text))
)
slug_patterns = st.sampled_from(NAMES) | _globs
project_patterns = st.builds("{}/{}".format, slug_patterns, slug_patterns)
action_patterns = st.sampled_from((*ACTIONS, "*", "issues.*", "*.list", "i*", "issues.[a-r]*", "issues.un*"))
orgs = st.sampled_from((*NAMES, "12", "", None))
projects = st.sampled_from((*NAMES, "a_b", "12", "", None))
actions = st.sampled_from(tuple(ACTIONS))


def lists(patterns: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """Short lists of patterns."""
    return st.lists(patterns, max_size=4)


said = st.fixed_dictionaries(
    {
        "allowed_orgs": st.none() | lists(slug_patterns),
        "denied_orgs": st.just([]) | lists(slug_patterns),
        "allowed_projects": st.none() | lists(project_patterns),
        "denied_projects": st.just([]) | lists(project_patterns),
        "allowed_actions": st.none() | lists(action_patterns),
        "denied_actions": st.just([]) | lists(action_patterns),
        "writes": st.sampled_from(("allow", "deny", "require_approval")),
    }
)


def with_list(said: Said, name: str, patterns: list[str] | None) -> Said:
    """The same arguments with one list replaced."""
    changed = said.copy()
    changed[name] = patterns  # type: ignore[literal-required]  # one of six
    return changed
