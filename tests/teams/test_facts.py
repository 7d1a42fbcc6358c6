"""What rules see of an event's tags."""

import datetime as dt
import decimal
import enum
from collections.abc import Mapping

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.errors import ConfigError
from sentry_governed.teams import Teams
from sentry_governed.typing import TagValue


class Level(enum.StrEnum):
    """A text that is an enumeration's member."""

    HIGH = "high"


class Named(str):
    """A text that shows itself differently."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other"


def holds(term: str, value: object) -> bool:
    """Whether a rule of one term on `k` matches an event with this tag."""
    text = f"default: A\nteams: [{{Name: A, Entities: [Matchers: ['{term}']]}}]"
    tags: dict[str, object] = {"k": value}
    return Teams.parse(text).match(tags) is not None  # type: ignore[arg-type]  # odd types on purpose


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (True, "true"),
        (False, "false"),
        (500, "500"),
        (-1, "-1"),
        (0.5, "0.5"),
        (500.0, "500.0"),
        (float("nan"), "nan"),
        (1e300, "1e+300"),
        (Level.HIGH, "high"),
        (Named("x"), "x"),
    ],
)
def test_texts(value: TagValue, text: str) -> None:
    """Booleans and numbers read as their texts, alone and in a sequence."""
    assert holds(f"k:{text}", value)
    assert holds(f"k:{text}", [None, value])
    assert holds(f"k:{text}", ("other", value))
    assert holds("k:/^...?/", [value, "abc"])


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        (),
        [None],
        b"x",
        bytearray(b"x"),
        memoryview(b"x"),
        {"a": "b"},
        {"x"},
        object(),
        decimal.Decimal(1),
        dt.date(2024, 1, 1),
        [["x"]],
        [b"x", {}],
    ],
)
def test_absent(value: object) -> None:
    """None, odd types and sequences of nothing else count as absent."""
    assert not holds("k", value)
    assert holds("!k", value)
    assert not holds("k:/x/", value)


def test_huge_number() -> None:
    """A number that Python refuses to write counts as absent."""
    assert not holds("k", 10**5000)
    assert holds("k:x", [10**5000, "x"])


def test_empty_text() -> None:
    """An empty text is present."""
    assert holds("k", "")
    assert holds('k:""', "")
    assert not holds("!k", "")


def test_mixed() -> None:
    """In a sequence the usable values count."""
    assert holds("k:x", [object(), None, "x"])


def test_odd_names() -> None:
    """A name that is not text is no tag."""
    tags: dict[object, str] = {1: "x", None: "y", b"k": "z", "k": "x"}

    match = Teams.parse("- Name: A\n  Entities: [Matchers: [k:x]]").match(tags)  # type: ignore[arg-type]  # on purpose
    assert match is not None


@attrs.frozen
class Event:
    """An event with facts."""

    facts: Mapping[str, TagValue]


def test_facts() -> None:
    """An object with facts is as good as a mapping, for each question."""
    teams = Teams.parse("default: B\nteams: [{Name: A, Entities: [Matchers: [k:x]]}, {Name: B}]")
    event = Event({"k": "x"})

    assert teams.route(event).team.name == "A"
    assert teams.match(event) == teams.match(event.facts)
    assert teams.matches(event) == teams.matches(event.facts)
    assert teams.route(Event({})).is_default


@pytest.mark.parametrize("wrong", [None, "text", 5, [("k", "x")], Event(facts=None)])  # type: ignore[arg-type]  # on purpose
def test_neither(wrong: object) -> None:
    """What is neither a mapping nor has facts is a mistake of the program."""
    with pytest.raises(ConfigError, match=r"is neither a mapping of tags nor has \.facts$"):
        Teams.parse("- Name: A", default="A").route(wrong)  # type: ignore[arg-type]  # on purpose


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner) | st.sets(st.integers())
    ),
    max_leaves=10,
)
TEAMS = Teams.parse(
    "default: A\naliases: {prefixes: [zap_]}\n"
    "teams: [{Name: A, Entities: [Matchers: [a:/x/], Matchers: ['!b:y'], Matchers: [c]]}]"
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "zap_a"]), anything))
def test_never_crashes(tags: dict[str, object]) -> None:
    """Whatever a tag's value is, routing answers."""
    assert TEAMS.route(tags).reason  # type: ignore[arg-type]  # odd types on purpose
