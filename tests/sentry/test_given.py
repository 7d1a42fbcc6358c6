"""Parameters by name: every spelling, one meaning; anything else is refused before anybody is asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import AllowAll, Secret
from sentry_governed._actions import ACTIONS, find
from sentry_governed.errors import ConfigError, RequestRefused
from sentry_governed.sentry import Preview, SentryClient, SentryConfig
from sentry_governed.sentry._asked import Asked
from sentry_governed.testing import FakeSentry
from sentry_governed.typing import JsonValue
from tests.sentry.doors import ISSUE
from tests.sentry.worlds import SPECS, world

ORG_SPELLINGS = ("org", "organization", "org_slug", "organization_slug", "orgSlug", "organizationSlug")
PROJECT_SPELLINGS = ("project", "project_slug", "projectSlug")
ISSUE_SPELLINGS = ("issue_id", "issueId", "id")
VERSION_SPELLINGS = ("version", "release", "release_version", "releaseVersion")


def asked(action: str, **params: object) -> Asked:
    """What a call amounts to, for the organization `acme` by default."""
    return Asked.of(action, params, {"org": "acme"})


def problem(action: str, **params: object) -> str:
    """Why a call is refused."""
    with pytest.raises(RequestRefused) as caught:
        asked(action, **params)
    return caught.value.reason


@pytest.mark.parametrize("org", ORG_SPELLINGS)
@pytest.mark.parametrize("project", PROJECT_SPELLINGS)
@pytest.mark.parametrize("issue", ISSUE_SPELLINGS)
def test_spellings(org: str, project: str, issue: str) -> None:
    """Every spelling means the same, and none of them reaches the request beside it."""
    made = asked("issues.resolve", **{org: "rival", project: "web", issue: 77})

    assert made.values == {"org": "rival", "project": "web", "issue_id": "77"}
    request = made.request()
    assert (request.params, request.query) == ((("org", "rival"), ("issue_id", "77")), ())
    assert request.body == b'{"status":"resolved"}'


@pytest.mark.parametrize("version", VERSION_SPELLINGS)
def test_versions(version: str) -> None:
    """A release's version has its spellings in the path and in the body."""
    assert asked("releases.get", **{version: "a@1"}).request().params[1] == ("version", "a@1")
    assert asked("releases.create", **{version: "a@1", "projects": ["web"]}).body() == {
        "version": "a@1",
        "projects": ["web"],
    }


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"org": "acme", "organization": "rival"}, "org and organization"),
        ({"issue_id": "1", "id": "2"}, "issue_id and id"),
        ({"project": "web", "projectSlug": "api"}, "project and projectSlug"),
        ({"org": "acme", "project": "rival/web"}, "org and project"),
        ({"project": "rival/web", "organization": "acme"}, "project and organization"),
        ({"org": "Acme", "organization": "acme"}, "org and organization"),
    ],
)
def test_disagree(params: dict[str, str], names: str) -> None:
    """Two spellings that disagree are refused."""
    assert f"{names} disagree" in problem("issues.get", **{"issue_id": "1", **params})


def test_agree() -> None:
    """Two spellings that agree are one."""
    made = asked("issues.get", id=7, issueId="7", org="rival", project="rival/web", project_slug="web")

    assert made.values == {"org": "rival", "project": "web", "issue_id": "7"}


def test_path_names_org() -> None:
    """A project written with its organization names that too."""
    assert asked("issues.list", project=["rival/web", "rival/api"]).text("org") == "rival"
    assert asked("projects.get", project="web").text("org") == "acme"
    assert "disagree" in problem("issues.list", project=["rival/web", "acme/api"])


@pytest.mark.parametrize(
    ("action", "name", "hint"),
    [
        ("issues.get", "isue_id", "did you mean 'issue_id'?"),
        ("issues.get", "ISSUE_ID", "did you mean 'issue_id'?"),
        ("issues.resolve", "status", "it takes org, project, issue_id"),
        ("issues.resolve", "assignedTo", "it takes"),
        ("issues.list", "enviroment", "did you mean 'environment'?"),
        ("issues.get", "token", "it takes"),
        ("organizations.list", "org", "it takes"),
        ("issues.update", "merge", ""),
        ("issues.update", "discard", ""),
    ],
)
def test_unknown(action: str, name: str, hint: str) -> None:
    """An unknown parameter is refused with the nearest name, and its value is not shown."""
    text = problem(action, **{name: "canary"})

    assert f"'{name}' is unknown ({hint}" in text
    assert "canary" not in text


