"""What holds for every policy, whatever its lists say."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed import Operation
from sentry_governed._actions import ACTIONS, find
from sentry_governed.policy import Effect, Policy
from tests.policy import naive
from tests.policy.naive import RANK, Said, with_list

LISTS = {
    "orgs": naive.slug_patterns,
    "projects": naive.project_patterns,
    "actions": naive.action_patterns,
}


@settings(max_examples=500)
@given(naive.said, naive.actions, naive.orgs, naive.projects)
def test_oracle(said: Said, action: str, org: str | None, project: str | None) -> None:
    """The compiled policy says what its description says."""
    decision = naive.policy(said).decide(action, org=org, project=project)

    assert decision.effect is naive.effect(said, action, org, project)


@settings(max_examples=300)
@given(st.data(), naive.said, st.sampled_from(sorted(LISTS)), naive.actions, naive.orgs, naive.projects)
def test_denying_more(
    data: st.DataObject, said: Said, kind: str, action: str, org: str | None, project: str | None
) -> None:
    """One more deny never allows more."""
    name = f"denied_{kind}"
    more = with_list(said, name, [*said[name], data.draw(LISTS[kind])])  # type: ignore[literal-required]  # one of three

    before = naive.policy(said).decide(action, org=org, project=project)
    after = naive.policy(more).decide(action, org=org, project=project)

    assert RANK[after.effect] <= RANK[before.effect]


@settings(max_examples=300)
@given(st.data(), naive.said, st.sampled_from(sorted(LISTS)), naive.actions, naive.orgs, naive.projects)
def test_allowing_less(
    data: st.DataObject, said: Said, kind: str, action: str, org: str | None, project: str | None
) -> None:
    """An allow list that is shorter, or there at all, never allows more."""
    name = f"allowed_{kind}"
    patterns: list[str] | None = said[name]  # type: ignore[literal-required]  # one of three
    if patterns is None:
        fewer = data.draw(naive.lists(LISTS[kind]))
    else:
        fewer = [pattern for pattern in patterns if data.draw(st.booleans())]

    before = naive.policy(said).decide(action, org=org, project=project)
    after = naive.policy(with_list(said, name, fewer)).decide(action, org=org, project=project)

    assert RANK[after.effect] <= RANK[before.effect]


@given(naive.said, naive.actions, naive.orgs, naive.projects)
def test_writes_in_order(said: Said, action: str, org: str | None, project: str | None) -> None:
    """Of the three ways with writes, each allows no more than the next."""
    said = with_list(said, "allowed_actions", None)
    ranks = []
    for writes in ("deny", "require_approval", "allow"):
        said["writes"] = writes
        ranks.append(RANK[naive.policy(said).decide(action, org=org, project=project).effect])

    assert ranks == sorted(ranks)


@given(st.data(), naive.said, naive.actions, naive.orgs, naive.projects, st.randoms())
def test_order_and_case_of_patterns(
    data: st.DataObject, said: Said, action: str, org: str | None, project: str | None, chance: random.Random
) -> None:
    """Patterns in another order, in another case or twice make the same policy and the same decisions."""
    other = said
    for kind in LISTS:
        for name in (f"allowed_{kind}", f"denied_{kind}"):
            patterns: list[str] | None = said[name]  # type: ignore[literal-required]  # one of six
            if patterns:
                mixed = [*data.draw(naive.cased(patterns)), patterns[0]]
                chance.shuffle(mixed)
                other = with_list(other, name, mixed)
    one, two = naive.policy(said), naive.policy(other)

    assert (one, one.digest, hash(one)) == (two, two.digest, hash(two))
    assert one.decide(action, org=org, project=project) == two.decide(action, org=org, project=project)


@given(naive.said, naive.actions, st.sampled_from(naive.NAMES), st.sampled_from(naive.NAMES))
def test_case_of_names(said: Said, action: str, org: str, project: str) -> None:
    """A name in another case is the same name."""
    policy = naive.policy(said)
    lower = policy.decide(action, org=org, project=project)
    upper = policy.decide(action, org=org.upper(), project=project.upper())

    assert (upper.effect, upper.rule, upper.reason) == (lower.effect, lower.rule, lower.reason)


@given(naive.said, naive.actions, st.lists(st.sampled_from(naive.NAMES), min_size=1, max_size=4))
def test_every_project(said: Said, action: str, projects: list[str]) -> None:
    """Several projects are allowed when each of them is."""
    policy, asked = naive.policy(said), find(action)
    operation = Operation(action, asked.intent, asked.scope, org="a", projects=tuple(projects))
    each = [policy.decide(action, org="a", project=project).effect for project in projects]

    assert policy.decide(operation).effect is min(each, key=RANK.__getitem__)


@pytest.mark.parametrize("action", ACTIONS)
@given(st.text() | st.sampled_from(("\uff11\uff12", "a/b", "A ", ".", "..", "\u212a", "-", "0")))
def test_not_established(action: str, name: str) -> None:
    """What is not a slug establishes nothing, and what is not established is denied for every action."""
    policy, asked = Policy(writes="allow"), find(action)
    other = policy.decide(action, org=name, project="web") if not is_slug(name) else None
    denied = [policy.decide(action, org=None, project="web")] + ([other] if other else [])
    if asked.scope != "none":
        denied.append(policy.decide(action))
    if asked.scope == "project":
        denied.append(policy.decide(action, org="my-org"))
        denied.append(policy.decide(Operation(action, asked.intent, "project", org="my-org", projects=())))

    assert {decision.effect for decision in denied} == {Effect.DENY}
    assert all("not established" in decision.reason for decision in denied)


def is_slug(name: str) -> bool:
    """Whether some organization could have that slug."""
    return name.isascii() and naive.placed(naive.unrestricted(), "org", name, None)
