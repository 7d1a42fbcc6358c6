"""Server payloads to models: tolerant of what servers change, strict where a decision rests on it."""

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed._convert import Id, parse_utc, structure
from sentry_governed.errors import PayloadError
from sentry_governed.typing import JsonValue


@attrs.frozen
class Project:
    id: Id
    slug: str
    name: str = ""


@attrs.frozen
class Issue:
    id: Id
    project: Project
    title: str = "untitled"
    short_id: str | None = None
    event_id: str | None = attrs.field(default=None, metadata={"key": "eventID"})
    count: int = 0
    score: float = 0.5
    seen: bool = False
    last_seen: datetime | None = None
    owner: Project | None = None
    projects: tuple[Project, ...] = ()
    labels: tuple[str, ...] = ("none",)
    teams: Mapping[str, tuple[Id, ...]] = attrs.field(factory=dict)
    metadata: Mapping[str, object] = attrs.field(factory=dict)
    anything: object = None
    raw: Mapping[str, JsonValue] = attrs.field(factory=dict, repr=False)


LEAST: dict[str, object] = {"id": "7", "project": {"id": "1", "slug": "web"}}
WRONG: list[object] = [None, "text", 5, 1.5, True, [], ["x"], [None], {}, {"id": []}]


def issue(**fields: object) -> Issue:
    """The least issue with some more fields."""
    return structure({**LEAST, **fields}, Issue)


def refused(payload: object) -> str:
    """The message of the refusal."""
    with pytest.raises(PayloadError) as caught:
        structure(payload, Issue)
    assert caught.value.__context__ is None
    return str(caught.value)


def test_full() -> None:
    """Fields of every kind are read, nested ones too."""
    found = issue(
        title="Boom",
        shortId="WEB-1",
        eventID="abc",
        count=3,
        score=2,
        seen=True,
        lastSeen="2026-11-20T10:00:00+01:00",
        owner={"id": 9, "slug": "o", "name": "O"},
        projects=[{"id": "1", "slug": "a"}, {"id": 2, "slug": "b"}],
        labels=["x", "y"],
        teams={"t": [1, "2"]},
        metadata={"a": [1, {"b": None}]},
        anything=[1],
    )

    assert (found.title, found.short_id, found.event_id) == ("Boom", "WEB-1", "abc")
    assert (found.count, found.score, found.seen) == (3, 2, True)
    assert found.last_seen == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert found.owner == Project("9", "o", "O")
    assert found.projects == (Project("1", "a"), Project("2", "b"))
    assert (found.labels, found.teams) == (("x", "y"), {"t": ("1", "2")})
    assert (found.metadata, found.anything) == ({"a": [1, {"b": None}]}, [1])


def test_snake_case() -> None:
    """A key in the attribute's own spelling is read, and comes before the other."""
    assert issue(short_id="A").short_id == "A"
    assert issue(short_id="A", shortId="B").short_id == "A"
    assert issue(short_id=None, shortId="B").short_id == "B"


def test_named_key() -> None:
    """An attribute with a named key reads that one alone."""
    assert issue(event_id="A", eventId="B").event_id is None


def test_unknown() -> None:
    """Fields that the model does not name are left aside, and kept in raw."""
    found = issue(brandNew={"x": 1})

    assert found.raw["brandNew"] == {"x": 1}
    assert found.raw["id"] == "7"
    assert found == issue(brandNew={"x": 1})


@pytest.mark.parametrize(
    ("field", "fitting"),
    [
        ("title", {"text"}),
        ("count", {5}),
        ("score", {5, 1.5}),
        ("seen", {True}),
        ("lastSeen", set()),
        ("owner", set()),
        ("projects", set()),
        ("shortId", {"text"}),
    ],
)
@pytest.mark.parametrize("value", WRONG, ids=str)
def test_default(field: str, fitting: set[object], value: object) -> None:
    """A null or wrong value becomes the default: no number becomes a text, no truth a number."""
    name = {"lastSeen": "last_seen", "shortId": "short_id"}.get(field, field)
    found = getattr(issue(**{field: value}), name)
    fits = any(value == fit and type(value) is type(fit) for fit in fitting) or (field, value) == (
        "projects",
        [],
    )

    assert found in (value, ()) if fits else found == getattr(issue(), name)


@pytest.mark.parametrize("projects", [[{"id": "1", "slug": "a"}, {"id": "2"}], [None], "ab", {"a": 1}])
def test_whole_lists(projects: object) -> None:
    """A list with one wrong item is wrong as a whole, and a text is no list."""
    assert issue(projects=projects).projects == ()
    assert issue(labels=projects).labels == ("none",)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, "Issue.id: missing; Issue.project: missing"),
        ({**LEAST, "id": None}, "Issue.id: missing"),
        ({**LEAST, "id": ""}, "Issue.id: text where an id belongs"),
        ({**LEAST, "id": True}, "Issue.id: a boolean where an id belongs"),
        ({**LEAST, "id": 1.0}, "Issue.id: a number where an id belongs"),
        (
            {**LEAST, "project": {"id": 1, "slug": 5}},
            "Issue.project: Project.slug: a number where text belongs",
        ),
        ({**LEAST, "project": ["web"]}, "Issue.project: a list where an object belongs"),
        (None, "null where an object belongs"),
        ([LEAST], "a list where an object belongs"),
        ("secret", "text where an object belongs"),
        (object(), "something else where an object belongs"),
    ],
)
def test_required(payload: object, message: str) -> None:
    """What has no default is required: all that is missing or wrong is named, and no value is shown."""
    assert refused(payload) == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from([field.name for field in attrs.fields(Issue)] + ["lastSeen", "shortId", "eventID"])


@given(st.dictionaries(FIELDS, JSON) | JSON)
def test_any_json(payload: object) -> None:
    """Any JSON value makes a model or a PayloadError."""
    try:
        found = structure(payload, Issue)
    except PayloadError:
        return
    assert isinstance(found.id, str)
    assert found.raw is payload


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T09:00:00Z", "2026-11-20T09:00:00+00:00"),
        ("2026-11-20T10:00:00.5+01:00", "2026-11-20T09:00:00.500000+00:00"),
        ("2026-11-20T09:00:00", "2026-11-20T09:00:00+00:00"),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("", None),
        ("now", None),
    ],
)
def test_parse_utc(text: str, moment: str | None) -> None:
    """ISO 8601 is read into UTC; what no calendar knows is none."""
    found = parse_utc(text)

    assert (found.isoformat() if found else None) == moment


def test_lazy() -> None:
    """Importing the converter does not import cattrs."""
    code = "import sys, sentry_governed._convert; sys.exit('cattrs' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
