"""Policies by example: what is allowed, what is denied, and what is said about it."""

from __future__ import annotations

import pickle

import attrs
import pytest

from sentry_governed import ConfigError, Operation
from sentry_governed._actions import ACTIONS
from sentry_governed.policy import Decision, Effect, Policy

ALLOW, DENY, WAIT = Effect.ALLOW, Effect.DENY, Effect.REQUIRE_APPROVAL
RESOLVE = Operation("issues.resolve", "write", "project", org="my-org", projects=("web",), resource="7")
TYPICAL = Policy(
    allowed_orgs=["my-org"], denied_projects=["my-org/secret-*"], denied_actions=["external_issues.*"]
)


@pytest.mark.parametrize(
    ("action", "org", "project", "effect", "rule"),
    [
        ("issues.get", "my-org", "web", ALLOW, "allowed_orgs: my-org"),
        ("issues.get", "My-Org", "WEB", ALLOW, "allowed_orgs: my-org"),
        ("issues.get", "my-org", "my-org/web", ALLOW, "allowed_orgs: my-org"),
        ("issues.get", None, "my-org/web", ALLOW, "allowed_orgs: my-org"),
        ("issues.get", "my-org", "other/web", DENY, None),
        ("issues.get", "my-org", "secret-plans", DENY, "denied_projects: my-org/secret-*"),
        ("issues.get", "my-org", None, DENY, None),
        ("issues.get", "my-org", "12", DENY, None),
        ("issues.get", "12", "web", DENY, None),
        ("issues.get", "evil", "web", DENY, "allowed_orgs"),
        ("issues.resolve", "my-org", "web", WAIT, "writes: require_approval"),
        ("issues.resolve", "my-org", "secret-plans", DENY, "denied_projects: my-org/secret-*"),
        ("external_issues.list", "my-org", "web", DENY, "denied_actions: external_issues.*"),
        ("projects.list", "my-org", None, ALLOW, "allowed_orgs: my-org"),
        ("projects.list", None, None, DENY, None),
        ("organizations.list", None, None, ALLOW, None),
        ("organizations.list", "evil", None, DENY, "allowed_orgs"),
        ("issues.delete", "my-org", "web", DENY, None),
        ("ISSUES.GET", "my-org", "web", DENY, None),
        ("", "my-org", "web", DENY, None),
    ],
)
def test_decide(action: str, org: str | None, project: str | None, effect: Effect, rule: str | None) -> None:
    """An action by name is decided on as if its facts were as they are given."""
    decision = TYPICAL.decide(action, org=org, project=project)

    assert (decision.effect, decision.rule) == (effect, rule)
    assert decision.policy_digest == TYPICAL.digest
    assert decision.operation.action == action


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(denied_actions=["*.resolve"]), "action 'issues.resolve' is denied"),
        (Policy(allowed_actions=["*.get"]), "action 'issues.resolve' is not in allowed_actions"),
        (Policy(denied_orgs=["my*"]), "org 'my-org' is denied"),
        (Policy(allowed_projects=["my-org/api"]), "project 'my-org/web' is not in allowed_projects"),
        (Policy(writes="deny"), "writes are denied"),
        (Policy(allowed_orgs=[]), "allowed_orgs is empty, so nothing is allowed"),
        (Policy(), "a write needs an approval"),
        (Policy(writes="allow"), "no rule is against it"),
    ],
)
def test_reason(policy: Policy, reason: str) -> None:
    """A decision says in one line why."""
    assert policy.decide(RESOLVE).reason == reason


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", ["allowed_orgs", "allowed_projects", "allowed_actions"])
def test_empty_list(action: str, name: str) -> None:
    """An empty allow list allows nothing at all."""
    policy = Policy(**{name: []}, writes="allow")  # type: ignore[arg-type]  # the lists are chosen by name

    assert policy.decide(action, org="my-org", project="web").effect is DENY
    assert policy.decide(action).effect is DENY


@pytest.mark.parametrize("action", ACTIONS)
def test_unrestricted(action: str) -> None:
    """Without lists a read goes ahead and a write waits for an approval."""
    expected = ALLOW if ACTIONS[action].method == "GET" else WAIT

    assert Policy().decide(action, org="my-org", project="web").effect is expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("issues.mute", "issues.ignore"), ("issues.unmute", "issues.unresolve")],
)
def test_same_request(one: str, other: str) -> None:
    """Two names of one request are denied and allowed together."""
    for named in (one, other):
        denying, allowing = Policy(denied_actions=[named]), Policy(allowed_actions=[named])
        for asked in (one, other):
            denied = denying.decide(asked, org="my-org", project="web")
            allowed = allowing.decide(asked, org="my-org", project="web")
            assert (denied.effect, denied.rule) == (DENY, f"denied_actions: {named}")
            assert allowed.effect is WAIT


def test_implied() -> None:
    """Whatever an action amounts to has to be allowed too."""
    policy = Policy(denied_actions=["issues.resolve"], writes="allow")
    update = Operation("issues.update", "write", "project", org="my-org", projects=("web",))
    decision = policy.decide(attrs.evolve(update, implied=("issues.assign", "issues.resolve")))

    assert policy.decide(update).effect is ALLOW
    assert (decision.effect, decision.rule) == (DENY, "denied_actions: issues.resolve")
    assert "amounts to issues.resolve" in decision.reason
    assert policy.decide(attrs.evolve(update, implied=("issues.vanish",))).effect is DENY


