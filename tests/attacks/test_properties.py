"""What holds however a call is spelt, whatever it claims, and whatever the policy is."""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed.policy import Policy
from sentry_governed.typing import JsonValue
from tests.attacks.arena import (
    EVENTS,
    ISSUE_SPELLINGS,
    ISSUES,
    KINDS,
    MERGED,
    ORG_IDS,
    ORG_SPELLINGS,
    PLACES,
    PROJECT_IDS,
    PROJECT_SPELLINGS,
    RELEASES,
    SHORT_IDS,
    VERSION_SPELLINGS,
    Attempt,
    Place,
    by_name,
    org_canary,
)

Params: TypeAlias = dict[str, JsonValue]

LINK: Final[Params] = {"web_url": "https://a.example/1", "display_project": "A", "identifier": "1"}
OF_ISSUE: Final[dict[str, Params]] = {
    "events.latest": {},
    "events.list": {},
    "external_issues.create": LINK,
    "external_issues.list": {},
    "issues.assign": {"assigned_to": "user:1"},
    "issues.comment": {"text": "hello"},
    "issues.get": {},
    "issues.ignore": {},
    "issues.mute": {},
    "issues.resolve": {},
    "issues.tags": {"key": "service"},
    "issues.unmute": {},
    "issues.unresolve": {},
    "issues.update": {"status": "resolved"},
}
OF_RELEASE: Final[dict[str, Params]] = {
    "releases.deploys.create": {"environment": "production"},
    "releases.deploys.list": {},
    "releases.get": {},
    "releases.update": {"ref": "x"},
}
SEARCHES: Final[tuple[Params, ...]] = (
    {"query": ""},
    *(Params(query=event) for event in EVENTS.values()),
    *(Params(query=short[0], short_id_lookup="1") for short in SHORT_IDS.values()),
    {"group": list(ISSUES.values())},
)
TRUE: Final = st.sampled_from(PLACES)


@attrs.frozen
class Lists:
    """The lists of a policy, of names in full."""

    allowed_orgs: frozenset[str] | None
    denied_orgs: frozenset[str]
    allowed_projects: frozenset[str] | None
    denied_projects: frozenset[str]

    @property
    def policy(self) -> Policy:
        """The policy of these lists, which lets writes go ahead."""
        return Policy(
            allowed_orgs=self.allowed_orgs,
            denied_orgs=self.denied_orgs,
            allowed_projects=self.allowed_projects,
            denied_projects=self.denied_projects,
            writes="allow",
        )

    def allow_org(self, org: str) -> bool:
        """Whether they allow an organization."""
        return org not in self.denied_orgs and (self.allowed_orgs is None or org in self.allowed_orgs)

    def allow(self, place: Place) -> bool:
        """Whether they allow a project."""
        name, allowed = "/".join(place), self.allowed_projects
        named = name not in self.denied_projects and (allowed is None or name in allowed)
        return named and self.allow_org(place[0])


def _some(names: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names), min_size=1)


