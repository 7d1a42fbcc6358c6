"""An alert made by hand, and the facts that rules see."""

import copy
import pickle

import attrs
import pytest

from sentry_governed.alerts import Alert
from sentry_governed.errors import ConfigError
from sentry_governed.typing import HasFacts

OWN = {
    "message": "m",
    "culprit": "c",
    "release": "r",
    "transaction": "t",
    "url": "u",
    "platform": "p",
    "logger": "l",
    "rule": "ru",
    "priority": "pr",
}
FULL = Alert(
    "sentry",
    "event_alert.triggered",
    "sentry.1.abc",
    "Boom",
    level="error",
    environment="prod",
    org="acme",
    project="web",
    own_facts=OWN,
    raw={"installation": {"uuid": "7a48"}, "secret": "personal"},
)
BEHIND = ("title", "environment", "message", "culprit", "release", "transaction", "url")
BEFORE = ("org", "project", "level", "platform", "logger", "source", "kind", "rule", "priority")


@pytest.mark.parametrize("name", BEHIND)
def test_tag_wins(name: str) -> None:
    """What an event says about itself gives way to a tag of the name."""
    tagged = attrs.evolve(FULL, tags={name: "from the tag"})

    assert tagged.facts[name] == ("from the tag",)
    assert FULL.facts[name] != ("from the tag",)


@pytest.mark.parametrize("name", BEFORE)
def test_payload_wins(name: str) -> None:
    """What decides ownership is taken from the payload, whatever a tag claims."""
    assert attrs.evolve(FULL, tags={name: "from the tag"}).facts[name] == FULL.facts[name]


@pytest.mark.parametrize("name", sorted({*BEHIND, *BEFORE} - {"title", "source", "kind"}))
def test_absent(name: str) -> None:
    """What the payload does not say is no fact, and a tag of the name is seen."""
    bare = Alert("sentry", "k", "a", "t")

    assert name not in bare.facts
    assert attrs.evolve(bare, tags={name: ""}).facts[name] == ("",)


def test_facts_are_few() -> None:
    """An alert's facts are its tags and the documented names, and nothing from the raw body."""
    assert set(attrs.evolve(FULL, tags={"team": "x"}).facts) == {"team", *BEHIND, *BEFORE}
    assert isinstance(FULL, HasFacts)


def test_values() -> None:
    """A tag may be given as one text or as several, and is kept as several in their order."""
    alert = Alert("sentry", "k", "a", "t", tags={"one": "x", "two": ["b", "a"], "none": ()})

    assert alert.tags == {"one": ("x",), "two": ("b", "a"), "none": ()}


def test_frozen() -> None:
    """Neither an alert nor its mappings can be changed, not even through the mapping it was made of."""
    tags = {"team": "x"}
    alert = Alert("sentry", "k", "a", "t", tags=tags)
    tags["team"] = "y"

    assert alert.tags["team"] == ("x",)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        alert.title = "other"  # type: ignore[misc]  # what the test is about
    for view in (alert.tags, alert.facts, alert.own_facts):
        with pytest.raises(TypeError):
            view["team"] = "z"  # type: ignore[index]  # what the test is about


def test_repr() -> None:
    """A repr leaves the body out."""
    assert "personal" not in repr(FULL)
    assert "Boom" in repr(FULL)


def test_copies() -> None:
    """An alert can be pickled, copied, compared and put in a set."""
    restored = pickle.loads(pickle.dumps(FULL))

    assert restored == FULL == copy.deepcopy(FULL)
    assert restored.facts == FULL.facts
    assert restored.raw == FULL.raw
    assert {FULL, restored} == {FULL}


@pytest.mark.parametrize("key", ["", "a b", "a/b", "a\n", "é", "x" * 201])
def test_bad_key(key: str) -> None:
    """A key that no ledger could hold is refused at once."""
    with pytest.raises(ConfigError, match="alert key"):
        Alert("sentry", "k", key, "t")


def test_longest_key() -> None:
    """A key may have 200 characters."""
    assert Alert("sentry", "k", "x" * 200, "t").key == "x" * 200


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("plain", "plain"),
        ("two\nlines", "two lines"),
        (" \r\n a\t\x0b\x85\u2028b ", "a b"),
        ("\x1b[31mred\x1b[0m\x00\x9b", "[31mred [0m"),
        ("\x07", ""),
        ("Überzahlung \U0001f4b8", "Überzahlung \U0001f4b8"),
    ],
)
def test_title(title: str, line: str) -> None:
    """A title is one line without control characters, and so is the fact."""
    alert = Alert("sentry", "k", "a", title)

    assert alert.title == line
    assert alert.facts.get("title", ("",)) == (line,)


def test_unknown_own_fact() -> None:
    """A misspelt own fact would silently match nothing, so it is refused with the known names."""
    with pytest.raises(ConfigError, match=r"mesage; known are culprit, environment"):
        Alert("sentry", "k", "a", "t", own_facts={"mesage": "m"})


@pytest.mark.parametrize(
    "raw", [{}, {"installation": None}, {"installation": {}}, {"installation": {"uuid": 5}}]
)
def test_no_installation(raw: dict[str, None]) -> None:
    """An alert whose body names no installation has none."""
    assert Alert("sentry", "k", "a", "t", raw=raw).installation is None


def test_installation() -> None:
    """The installation that sent an alert is read from its body."""
    assert FULL.installation == "7a48"