def test_implied_by_the_catalogue() -> None:
    """What an action always amounts to counts even where the operation leaves it out."""
    policy = Policy(allowed_actions=["issues.update_many"], writes="allow")

    many = Operation("issues.update_many", "write", "project", org="my-org", projects=("web",))

    assert policy.decide(many).reason.startswith("it amounts to issues.update: ")
    assert policy.decide("issues.update_many", org="my-org", project="web").effect is DENY


@pytest.mark.parametrize(
    "changes", [{"intent": "read"}, {"scope": "org"}, {"scope": "none"}, {"service": "asana"}]
)
def test_false_claims(changes: dict[str, str]) -> None:
    """An operation that says otherwise than the catalogue is denied."""
    claimed = attrs.evolve(RESOLVE, **changes)  # type: ignore[arg-type]  # whatever anybody claims

    assert Policy(writes="allow").decide(claimed).effect is DENY


def test_every_project() -> None:
    """One denied project among several denies."""
    several = attrs.evolve(RESOLVE, projects=("web", "secret-plans"))

    assert TYPICAL.decide(several).rule == "denied_projects: my-org/secret-*"


@pytest.mark.parametrize("project", ["my-org/web", "web/", "", "12", "w\u0435b", "\u212ait", "web\n"])
def test_no_slug(project: str) -> None:
    """The projects of an operation are bare slugs, and anything else establishes nothing."""
    assert TYPICAL.decide(attrs.evolve(RESOLVE, projects=(project,))).effect is DENY


@pytest.mark.parametrize(
    ("changes", "effect"),
    [
        ({}, ALLOW),
        ({"projects": ("web",)}, ALLOW),
        ({"projects": ("secret-plans",)}, DENY),
        ({"org": "evil"}, DENY),
        ({"org": None}, DENY),
        ({"action": "issues.unresolve"}, DENY),
        ({"implied": ("issues.unresolve",)}, DENY),
    ],
)
def test_lookup(changes: dict[str, object], effect: Effect) -> None:
    """A lookup is admitted when the organization is allowed and nothing that is known is denied."""
    policy = attrs.evolve(TYPICAL, denied_actions=["issues.unresolve"])
    lookup = attrs.evolve(RESOLVE, stage="lookup", projects=None)

    assert policy.decide(attrs.evolve(lookup, **changes)).effect is effect  # type: ignore[arg-type]  # by name


def test_lookup_of_a_denied_write() -> None:
    """Where writes are denied, not even their facts are looked up."""
    lookup = attrs.evolve(RESOLVE, stage="lookup", projects=None)

    assert Policy(writes="deny").decide(lookup).rule == "writes: deny"


def test_unknown_stage() -> None:
    """A stage that is neither is no way around an approval or the need for a project."""
    odd = attrs.evolve(RESOLVE, stage="other")  # type: ignore[arg-type]  # what is refused

    assert TYPICAL.decide(odd).effect is WAIT
    assert TYPICAL.decide(attrs.evolve(odd, projects=None)).effect is DENY


def test_for_router() -> None:
    """The router may do what routing needs in its organizations, without approval, and nothing else."""
    policy = Policy.for_router(orgs=["my-org"])
    allowed = {name for name in ACTIONS if policy.decide(name, org="my-org", project="web").effect is ALLOW}
    elsewhere = {policy.decide(name, org="other", project="web").effect for name in ACTIONS}

    assert allowed == {
        "events.latest",
        "external_issues.create",
        "external_issues.list",
        "issues.comment",
        "issues.list",
    }
    assert elsewhere == {DENY}
    assert {policy.decide(name, org="my-org", project="web").effect for name in ACTIONS} == {ALLOW, DENY}


def test_digest() -> None:
    """The digest is the same in every process, and another for a policy that says something else."""
    policies = [
        Policy(),
        Policy(writes="allow"),
        Policy(allowed_orgs=[]),
        Policy(allowed_orgs=["a"]),
        Policy(denied_orgs=["a"]),
        Policy(denied_projects=["a/b"]),
        Policy(allowed_projects=["a/b"]),
        Policy(denied_actions=["issues.get"]),
    ]

    assert Policy().digest == "6bc8b50a77b48b89f2de4e880b3f31a43b91020d05a202efb978e977f3eb9d01"
    assert len({policy.digest for policy in policies}) == len(policies)
    assert Policy(denied_orgs=[]) == Policy()
    assert Policy(allowed_orgs=["A", "b"]) == Policy(allowed_orgs=("b", "a", "a"))


def test_values() -> None:
    """A policy keeps what it was given, whatever becomes of the list, and survives pickling."""
    given = ["my-org"]
    policy = Policy(allowed_orgs=given)
    given.append("evil")

    assert policy.allowed_orgs == ("my-org",)
    assert policy.decide("projects.list", org="evil").effect is DENY
    assert repr(policy).startswith("Policy(allowed_orgs=('my-org',), ")
    assert pickle.loads(pickle.dumps(policy)).decide(RESOLVE) == policy.decide(RESOLVE)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        policy.writes = "allow"  # type: ignore[misc]  # what is refused
    with pytest.raises(TypeError):
        Policy(["my-org"])  # type: ignore[call-arg]  # what is refused


def test_decision_is_a_value() -> None:
    """A decision can be compared and pickled."""
    decision = TYPICAL.decide(RESOLVE)

    assert pickle.loads(pickle.dumps(decision)) == decision
    assert isinstance(decision, Decision)


def test_writes() -> None:
    """Another word for what becomes of writes is an error."""
    with pytest.raises(ConfigError, match=r"writes 'ask': it is one of allow, deny, require_approval"):
        Policy(writes="ask")  # type: ignore[arg-type]  # what is refused
