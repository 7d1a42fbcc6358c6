"""A Sentry of two organizations, a client under a real guard, and what came of an attempt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import attrs

from sentry_governed.errors import SentryGovernedError
from sentry_governed.policy import Guard, Policy
from sentry_governed.sentry import ActionResult
from sentry_governed.testing import Call, FakeSentry
from sentry_governed.typing import Authorizer
from tests.sentry.doors import TOKEN, door_to

Place: TypeAlias = tuple[str, str]

WEB: Final[Place] = ("acme", "web")
SECRET: Final[Place] = ("acme", "secret")
RIVAL: Final[Place] = ("rival", "web")
PLACES: Final = (WEB, SECRET, RIVAL)
ORG_IDS: Final = {"acme": "41", "rival": "51"}
PROJECT_IDS: Final = {WEB: "42", SECRET: "43", RIVAL: "52"}
ISSUES: Final = {WEB: "64", SECRET: "33", RIVAL: "65"}
MERGED: Final = {WEB: "640", SECRET: "330", RIVAL: "650"}
EVENTS: Final = {WEB: "a" * 32, SECRET: "b" * 32, RIVAL: "c" * 32}
RELEASES: Final = {WEB: "web@1", SECRET: "secret@1", RIVAL: "web@2"}
UUIDS: Final = {org: f"00000000-0000-4000-8000-0000000000{number}" for org, number in ORG_IDS.items()}
LINKS: Final = "/sentry-app-installations/"

KINDS: Final = ("sync in process", "async in process")
ORG_SPELLINGS: Final = (
    "org",
    "organization",
    "org_slug",
    "organization_slug",
    "orgSlug",
    "organizationSlug",
)
PROJECT_SPELLINGS: Final = ("project", "project_slug", "projectSlug")
ISSUE_SPELLINGS: Final = ("issue_id", "issueId", "id")
VERSION_SPELLINGS: Final = ("version", "release", "release_version", "releaseVersion")
SHORT_IDS: Final = {
    WEB: ("WEB-20", "web-2O", "Web_20", "web 2o", "issue:web-020"),
    SECRET: ("SECRET-11", "secret-li", "Secret_1I", "secret il", "issue:secret-0l1"),
    RIVAL: ("WEB-21", "web-2l", "Web_2I", "web 21", "issue:web-02L"),
}


def canary(place: Place) -> str:
    """What whoever sees anything of a project sees."""
    return f"CANARY-{place[0]}-{place[1]}-"


def org_canary(org: str) -> str:
    """What whoever sees an organization itself sees."""
    return f"CANARY-OF-{org}"


def arena() -> FakeSentry:
    """In each project an issue that another was merged into, an event, a release, a link and an owner."""
    fake = FakeSentry(token=TOKEN)
    for org, number in ORG_IDS.items():
        fake.add_org(org, org_id=number, name=org_canary(org))
        fake.add_installation(org, uuid=UUIDS[org])
    for place in PLACES:
        fake.add_project(*place, project_id=PROJECT_IDS[place], platform=canary(place))
        fake.add_issue(*place, issue_id=ISSUES[place], title=canary(place))
        fake.add_issue(*place, issue_id=MERGED[place])
        fake.merge(ISSUES[place], MERGED[place])
        fake.add_event(ISSUES[place], event_id=EVENTS[place], tags={"service": canary(place)})
        fake.add_release(place[0], RELEASES[place], place[1])
        fake.set_ownership(*place, canary(place))
    fake.add_release("acme", "shared@1", "web", "secret")
    fake.add_team("acme", "core", "web", "secret")
    return fake


@attrs.frozen
class Attempt:
    """What came of a call.

    Attributes:
        fake: The Sentry that it was made to.
        seen: All that the caller got, as text, an error with everything that hangs on it included.
        error: The error, if it was one.
    """

    fake: FakeSentry
    seen: str
    error: SentryGovernedError | None

    @property
    def writes(self) -> list[Call]:
        """The requests that would change something."""
        return [call for call in self.fake.calls if call.is_write]

    @property
    def touched(self) -> set[Place]:
        """Every project that something was to be changed of, as Sentry would have it."""
        return {place for call in self.writes for place in touched(self.fake, call)}

    @property
    def shown(self) -> set[Place]:
        """Every project that the caller got to see something of."""
        return {place for place in PLACES if canary(place) in self.seen}


def attempt(
    kind: str,
    guard: Authorizer | Policy,
    method: str,
    *arguments: object,
    fake: FakeSentry | None = None,
    home: str = "acme",
    **named: object,
) -> Attempt:
    """Call a method of a client under a guard; the client's integration is of the organization `home`."""
    fake = arena() if fake is None else fake
    installation = fake.add_installation(home, uuid=UUIDS[home])
    eyes = Guard(guard) if isinstance(guard, Policy) else guard
    with door_to(fake, kind, eyes, installation) as door:
        try:
            return Attempt(fake, _text(door.call(method, *arguments, **named)), None)
        except SentryGovernedError as error:
            return Attempt(fake, _text(error), error)


def by_name(
    kind: str, guard: Authorizer | Policy, action: str, params: Mapping[str, object], **named: object
) -> Attempt:
    """Call an action by its name."""
    return attempt(kind, guard, "call", action, params, **named)  # type: ignore[arg-type]  # what attempt takes


def touched(fake: FakeSentry, call: Call) -> set[Place]:
    """The projects that a write concerns, told from the request and the state of the fake alone."""
    body = call.json() if call.body else {}
    assert isinstance(body, dict)
    if LINKS in call.path:
        return _of_issues(fake, [str(body["issueId"])])
    found = re.fullmatch(r"/api/0/organizations/([^/]+)/(issues|releases)/(?:([^/]+)/)?.*", call.path)
    assert found is not None
    org, what, name = found.groups()
    if what == "issues":
        return _of_issues(fake, [name] if name else [value for key, value in call.query if key == "id"])
    projects = body.get("projects")
    named = {(org, str(project)) for project in projects} if isinstance(projects, list) else set()
    if name is not None:
        version = name.replace("%40", "@")
        return named or {(org, project) for project in fake.release(org, version).projects}
    return named


def _of_issues(fake: FakeSentry, ids: Iterable[str]) -> set[Place]:
    issues = [fake.issue(issue) for issue in ids]
    return {(issue.org, issue.project) for issue in issues}


def _text(value: object) -> str:
    if isinstance(value, BaseException):
        inner = (*value.args, *vars(value).values(), value.__cause__, value.__context__)
        return " ".join([repr(value), str(value), *(_text(one) for one in inner if one is not None)])
    if isinstance(value, ActionResult):
        return repr(value) + json.dumps(value.result)
    if isinstance(value, list | tuple):
        return " ".join(map(_text, value))
    return repr(value) + str(getattr(value, "raw", ""))
