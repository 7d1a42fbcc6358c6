"""A Sentry with one thing of each kind, and what each action is asked and sends in it."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from sentry_governed.testing import FakeInstallation, FakeSentry
from sentry_governed.typing import JsonValue
from tests.sentry.doors import ISSUE, TOKEN

OTHER = "78"
EVENT = "ab" * 16
ORG = "/api/0/organizations/acme"
AT = f"{ORG}/issues/{ISSUE}"
UUID = "00000000-0000-4000-8000-000000000001"
LINKS = f"/api/0/sentry-app-installations/{UUID}/external-issues"
LINK_ID = "4500000100"
ORGS = {"acme": "41", "rival": "51"}
PROJECTS = {("acme", "web"): "42", ("acme", "secret"): "43", ("rival", "web"): "52"}
ISSUES = {("acme", "web"): ISSUE, ("acme", "secret"): "99", ("rival", "web"): "105"}
Params: TypeAlias = dict[str, JsonValue]


def world() -> FakeSentry:
    """One thing of each kind in the project `acme/web`, and another issue there."""
    fake = FakeSentry(token=TOKEN)
    fake.add_org("acme", org_id="41")
    fake.add_project("acme", "web", project_id="42")
    for issue in (ISSUE, OTHER):
        fake.add_issue("acme", "web", issue_id=issue, title="Queue is long")
    fake.add_event(ISSUE, event_id=EVENT, tags={"service": "queue"})
    fake.add_release("acme", "1.0", "web")
    fake.add_team("acme", "core", "web")
    fake.add_member("acme", "ann@example.com")
    fake.set_ownership("acme", "web", "path:src/* #core")
    return fake


def two_orgs() -> FakeSentry:
    """Two organizations, three projects, an issue in each."""
    fake = world()
    fake.add_org("rival", org_id="51")
    fake.add_project("acme", "secret", project_id="43")
    fake.add_project("rival", "web", project_id="52")
    fake.add_issue("acme", "secret", issue_id="99", title="SECRET-TITLE")
    fake.add_issue("rival", "web", issue_id="105", title="SECRET-TITLE")
    fake.add_release("acme", "shared", "web", "secret")
    return fake


def install(fake: FakeSentry) -> FakeInstallation:
    """The integration whose links are at `LINKS`."""
    return fake.add_installation("acme", uuid=UUID)


def linked(fake: FakeSentry) -> str:
    """Link the issue; the id of the link."""
    (made,) = fake.external_issues(ISSUE)
    return made.id


@attrs.frozen
class Spec:
    """What an action is asked, and the request that this makes.

    Attributes:
        args: The positional arguments of the typed method, by the names of the parameters.
        options: The other parameters.
        method: Of the request.
        path: Of the request.
        query: Of the request.
        body: Of the request.
    """

    method: str
    path: str
    args: Params = attrs.field(factory=Params)
    options: Params = attrs.field(factory=Params)
    query: tuple[tuple[str, str], ...] = ()
    body: JsonValue = None

    @property
    def params(self) -> Params:
        """All parameters, by name."""
        return {**self.args, **self.options}


_ISSUE: Params = {"issue_id": ISSUE}
_CLAIM: Params = {"project": "web"}
_RESOLVED: Params = {"status": "resolved"}
_FOREVER: Params = {"status": "ignored", "substatus": "archived_forever"}
_AN_HOUR: Params = {
    "status": "ignored",
    "substatus": "archived_until_condition_met",
    "statusDetails": {"ignoreDuration": 60},
}

SPECS: dict[str, Spec] = {
    "events.latest": Spec("GET", f"{AT}/events/latest/", _ISSUE),
    "events.list": Spec(
        "GET",
        f"{AT}/events/",
        {},
        {**_ISSUE, "full": True, "environment": ["production", "staging"], "per_page": 5},
        (("environment", "production"), ("environment", "staging"), ("full", "1"), ("per_page", "5")),
    ),
    "events.resolve": Spec("GET", f"{ORG}/eventids/{EVENT}/", {"event_id": EVENT}),
    "external_issues.create": Spec(
        "POST",
        f"{LINKS}/",
        _ISSUE,
        {"web_url": "https://app.asana.com/0/0/5", "display_project": "Web", "identifier": "5"},
        body={
            "issueId": int(ISSUE),
            "webUrl": "https://app.asana.com/0/0/5",
            "project": "Web",
            "identifier": "5",
        },
    ),
    "external_issues.list": Spec("GET", f"{AT}/external-issues/", _ISSUE),
    "issues.assign": Spec(
        "PUT", f"{AT}/", {**_ISSUE, "assigned_to": "team:5"}, _CLAIM, body={"assignedTo": "team:5"}
    ),
    "issues.comment": Spec(
        "POST", f"{AT}/notes/", {**_ISSUE, "text": "a\nb \N{SNOWMAN}"}, body={"text": "a\nb \N{SNOWMAN}"}
    ),
    "issues.get": Spec(
        "GET", f"{AT}/", _ISSUE, {"expand": ["owners", "inbox"]}, (("expand", "owners"), ("expand", "inbox"))
    ),
    "issues.ignore": Spec("PUT", f"{AT}/", _ISSUE, body=_FOREVER),
    "issues.list": Spec(
        "GET",
        f"{ORG}/issues/",
        {},
        {"project": ["web"], "query": "", "stats_period": "14d", "limit": 5},
        (("project", "web"), ("query", ""), ("statsPeriod", "14d"), ("limit", "5")),
    ),
    "issues.mute": Spec("PUT", f"{AT}/", _ISSUE, {"ignore_duration": 60}, body=_AN_HOUR),
    "issues.resolve": Spec(
        "PUT",
        f"{AT}/",
        _ISSUE,
        {"in_release": "1.0", "project": "web"},
        body={**_RESOLVED, "statusDetails": {"inRelease": "1.0"}},
    ),
    "issues.tags": Spec("GET", f"{AT}/tags/service/", _ISSUE, {"key": "service"}),
    "issues.unmute": Spec("PUT", f"{AT}/", _ISSUE, body={"status": "unresolved"}),
    "issues.unresolve": Spec("PUT", f"{AT}/", _ISSUE, body={"status": "unresolved"}),
    "issues.update": Spec(
        "PUT",
        f"{AT}/",
        _ISSUE,
        {"priority": "high", "status": "resolved", "commit": "abc", "repository": "shop", "has_seen": False},
        body={
            "status": "resolved",
            "statusDetails": {"inCommit": {"commit": "abc", "repository": "shop"}},
            "priority": "high",
            "hasSeen": False,
        },
    ),
    "issues.update_many": Spec(
        "PUT",
        f"{ORG}/issues/",
        {"issue_ids": [ISSUE, OTHER]},
        {"status": "resolved"},
        (("project", "web"), ("id", ISSUE), ("id", OTHER)),
        _RESOLVED,
    ),
    "members.list": Spec("GET", f"{ORG}/members/"),
    "organizations.get": Spec("GET", f"{ORG}/"),
    "organizations.list": Spec("GET", "/api/0/organizations/", {}, {"owner": True}, (("owner", "1"),)),
    "ownership.get": Spec("GET", "/api/0/projects/acme/web/ownership/", {"project": "web"}),
    "projects.get": Spec("GET", "/api/0/projects/acme/web/", {"project": "web"}),
    "projects.list": Spec("GET", f"{ORG}/projects/", {}, {"query": "we"}, (("query", "we"),)),
    "releases.create": Spec(
        "POST",
        f"{ORG}/releases/",
        {"version": "shop@2.0+7", "projects": ["web"]},
        {
            "ref": "main",
            "date_released": "2026-11-20T10:00:00Z",
            "commits": [{"id": "abc", "author_name": "Ann", "patch_set": [{"path": "a.py", "type": "M"}]}],
            "refs": [{"commit": "abc", "repository": "shop", "previousCommit": "abb"}],
        },
        body={
            "version": "shop@2.0+7",
            "projects": ["web"],
            "ref": "main",
            "dateReleased": "2026-11-20T10:00:00Z",
            "commits": [{"id": "abc", "author_name": "Ann", "patch_set": [{"path": "a.py", "type": "M"}]}],
            "refs": [{"commit": "abc", "repository": "shop", "previousCommit": "abb"}],
        },
    ),
    "releases.deploys.create": Spec(
        "POST",
        f"{ORG}/releases/1.0/deploys/",
        {"version": "1.0", "environment": "production"},
        body={"environment": "production", "projects": ["web"]},
    ),
    "releases.deploys.list": Spec("GET", f"{ORG}/releases/1.0/deploys/", {"version": "1.0"}),
    "releases.get": Spec(
        "GET",
        f"{ORG}/releases/1.0/",
        {"version": "1.0"},
        {"health": True, "summary_stats_period": "24h"},
        (("health", "1"), ("summaryStatsPeriod", "24h")),
    ),
    "releases.list": Spec("GET", f"{ORG}/releases/", {}, {"query": "1"}, (("query", "1"),)),
    "releases.update": Spec(
        "PUT", f"{ORG}/releases/1.0/", {"version": "1.0"}, {"ref": "x"}, body={"ref": "x"}
    ),
    "shortids.resolve": Spec("GET", f"{ORG}/shortids/WEB-2D/", {"short_id": "WEB-2D"}),
    "teams.list": Spec("GET", f"{ORG}/teams/", {}, {"detailed": "1"}, (("detailed", "1"),)),
}
