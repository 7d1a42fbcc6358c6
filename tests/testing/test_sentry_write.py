"""A fake Sentry changes what it holds as the documents of the real one say."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from sentry_governed.testing import FakeInstallation, FakeSentry, FrozenClock
from sentry_governed.typing import JsonValue
from tests.testing.conftest import Door, OpenDoor, decoded
from tests.testing.sentry_parts import ACME, ISSUE, shown


@pytest.fixture
def call(sentry: FakeSentry, installation: FakeInstallation, door: OpenDoor) -> Door:
    """A way to it."""
    return door(sentry, installation)


def test_organizations(call: Door) -> None:
    """Organizations and projects are listed and read by slug or id."""
    orgs = call.data("GET", "/api/0/organizations/")
    assert isinstance(orgs, list)
    assert [org["slug"] for org in orgs] == ["acme", "other"]
    assert shown(call, "GET", "/api/0/organizations/501/")["slug"] == "acme"
    projects = call.data("GET", f"{ACME}/projects/", per_page="1")
    assert isinstance(projects, list)
    assert [project["slug"] for project in projects] == ["web"]
    project = shown(call, "GET", "/api/0/projects/acme/602/")
    assert project["slug"] == "api"
    assert isinstance(project["organization"], Mapping)
    assert project["organization"]["slug"] == "acme"


@pytest.mark.parametrize(
    ("body", "status", "substatus"),
    [
        ({"status": "resolved"}, "resolved", None),
        ({"status": "ignored"}, "ignored", "archived_forever"),
        ({"status": "muted"}, "ignored", "archived_forever"),
        (
            {"status": "ignored", "statusDetails": {"ignoreCount": 3}},
            "ignored",
            "archived_until_condition_met",
        ),
        (
            {"status": "ignored", "statusDetails": {"untilEscalating": True}},
            "ignored",
            "archived_until_escalating",
        ),
        (
            {"status": "ignored", "substatus": "archived_until_escalating"},
            "ignored",
            "archived_until_escalating",
        ),
        ({"status": "unresolved"}, "unresolved", "ongoing"),
    ],
)
def test_status(sentry: FakeSentry, call: Door, body: JsonValue, status: str, substatus: str | None) -> None:
    """A status brings the substatus that Sentry derives from it."""
    changed = shown(call, "PUT", ISSUE, body)
    assert (changed["status"], changed["substatus"]) == (status, substatus)
    assert (sentry.issue("1001").status, sentry.issue("1001").substatus) == (status, substatus)


def test_unignore(sentry: FakeSentry, call: Door, clock: FrozenClock) -> None:
    """An issue that was archived within its first week is new again, and later ongoing."""
    for substatus in ("new", "ongoing"):
        call("PUT", ISSUE, {"status": "ignored"})
        assert shown(call, "PUT", ISSUE, {"status": "unresolved"})["substatus"] == substatus
        clock.advance(7 * 86400)


def test_releases(sentry: FakeSentry, call: Door) -> None:
    """An issue is resolved only in a release that exists."""

    def resolve(**details: JsonValue) -> tuple[int, JsonValue]:
        response = call("PUT", ISSUE, {"status": "resolved", "statusDetails": details})
        return response.status, decoded(response)

    assert resolve(inNextRelease=True) == (
        400,
        {"statusDetails": {"inNextRelease": ["No release data present in the system."]}},
    )
    assert call("PUT", ISSUE, {"status": "resolvedInNextRelease"}).status == 400
    assert sentry.issue("1001").status == "unresolved"
    sentry.add_release("acme", "1.0")
    assert resolve(inRelease="2.0") == (
        400,
        {"statusDetails": {"inRelease": ["Unable to find a release with the given version."]}},
    )
    assert resolve(inRelease="1.0")[0] == 200
    assert sentry.issue("1001").status_details == {"inRelease": "1.0"}
    assert resolve(inNextRelease=True)[0] == 200
    assert sentry.issue("1001").status_details == {"inNextRelease": True}


def test_other_changes(sentry: FakeSentry, call: Door) -> None:
    """Only what the body names changes."""
    changed = shown(call, "PUT", ISSUE, {"priority": "high", "assignedTo": "team:7"})
    assert changed["assignedTo"] == {"type": "team", "id": "7", "name": "7"}
    issue = sentry.issue("1001")
    assert (issue.status, issue.priority, issue.assigned_to) == ("unresolved", "high", "team:7")
    call("PUT", ISSUE, {"assignedTo": ""})
    assert sentry.issue("1001").assigned_to is None


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"status": "closed"}, {"status": ['"closed" is not a valid choice.']}),
        ({"status": "ignored", "substatus": "odd"}, {"substatus": ['"odd" is not a valid choice.']}),
        ({"priority": "urgent"}, {"priority": ['"urgent" is not a valid choice.']}),
        (
            {"status": "resolved", "statusDetails": 5},
            {"statusDetails": ["Invalid data. Expected a dictionary."]},
        ),
        ([], {"nonFieldErrors": ["Invalid data. Expected a dictionary."]}),
    ],
)
def test_bad_change(sentry: FakeSentry, call: Door, body: JsonValue, errors: JsonValue) -> None:
    """A change that makes no sense is refused by field."""
    before = sentry.issue("1001")
    response = call("PUT", ISSUE, body)
    assert (response.status, decoded(response)) == (400, errors)
    assert sentry.issue("1001") == before


@pytest.mark.parametrize("path", ["notes", "comments"])
def test_notes(sentry: FakeSentry, call: Door, clock: FrozenClock, path: str) -> None:
    """A comment is taken once an hour, whatever its route."""
    made = call("POST", f"{ISSUE}{path}/", {"text": "Asana: 1"})
    assert made.status == 201
    again = call("POST", f"{ISSUE}notes/", {"text": "Asana: 1"})
    assert (again.status, decoded(again)) == (400, {"detail": "You have already posted that comment."})
    assert call("POST", f"{ISSUE}{path}/", {"text": "Asana: 2"}).status == 201
    clock.advance(3600)
    assert call("POST", f"{ISSUE}{path}/", {"text": "Asana: 1"}).status == 201
    assert [note.text for note in sentry.notes("1001")] == ["Asana: 1", "Asana: 2", "Asana: 1"]
    listed = call.data("GET", f"{ISSUE}{path}/")
    assert isinstance(listed, list)
    assert listed[0]["data"] == {"text": "Asana: 1"}
    assert shown(call, "GET", ISSUE)["numComments"] == 3
    blank = call("POST", f"{ISSUE}{path}/", {"text": " "})
    assert (blank.status, decoded(blank)) == (400, {"text": ["This field is required."]})
    assert call("POST", f"{ISSUE}{path}/").status == 400


def test_notes_of_others(sentry: FakeSentry, installation: FakeInstallation) -> None:
    """The same comment by somebody else is another comment."""
    with sentry.serve() as base_url:
        for token in ("sntryu_main", installation.token):
            headers = {"Authorization": f"Bearer {token}"}
            answer = httpx.post(f"{base_url}{ISSUE}notes/", json={"text": "same"}, headers=headers)
            assert answer.status_code == 201
    assert len(sentry.notes("1001")) == 2


def link(call: Door, installation: FakeInstallation, **changes: JsonValue) -> tuple[int, JsonValue]:
    """The answer to linking an issue."""
    body = {
        "issueId": 1001,
        "webUrl": "https://app.asana.com/0/0/7",
        "project": "Web & Co",
        "identifier": "7",
        **changes,
    }
    path = f"/api/0/sentry-app-installations/{installation.uuid}/external-issues/"
    response = call("POST", path, {key: value for key, value in body.items() if value is not None})
    return response.status, decoded(response) if response.body else None


def test_link(sentry: FakeSentry, call: Door, installation: FakeInstallation) -> None:
    """A link shows its escaped name, and is listed on its issue."""
    status, made = link(call, installation)
    (kept,) = sentry.external_issues("1001")
    assert (status, made) == (
        200,
        {
            "id": kept.id,
            "issueId": "1001",
            "serviceType": "linker",
            "displayName": "Web &amp; Co#7",
            "webUrl": "https://app.asana.com/0/0/7",
        },
    )
    assert call.data("GET", f"{ISSUE}external-issues/") == [made]


def test_second_link(sentry: FakeSentry, call: Door, installation: FakeInstallation) -> None:
    """A second link of one issue and integration takes the first one's place."""
    link(call, installation)
    (first,) = sentry.external_issues("1001")
    assert link(call, installation, identifier="8")[0] == 200
    (second,) = sentry.external_issues("1001")
    assert (second.id, second.identifier) == (first.id, "8")