def test_all_at_once() -> None:
    """Every problem is named."""
    text = problem("issues.list", limit=1000, sort="age", project="A B", nonsense=1)

    assert text.startswith("issues.list: limit 1000 is not from 1 to 100; sort 'age' is not one of date, ")
    assert "project 'A B' is not a project's slug or numeric id; 'nonsense' is unknown" in text


BAD: dict[tuple[str, str], tuple[object, ...]] = {
    ("issues.get", "issue_id"): (1.5, True, "", "0", "-1", "07", "\u0667", "7\n", "..", [7], {}, 2**63),
    ("issues.get", "org"): ("a b", "-a", "\uff41cme", "acm\u00e9", "a/b", "..", "", 1.0, ["acme"]),
    ("issues.get", "project"): ("Web", "a b", "/", "acme/", "/web", "a/b/c", "..", "\uff57eb"),
    ("releases.get", "version"): ("", ".", "..", "a/b", "a\\b", "latest", " a", "a\n", 1.0, 1),
    ("events.resolve", "event_id"): ("AB" * 16, "ab" * 15, "ab" * 15 + "\n"),
    ("shortids.resolve", "short_id"): ("WEB", "WEB-", "-1", "../WEB-1", "WEB-1/x", "\uff37EB-1"),
    ("issues.tags", "key"): ("a/b", "..", "", "a b", "\u00e4"),
    ("issues.list", "limit"): (0, 101, "x", 1.0, True, "\u0665"),
    ("issues.list", "start"): ("yesterday", "", 5, "2026-13-01"),
    ("issues.list", "environment"): ("a/b", "a\nb", {}, [["a"]], [], "x" * 65),
    ("issues.list", "project"): ("-1", -1, [-1], ["web", "$all"], "$all"),
    ("issues.resolve", "in_next_release"): ("yes", 1, "TRUE", []),
    ("issues.comment", "text"): (5, ["a"], "\ud800", "x" * 100_001),
    ("releases.create", "projects"): ([], ["a b"], {"a": 1}, ["web"] * 1001),
    ("releases.create", "url"): ("ftp://x", "javascript:x", "https://a b", "https://a\n"),
    ("releases.create", "commits"): (
        *("x", [5], [{}], [{"id": "1", "sha": "2"}], [{"id": 1}]),
        *([{"id": "1", "patch_set": "x"}], [{"id": "1", "patch_set": [{"path": "a"}]}]),
    ),
    ("issues.update_many", "issue_ids"): ("WEB-1", ["1", "WEB-1"], [], ["1"] * 1001),
    ("external_issues.create", "installation"): ("x", "../..", "A" * 36),
}


@pytest.mark.parametrize(
    ("action", "name", "value"), [(*where, value) for where, values in BAD.items() for value in values]
)
def test_bad(action: str, name: str, value: object) -> None:
    """A value that is not what its parameter takes is refused, by its name."""
    assert name in problem(action, **{**SPECS[action].params, name: value})


@pytest.mark.parametrize(
    ("action", "params", "text"),
    [
        ("issues.get", {}, "issue_id is missing"),
        ("issues.get", {"issue_id": None}, "issue_id is missing"),
        ("releases.create", {}, "version and projects are missing"),
        ("events.list", {}, "events.list needs org and issue_id or org and project"),
        ("events.list", {"project": "web", "query": "x"}, "query goes with issue_id only"),
        ("issues.resolve", {"id": 1, "commit": "a"}, "commit and repository go together"),
        ("issues.resolve", {"id": 1, "in_release": "1", "in_next_release": True}, "only one of"),
        ("issues.update", {"id": 1}, "there is nothing to change"),
        ("issues.update_many", {"ids": [1]}, "there is nothing to change"),
        ("releases.update", {"version": "1"}, "there is nothing to change"),
    ],
)
def test_whole(action: str, params: dict[str, object], text: str) -> None:
    """What is missing, or does not go together, is refused."""
    assert text in problem(action, **params)