NAMES: Final = ["/".join(place) for place in PLACES]
ORGS: Final = sorted(ORG_IDS)
LISTS: Final = st.builds(
    Lists,
    st.none() | _some(ORGS),
    st.just(frozenset[str]()) | _some(ORGS),
    st.none() | _some(NAMES),
    st.just(frozenset[str]()) | _some(NAMES),
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, Params, str]:  # noqa: PLR0911  # one for each kind of call
    """An action on something of one project under the name of another, and the integration's organization."""
    true, claimed = draw(TRUE), draw(TRUE)
    by_number = draw(st.booleans())
    params: Params = {draw(st.sampled_from(ORG_SPELLINGS)): ORG_IDS[claimed[0]] if by_number else claimed[0]}
    project = {"slug": claimed[1], "id": PROJECT_IDS[claimed], "path": "/".join(claimed)}.get(
        draw(st.sampled_from(["", "slug", "id", *([] if by_number else ["path"])]))
    )
    claim: Params = {} if project is None else {draw(st.sampled_from(PROJECT_SPELLINGS)): project}
    named = draw(st.sampled_from([ISSUES[true], MERGED[true], *SHORT_IDS[true]]))
    home = draw(st.sampled_from(ORGS))
    kind = draw(
        st.sampled_from(["issue", "issue", "issue", "release", "many", "new", "search", "place", "org"])
    )
    if kind == "issue":
        action = draw(st.sampled_from(sorted(OF_ISSUE)))
        spelling = draw(st.sampled_from(ISSUE_SPELLINGS))
        return action, {**params, **claim, spelling: named, **OF_ISSUE[action]}, home
    if kind == "release":
        action = draw(st.sampled_from(sorted(OF_RELEASE)))
        version = draw(st.sampled_from([*RELEASES.values(), "shared@1"]))
        spelling = draw(st.sampled_from(VERSION_SPELLINGS))
        return action, {**params, **claim, spelling: version, **OF_RELEASE[action]}, home
    if kind == "many":
        ids = draw(st.lists(st.sampled_from([*ISSUES.values(), *MERGED.values()]), min_size=1, max_size=3))
        return "issues.update_many", {**params, **claim, "ids": list(ids), "status": "resolved"}, home
    if kind == "new":
        version = draw(st.sampled_from([*RELEASES.values(), "shared@1", "new@1"]))
        several: list[JsonValue] = [true[1], *([project] if project else [])]
        return "releases.create", {**params, "version": version, "projects": several}, home
    if kind == "search":
        return "issues.list", {**params, **claim, **draw(st.sampled_from(SEARCHES))}, home
    if kind == "place":
        event = {"event_id": EVENTS[true]}
        short = {"short_id": draw(st.sampled_from(SHORT_IDS[true]))}
        action, place = draw(st.sampled_from([("events.resolve", event), ("shortids.resolve", short)]))
        return action, {**params, **place}, home
    of_project = ["events.list", "ownership.get", "projects.get"]
    of_org = ["organizations.get", "projects.list", "releases.list", "teams.list", "members.list"]
    action = draw(st.sampled_from([*of_org, *(of_project if claim else []), "organizations.list"]))
    if action == "organizations.list":
        return action, {}, home
    return action, {**params, **(claim if action in of_project else {})}, home


def _made(kind: str, lists: Lists, call: tuple[str, Params, str]) -> Attempt:
    action, params, home = call
    return by_name(kind, lists.policy, action, params, home=home)


@settings(max_examples=300, deadline=None)
@given(call=calls(), lists=LISTS, kind=st.sampled_from(KINDS))
def test_only_what_is_allowed(call: tuple[str, Params, str], lists: Lists, kind: str) -> None:
    """A write leaves only if its true projects are allowed, and nothing of any other reaches the caller."""
    made = _made(kind, lists, call)

    assert all(map(lists.allow, made.touched))
    assert all(map(lists.allow, made.shown))
    assert all(lists.allow_org(org) for org in ORGS if org_canary(org) in made.seen)


@settings(max_examples=150, deadline=None)
@given(call=calls(), lists=LISTS, further=LISTS, kind=st.sampled_from(KINDS))
def test_narrower_never_allows_more(
    call: tuple[str, Params, str], lists: Lists, further: Lists, kind: str
) -> None:
    """Under more denials and shorter allow lists nothing is sent or shown that was not before."""
    narrower = Lists(
        _fewer(lists.allowed_orgs, further.allowed_orgs),
        lists.denied_orgs | further.denied_orgs,
        _fewer(lists.allowed_projects, further.allowed_projects),
        lists.denied_projects | further.denied_projects,
    )
    wide, narrow = _made(kind, lists, call), _made(kind, narrower, call)

    assert all(write in wide.writes for write in narrow.writes)
    assert narrow.shown <= wide.shown


def _fewer(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return one if other is None else other if one is None else one & other


@settings(max_examples=100, deadline=None)
@given(call=calls(), kind=st.sampled_from(KINDS))
def test_writes_denied(call: tuple[str, Params, str], kind: str) -> None:
    """Where writes are denied, or wait for an approval that nobody gives, none leaves."""
    action, params, home = call
    for policy in (Policy(writes="deny"), Policy()):
        assert by_name(kind, policy, action, params, home=home).writes == []
