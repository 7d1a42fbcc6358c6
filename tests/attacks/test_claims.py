"""Claims about whose something is: only what Sentry says of it counts."""

from __future__ import annotations

import json

import pytest

from sentry_governed._actions import ACTIONS
from sentry_governed.errors import ClaimRefused, Denied, NotFound, RequestRefused, UnexpectedAnswer
from sentry_governed.policy import Guard, MemoryAudit, Policy
from sentry_governed.sentry import Link
from sentry_governed.testing import Fault
from sentry_governed.typing import JsonValue
from tests.attacks.arena import (
    EVENTS,
    ISSUE_SPELLINGS,
    ISSUES,
    KINDS,
    MERGED,
    ORG_SPELLINGS,
    PROJECT_SPELLINGS,
    RELEASES,
    RIVAL,
    SECRET,
    SHORT_IDS,
    VERSION_SPELLINGS,
    WEB,
    Place,
    arena,
    attempt,
    by_name,
    canary,
)

ONLY_WEB = Policy(allowed_projects=["acme/web"], writes="allow")
NO_SECRET = Policy(denied_projects=["acme/secret"], writes="allow")
ONLY_ACME = Policy(allowed_orgs=["acme"], writes="allow")
BOTH = pytest.mark.parametrize("policy", [ONLY_WEB, NO_SECRET], ids=["allowed", "denied"])
each_kind = pytest.mark.parametrize("kind", KINDS)
LINK = Link(web_url="https://a.example/1", display_project="A", identifier="1")
TYPED: dict[str, tuple[object, ...]] = {
    "events.latest": (),
    "external_issues.create": (LINK,),
    "external_issues.list": (),
    "issues.assign": ("user:1",),
    "issues.comment": ("hello",),
    "issues.get": (),
    "issues.ignore": (),
    "issues.mute": (),
    "issues.resolve": (),
    "issues.tags": (),
    "issues.unmute": (),
    "issues.unresolve": (),
}


@each_kind
@BOTH
@pytest.mark.parametrize("claim", [None, "web", "42", "acme/web"])
@pytest.mark.parametrize("issue", [ISSUES[SECRET], MERGED[SECRET], *SHORT_IDS[SECRET]])
def test_claimed_project(kind: str, policy: Policy, claim: str | None, issue: str) -> None:
    """An issue of a denied project is not resolved under the name of an allowed one."""
    made = attempt(kind, policy, "issues.resolve", issue, project=claim)

    assert isinstance(made.error, Denied)
    assert (made.writes, made.shown) == ([], set())


@each_kind
@BOTH
@pytest.mark.parametrize("method", sorted(TYPED))
def test_typed_methods(kind: str, policy: Policy, method: str) -> None:
    """Every typed method on an issue decides on the issue's own project."""
    refused = attempt(kind, policy, method, ISSUES[SECRET], *TYPED[method], project="web")
    allowed = attempt(kind, policy, method, ISSUES[WEB], *TYPED[method], project="web")

    assert isinstance(refused.error, Denied)
    assert (refused.writes, refused.shown) == ([], set())
    assert allowed.error is None
    assert len(allowed.writes) == (ACTIONS[method].intent == "write")


@each_kind
@pytest.mark.parametrize("org", ORG_SPELLINGS)
@pytest.mark.parametrize("project", PROJECT_SPELLINGS)
@pytest.mark.parametrize("issue", ISSUE_SPELLINGS)
def test_every_alias(kind: str, org: str, project: str, issue: str) -> None:
    """No spelling of a parameter is a way around, and each one works."""
    named = {org: "acme", project: "web"}
    refused = by_name(kind, ONLY_WEB, "issues.resolve", {**named, issue: ISSUES[SECRET]})
    allowed = by_name(kind, ONLY_WEB, "issues.resolve", {**named, issue: ISSUES[WEB]})

    assert isinstance(refused.error, Denied)
    assert (refused.writes, refused.shown) == ([], set())
    assert allowed.touched == {WEB}


@each_kind
@pytest.mark.parametrize("version", VERSION_SPELLINGS)
def test_release_alias(kind: str, version: str) -> None:
    """Every spelling of a version names the release in the path and in the body."""
    update = by_name(kind, ONLY_WEB, "releases.update", {version: RELEASES[SECRET], "ref": "x"})
    create = by_name(kind, ONLY_WEB, "releases.create", {version: "2.0", "projects": ["web"]})

    assert isinstance(update.error, Denied)
    assert update.writes == []
    assert create.writes[0].json() == {"version": "2.0", "projects": ["web"]}


@each_kind
@pytest.mark.parametrize("first", ORG_SPELLINGS)
@pytest.mark.parametrize("second", ORG_SPELLINGS)
def test_two_orgs(kind: str, first: str, second: str) -> None:
    """Two spellings of the organization that disagree are refused before anything is sent."""
    named = {first: "acme", second: "rival"} if first != second else {first: "acme", "project": "rival/web"}
    made = by_name(kind, ONLY_ACME, "issues.resolve", {**named, "id": ISSUES[WEB]})

    assert isinstance(made.error, RequestRefused)
    assert made.fake.calls == ()