@pytest.mark.parametrize(
    ("name", "value", "wire"),
    [
        ("in_next_release", "true", {"inNextRelease": True}),
        ("inNextRelease", True, {"inNextRelease": True}),
        ("statusDetails.inRelease", "latest", {"inRelease": "latest"}),
    ],
)
def test_details(name: str, value: object, wire: dict[str, object]) -> None:
    """What a command line can only write as text, and Sentry's own names, are understood."""
    assert asked("issues.resolve", **{"id": ISSUE, name: value}).body() == {
        "status": "resolved",
        "statusDetails": wire,
    }


def test_numbers_and_times() -> None:
    """Numbers come as text too, ids never as floats, and times as either."""
    moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
    made = asked(
        "issues.list", limit="5", project=[4509876543], start=moment, end="2026-11-21", group=[1, "2", 1]
    )

    assert made.query() == (
        ("project", "4509876543"),
        ("group", "1"),
        ("group", "2"),
        ("start", "2026-11-20T10:00:00+00:00"),
        ("end", "2026-11-21"),
        ("limit", "5"),
    )


def test_archive() -> None:
    """An archived issue comes back never, when a condition is met, or as is said."""
    bodies = [
        asked("issues.ignore", id=1, **given).body()
        for given in ({}, {"ignore_count": 5, "ignoreWindow": 60}, {"substatus": "archived_until_escalating"})
    ]

    assert bodies == [
        {"status": "ignored", "substatus": "archived_forever"},
        {
            "status": "ignored",
            "substatus": "archived_until_condition_met",
            "statusDetails": {"ignoreCount": 5, "ignoreWindow": 60},
        },
        {"status": "ignored", "substatus": "archived_until_escalating"},
    ]


def test_none() -> None:
    """None is not given, under whatever spelling."""
    assert asked("issues.get", id=None, issue_id="1", expand=None).values == {"org": "acme", "issue_id": "1"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@given(data=st.data(), action=st.sampled_from(sorted(ACTIONS)))
def test_anything(data: st.DataObject, action: str) -> None:
    """Whatever is given is understood or refused in one line, and a request has whole path segments."""
    spellings = [name for parameter in find(action).parameters for name in parameter.spellings]
    params = data.draw(st.dictionaries(st.sampled_from(spellings) | st.text(max_size=12), JSON, max_size=4))
    needed = SPECS[action].params if action in SPECS else {}
    texts: list[str] = []
    values: list[str] = []
    try:
        request = Asked.of(action, {**needed, **params}, {"org": "acme", "installation": "0" * 36}).request()
        values += [value for _, value in request.params]
    except RequestRefused as refusal:
        texts.append(str(refusal))
    assert all(len(text.splitlines()) == 1 for text in texts)
    for value in values:
        assert value not in {"", ".", ".."}
        assert not set(value) & set("/\\\n\r\0")


@pytest.mark.parametrize("params", [{}, {"nonsense": 1}, {"issue_id": "x"}])
def test_nobody_asked(params: dict[str, JsonValue]) -> None:
    """What cannot be used is refused before anything is sent, in a dry run as well."""
    fake = world()
    with SentryClient(SentryConfig(token=Secret("t"), org="acme", sender=fake), guard=AllowAll()) as sentry:
        for dry_run in (False, True):
            with pytest.raises(RequestRefused):
                sentry.call("issues.resolve", params, dry_run=dry_run)
        with pytest.raises(ConfigError, match=r"did you mean 'issues\.resolve'"):
            sentry.call("issue.resolve", params)
    assert fake.calls == ()


def test_explicit_org(fake: FakeSentry) -> None:
    """The configured organization is only taken where none is named."""
    with SentryClient(SentryConfig(token=Secret("t"), org="acme", sender=fake), guard=AllowAll()) as sentry:
        preview = sentry.call("issues.list", {"project": "rival/web"}, dry_run=True)

    assert isinstance(preview, Preview)
    assert preview.path == "/api/0/organizations/rival/issues/"
