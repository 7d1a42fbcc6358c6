"""The parameters of actions: their spellings, places and limits."""

from collections.abc import Iterator

import pytest

from sentry_governed._actions import ACTIONS, Action, Parameter, find

every_action = pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)


def named(action: Action, name: str) -> Parameter:
    """The parameter of that name."""
    (found,) = (parameter for parameter in action.parameters if parameter.name == name)
    return found


def with_fields(parameters: tuple[Parameter, ...]) -> Iterator[Parameter]:
    """The parameters, and what is inside objects."""
    for parameter in parameters:
        yield parameter
        yield from with_fields(parameter.fields)


@every_action
def test_spellings(action: Action) -> None:
    """No spelling means two parameters, and each finds its own."""
    spellings = [(spelling, parameter) for parameter in action.parameters for spelling in parameter.spellings]

    assert len({spelling for spelling, _ in spellings}) == len(spellings)
    assert all(action.parameter(spelling) is parameter for spelling, parameter in spellings)
    assert action.parameter("nonsense") is None


@pytest.mark.parametrize(
    ("name", "spellings"),
    {
        "org": "org organization org_slug organization_slug orgSlug organizationSlug",
        "project": "project project_slug projectSlug",
        "issue_id": "issue_id issueId id",
        "version": "version release release_version releaseVersion",
        "in_release": "in_release inRelease statusDetails.inRelease",
        "per_page": "per_page perPage",
    }.items(),
)
def test_aliases(name: str, spellings: str) -> None:
    """A parameter has the same spellings wherever it occurs."""
    found = [p for action in ACTIONS.values() for p in action.parameters if p.name == name]

    assert found
    assert all(set(parameter.spellings) == set(spellings.split()) for parameter in found)


@every_action
def test_wire(action: Action) -> None:
    """No two parameters write to the same place of a request."""
    places = [(p.where, p.wire) for p in action.parameters if p.where in {"body", "query"}]

    assert len(set(places)) == len(places)
    for _, wire in places:
        assert not any(other.startswith(f"{wire}.") for _, other in places)


@pytest.mark.parametrize(
    ("action", "name", "where", "wire"),
    [
        ("issues.list", "stats_period", "query", "statsPeriod"),
        ("issues.list", "limit", "query", "limit"),
        ("issues.list", "group_stats_period", "query", "groupStatsPeriod"),
        ("releases.list", "per_page", "query", "per_page"),
        ("organizations.list", "sort_by", "query", "sortBy"),
        ("issues.update_many", "issue_ids", "query", "id"),
        ("issues.resolve", "in_next_release", "body", "statusDetails.inNextRelease"),
        ("issues.resolve", "commit", "body", "statusDetails.inCommit.commit"),
        ("issues.mute", "ignore_user_window", "body", "statusDetails.ignoreUserWindow"),
        ("issues.assign", "assigned_to", "body", "assignedTo"),
        ("external_issues.create", "issue_id", "body", "issueId"),
        ("external_issues.create", "display_project", "body", "project"),
        ("external_issues.delete", "issue_id", "claim", "issueId"),
        ("releases.create", "version", "body", "version"),
        ("releases.create", "project", "claim", "project"),
        ("releases.create", "date_released", "body", "dateReleased"),
    ],
)
def test_places(action: str, name: str, where: str, wire: str) -> None:
    """Parameters go to the place, and under the name, that Sentry documents."""
    parameter = named(find(action), name)

    assert (parameter.where, parameter.wire) == (where, wire)


@every_action
def test_limits(action: Action) -> None:
    """Choices belong to enums, fields to objects, counts to what repeats and bounds to numbers."""
    for parameter in with_fields(action.parameters):
        assert bool(parameter.choices) == (parameter.kind == "enum")
        assert list(parameter.choices) == sorted(set(parameter.choices), key=parameter.choices.index)
        assert bool(parameter.fields) == (parameter.kind == "object")
        assert parameter.max_items is None or parameter.repeated
        if parameter.kind != "int":
            assert parameter.minimum is parameter.maximum is None


@pytest.mark.parametrize(
    ("action", "name", "limit"),
    [
        ("releases.create", "version", 200),
        ("releases.create", "ref", 200),
        ("releases.deploys.create", "environment", 64),
        ("releases.deploys.create", "name", 64),
        ("issues.resolve", "in_release", 200),
        ("issues.resolve", "commit", 64),
    ],
)
def test_lengths(action: str, name: str, limit: int) -> None:
    """Texts are as long as Sentry's columns and no longer."""
    assert named(find(action), name).max_length == limit


def test_commit_lengths() -> None:
    """So are the texts inside commits and refs."""
    found = {
        parameter.wire: parameter.max_length
        for name in ("commits", "refs")
        for parameter in with_fields(named(find("releases.update"), name).fields)
        if parameter.max_length
    }

    assert found == {
        "id": 64,
        "author_name": 128,
        "author_email": 200,
        "path": 510,
        "commit": 64,
        "previousCommit": 64,
        "repository": 200,
    }


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("issues.assign", "org issue_id assigned_to"),
        ("issues.comment", "org issue_id text"),
        ("issues.update_many", "org issue_ids"),
        ("releases.create", "org version projects"),
        ("releases.deploys.create", "org version environment"),
        ("external_issues.create", "installation org issue_id web_url display_project identifier"),
        ("external_issues.delete", "installation org issue_id external_issue_id"),
    ],
)
def test_required(action: str, names: str) -> None:
    """A write asks for everything that Sentry demands, and for what tells whose it is."""
    required = [parameter.name for parameter in find(action).parameters if parameter.required]

    assert required == names.split()


@pytest.mark.parametrize("name", ["merge", "discard", "isPublic"])
def test_not_offered(name: str) -> None:
    """Fields that destroy issues or publish them are no parameter of any action."""
    assert not [action.name for action in ACTIONS.values() if action.parameter(name)]