@each_kind
@pytest.mark.parametrize("name", [ISSUES[RIVAL], MERGED[RIVAL], *SHORT_IDS[RIVAL]])
def test_issue_of_another_org(kind: str, name: str) -> None:
    """An id decides nothing about the organization: the path does, and Sentry holds it to that."""
    made = attempt(kind, ONLY_ACME, "issues.resolve", name)

    assert isinstance(made.error, NotFound)
    assert (made.writes, made.shown) == ([], set())


@each_kind
@pytest.mark.parametrize("org", ["rival", "RIVAL", "51"])
def test_denied_org(kind: str, org: str) -> None:
    """A denied organization is denied by slug, in any case, and by number."""
    for policy in (ONLY_ACME, Policy(denied_orgs=["rival"], writes="allow")):
        made = attempt(kind, policy, "issues.resolve", ISSUES[RIVAL], org=org)

        assert isinstance(made.error, Denied)
        assert (made.writes, made.shown) == ([], set())


@each_kind
@pytest.mark.parametrize("action", ["projects.get", "ownership.get", "events.list"])
@pytest.mark.parametrize("project", ["secret", "43", "acme/secret"])
def test_denied_project(kind: str, action: str, project: str) -> None:
    """A denied project is denied by slug and by number, and an allowed one is allowed by both."""
    refused = by_name(
        kind, NO_SECRET, action, {"org": "41" if project == "43" else "acme", "project": project}
    )
    allowed = by_name(kind, ONLY_WEB, action, {"org": "41", "project": "42"})

    assert isinstance(refused.error, Denied)
    assert refused.shown == set()
    assert allowed.error is None


@each_kind
def test_claims_stay_home(kind: str) -> None:
    """What is claimed of the organization and project goes into no path, query or body."""
    named = {"organizationSlug": "acme", "projectSlug": "acme/web", "issueId": ISSUES[WEB]}
    (write,) = by_name(kind, ONLY_WEB, "issues.resolve", named).writes

    assert write.path == f"/api/0/organizations/acme/issues/{ISSUES[WEB]}/"
    assert (write.query, write.json()) == ((), {"status": "resolved"})


@each_kind
@pytest.mark.parametrize("name", [MERGED[WEB], *SHORT_IDS[WEB]])
def test_canonical_id(kind: str, name: str) -> None:
    """A write goes to the one id that Sentry answers with."""
    made = attempt(kind, ONLY_WEB, "issues.resolve", name)

    assert [write.path for write in made.writes] == [f"/api/0/organizations/acme/issues/{ISSUES[WEB]}/"]


@each_kind
@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("issues.update", {"status": "resolved"}),
        ("issues.update", {"status": "resolvedInNextRelease"}),
        ("issues.update", {"status": "ignored", "in_release": "web@1"}),
        ("issues.update", {"in_next_release": True}),
    ],
)
def test_another_door(kind: str, action: str, params: dict[str, JsonValue]) -> None:
    """A denied `issues.resolve` is not to be had by another action with the same effect."""
    policy = Policy(denied_actions=["issues.resolve"], writes="allow")
    single = by_name(kind, policy, action, {"id": ISSUES[WEB], **params})
    many = by_name(kind, policy, "issues.update_many", {"ids": [ISSUES[WEB]], **params})

    assert single.error is not None
    assert many.error is not None
    assert (single.writes, many.writes) == ([], [])


@each_kind
@pytest.mark.parametrize(
    "further",
    [{"status": "ignored"}, {"assigned_to": "user:1"}, {"assignedTo": "user:1"}, {"priority": "low"}],
)
def test_no_more_than_resolve(kind: str, further: dict[str, str]) -> None:
    """An action with a fixed effect takes no field that does something else."""
    made = by_name(kind, Policy(writes="allow"), "issues.resolve", {"id": ISSUES[WEB], **further})

    assert isinstance(made.error, RequestRefused)
    assert made.fake.calls == ()


@each_kind
@pytest.mark.parametrize("projects", [["secret"], ["web", "secret"], ["web", "43"], ["acme/secret"]])
def test_projects_of_body(kind: str, projects: list[str]) -> None:
    """Every project in the body of a release is decided on, whatever is claimed beside it."""
    values: dict[str, object] = {"version": "2.0", "projects": projects}
    for claim in ({}, {"project": "web"}):
        made = by_name(kind, ONLY_WEB, "releases.create", {**values, **claim})

        assert isinstance(made.error, Denied)
        assert made.writes == []


@each_kind
def test_create_of_another(kind: str) -> None:
    """Creating a release that is there already is decided on for the projects that it has."""
    made = by_name(kind, ONLY_WEB, "releases.create", {"version": "shared@1", "projects": ["web"]})

    assert isinstance(made.error, Denied)
    assert (made.writes, made.shown) == ([], set())