def test_two_integrations(sentry: FakeSentry, call: Door, installation: FakeInstallation) -> None:
    """Each integration has its own link."""
    link(call, installation)
    other = sentry.add_installation("acme", app_slug="other-linker")
    link(Door(sentry), other)
    assert [known.service_type for known in sentry.external_issues("1001")] == ["linker", "other-linker"]


def test_second_link_refused(door: OpenDoor) -> None:
    """A second link can be set to be refused."""
    sentry = FakeSentry(relink="refuse")
    sentry.add_issue("acme", "web", issue_id="1001")
    installation = sentry.add_installation("acme")
    call = door(sentry, installation)
    assert link(call, installation)[0] == 200
    assert link(call, installation, identifier="8")[0] == 400
    (kept,) = sentry.external_issues("1001")
    assert kept.identifier == "7"


@pytest.mark.parametrize("name", ["issueId", "webUrl", "project", "identifier"])
def test_bad_link(sentry: FakeSentry, call: Door, installation: FakeInstallation, name: str) -> None:
    """Every field of a link is required."""
    assert link(call, installation, **{name: None}) == (400, {name: ["This field is required."]})
    assert link(call, installation, issueId="WEB-1")[0] == 400
    assert sentry.external_issues("1001") == ()


def test_link_elsewhere(sentry: FakeSentry, call: Door, installation: FakeInstallation) -> None:
    """An issue outside the installation's organization is an empty 404."""
    sentry.add_issue("other", "web", issue_id="1003")
    assert link(call, installation, issueId=1003) == (404, None)
    assert link(call, installation, issueId=404) == (404, None)
    unknown = call("POST", "/api/0/sentry-app-installations/nothing/external-issues/", {})
    assert (unknown.status, decoded(unknown)) == (404, {"detail": "The requested resource does not exist"})