@each_kind
@pytest.mark.parametrize("action", ["releases.update", "releases.get", "releases.deploys.create"])
def test_shared_release(kind: str, action: str) -> None:
    """A release of two projects needs both to be allowed."""
    values = {"releases.update": {"ref": "x"}, "releases.deploys.create": {"environment": "e"}}.get(
        action, {}
    )
    made = by_name(kind, ONLY_WEB, action, {"version": "shared@1", "project": "web", **values})

    assert isinstance(made.error, Denied)
    assert (made.writes, made.shown) == ([], set())


@each_kind
@pytest.mark.parametrize("also", [ISSUES[SECRET], MERGED[WEB], ISSUES[RIVAL], "999"])
def test_one_of_many(kind: str, also: str) -> None:
    """One issue that is denied, merged away, foreign or missing keeps the others from changing."""
    made = attempt(kind, ONLY_WEB, "issues.update_many", [ISSUES[WEB], also], status="resolved")

    assert isinstance(made.error, Denied)
    assert (made.writes, made.shown) == ([], set())


@each_kind
@pytest.mark.parametrize(
    "search",
    [
        {"query": EVENTS[SECRET]},
        {"query": f" {EVENTS[SECRET]} ", "project": "web"},
        *({"query": name, "short_id_lookup": "1"} for name in SHORT_IDS[SECRET]),
        {"group": [ISSUES[SECRET]]},
        {"query": "project:secret"},
        {"query": "", "project": "43"},
    ],
)
def test_searches_that_leak(kind: str, search: dict[str, object]) -> None:
    """What a search finds beyond its projects is withheld."""
    made = by_name(kind, ONLY_WEB, "issues.list", search)
    everybody = by_name(kind, Policy(), "issues.list", search)

    assert made.shown <= {WEB}
    assert everybody.error is not None or SECRET in everybody.shown


@each_kind
def test_no_claim_needed(kind: str) -> None:
    """Lists need no claimed project, nor the list of organizations an organization, and all are cut down."""
    for method in ("organizations.list", "projects.list", "releases.list", "teams.list", "issues.list"):
        made = attempt(kind, Policy(allowed_orgs=["acme"], allowed_projects=["acme/web"]), method)

        assert made.error is None
        assert made.shown <= {WEB}
        assert "rival" not in made.seen


@each_kind
@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("events.resolve", EVENTS[SECRET]),
        *(("shortids.resolve", name) for name in SHORT_IDS[SECRET]),
    ],
)
def test_lookups_tell_nothing(kind: str, method: str, name: str) -> None:
    """An answer that only tells whose something is reaches nobody before it is decided on."""
    made = attempt(kind, ONLY_WEB, method, name)

    assert isinstance(made.error, Denied)
    assert made.shown == set()


@each_kind
def test_transferred(kind: str) -> None:
    """An issue that is another project's by the time of the write's answer is not handed on."""
    fake = arena()
    moved = {"id": ISSUES[WEB], "project": {"slug": "secret"}, "title": canary(SECRET)}
    fake.faults.add(Fault.status(200, body=json.dumps(moved).encode()), when=lambda call: call.is_write)
    made = attempt(kind, ONLY_WEB, "issues.resolve", ISSUES[WEB], fake=fake)

    assert isinstance(made.error, UnexpectedAnswer)
    assert made.shown == set()


@each_kind
@pytest.mark.parametrize("place", [WEB, SECRET])
def test_moved_project(kind: str, place: Place) -> None:
    """Issues of a project that got another slug are decided on under that one."""
    fake = arena()
    fake.rename_project(*place, "shop")
    policy = Policy(denied_projects=["acme/shop"], writes="allow")
    for name in (ISSUES[place], SHORT_IDS[place][0]):
        made = attempt(kind, policy, "issues.resolve", name, fake=fake, project=place[1])

        assert isinstance(made.error, Denied)
        assert (made.writes, made.shown) == ([], set())


@each_kind
def test_link_of_another(kind: str) -> None:
    """A link is deleted only as the issue's whose it is, and made by no other organization's integration."""
    fake = arena()
    attempt(kind, Policy(writes="allow"), "external_issues.create", ISSUES[SECRET], LINK, fake=fake)
    (link,) = fake.external_issues(ISSUES[SECRET])
    before = len(fake.calls)
    made = attempt(kind, ONLY_WEB, "external_issues.delete", ISSUES[WEB], link.id, fake=fake)
    foreign = attempt(kind, Policy(writes="allow"), "external_issues.create", ISSUES[RIVAL], LINK)

    assert isinstance(made.error, ClaimRefused)
    assert all(call.method == "GET" for call in fake.calls[before:])
    assert foreign.writes == []


@each_kind
def test_audit_of_facts(kind: str) -> None:
    """The audit and the result tell what was established, and the claim as no more than that."""
    audit = MemoryAudit()
    guard = Guard(ONLY_WEB, audit=audit)
    attempt(kind, guard, "issues.resolve", SHORT_IDS[SECRET][1], org="41")
    decided, completed = audit.records

    assert (decided.claimed_org, decided.claimed_resource) == ("41", SHORT_IDS[SECRET][1])
    assert (decided.org, decided.projects, decided.resource) == ("acme", ("secret",), ISSUES[SECRET])
    assert (decided.effect, completed.event) == ("deny", "completed")