def test_link_token(sentry: FakeSentry, installation: FakeInstallation) -> None:
    """Only an integration's own token may link, and it reaches only its own organization."""
    path = f"/api/0/sentry-app-installations/{installation.uuid}/external-issues/"
    with sentry.serve() as base_url:
        for token, status in (("sntryu_main", 403), (installation.token, 400), ("wrong", 401)):
            headers = {"Authorization": f"Bearer {token}"}
            assert httpx.post(base_url + path, json={}, headers=headers).status_code == status
        headers = {"Authorization": f"Bearer {installation.token}"}
        for org, status in (("acme", 200), ("other", 403)):
            url = f"{base_url}/api/0/organizations/{org}/"
            assert httpx.get(url, headers=headers).status_code == status
        orgs = httpx.get(f"{base_url}/api/0/organizations/", headers=headers).json()
        assert [org["slug"] for org in orgs] == ["acme"]


def test_installations(call: Door, installation: FakeInstallation) -> None:
    """An organization's installations are listed with their app."""
    listed = call.data("GET", f"{ACME}/sentry-app-installations/")
    assert isinstance(listed, list)
    assert [(one["uuid"], one["app"]["slug"]) for one in listed] == [(installation.uuid, "linker")]


def test_limit(clock: FrozenClock, door: OpenDoor) -> None:
    """Issue reads beyond the limit of a second are refused as sentry.io does it."""
    sentry = FakeSentry(clock=clock, issue_limit=5)
    sentry.add_issue("acme", "web", issue_id="1001")
    call = door(sentry)
    clock.advance(0.5)
    answers = [call("GET", ISSUE) for _ in range(6)]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 200, 429]
    assert answers[0].header("x-sentry-rate-limit-limit") == "5"
    assert answers[0].header("x-sentry-rate-limit-remaining") == "4"
    refusal = answers[5]
    assert refusal.header("content-type") == "text/html; charset=utf-8"
    assert refusal.header("retry-after") is None
    assert refusal.header("x-sentry-rate-limit-reset") == str(int(clock.time()) + 1)
    assert decoded(refusal) == {
        "detail": "You are attempting to use this endpoint too frequently. Limit is 5 requests in 1 seconds"
    }
    assert call("PUT", ISSUE, {"status": "resolved"}).status == 200
    assert call("GET", f"{ACME}/").header("x-sentry-rate-limit-limit") == "999"
    assert call("GET", f"{ACME}/issues/404/").status == 429
    clock.advance(0.5)
    assert call("GET", f"{ACME}/issues/404/").header("x-sentry-rate-limit-remaining") == "4"


def test_self_hosted(door: OpenDoor) -> None:
    """A self-hosted Sentry answers below its prefix, without rate-limit headers."""
    sentry = FakeSentry(prefix="/sentry")
    sentry.add_issue("acme", "web", issue_id="1001")
    answer = door(sentry)("GET", ISSUE)
    assert answer.status == 200
    assert not [name for name, _ in answer.headers if name.startswith("x-sentry-rate-limit")]
    assert sentry.calls[0].path == "/sentry" + ISSUE
    body = decoded(answer)
    assert isinstance(body, Mapping)
    assert str(body["permalink"]).endswith("/sentry/organizations/acme/issues/1001/")
    assert sentry.handle("GET", ISSUE, (), (), None).status == 404
