"""What a file would have made of recorded alerts."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sentry_governed as sg
from sentry_governed.errors import ConfigError
from sentry_governed.teams import Teams, Unrouted
from sentry_governed.teams._facts import facts_of
from sentry_governed.teams._frequent import Frequent

from . import naive
from .strategies import Declaration, TagLists, declarations, tags

TEAMS = Teams.parse(
    """
default: A
ignore: [{Matchers: [env:dev], Reason: laptops}, {Matchers: [env], Reason: never}]
teams:
- Name: A
- Name: B
  Entities: [Matchers: [k:b], Matchers: [k]]
""",
    source="t.yaml",
)


@settings(max_examples=200)
@given(declarations, st.lists(tags, max_size=8))
def test_counts(declared: Declaration, events: list[TagLists]) -> None:
    """The counts are those of trying every rule on every alert."""
    teams = Teams.parse(declared.text())
    rules = naive.ranked(teams.rules)
    won: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    unrouted: Counter[tuple[str, str]] = Counter()
    for event in events:
        facts = facts_of(event, declared.prefixes)
        ignore = next(naive.matching(teams.ignores, facts), None)
        match = next(naive.matching(rules, facts), None)
        if ignore:
            taken[ignore.location] += 1
        elif match:
            won[match.location] += 1
        else:
            unrouted.update((name, value) for name, values in event.items() for value in set(values))

    found = sg.backtest(teams, iter(events))

    assert {each.match.location: each.alerts for each in found.rules if each.alerts} == won
    assert {each.ignore.location: each.alerts for each in found.ignores if each.alerts} == taken
    assert {(each.name, each.value): each.alerts for each in found.unrouted} == unrouted
    assert [each.match for each in found.rules] == list(teams.rules)
    assert found.alerts == len(events) == found.ignored + found.routed + found.default
    assert found.never_hit == tuple(match for match in teams.rules if not won[match.location])
    assert sum(each.alerts for each in found.teams) == found.routed + found.default


def test_teams() -> None:
    """A team's alerts are those that its rules won, and for the default team what no rule matched."""
    found = TEAMS.backtest([{"k": "b"}, {"k": "c"}, {"x": 1}, {"env": "dev", "k": "b"}])

    assert [(str(each.team), each.by_rules, each.by_default, each.alerts) for each in found.teams] == [
        ("A", 0, 1, 1),
        ("B", 2, 0, 2),
    ]
    assert found.default_share == 1 / 3
    assert found.unrouted == (Unrouted("x", "1", 1),)


def test_nobody() -> None:
    """Without a default team what no rule matches is counted as nobody's."""
    found = sg.backtest(Teams.parse("- Name: A"), [{"a": "b"}])

    assert (found.default, found.default_team, found.teams[0].alerts) == (1, None, 0)
    assert "100.0% of those not ignored go to nobody" in str(found)


def test_nothing() -> None:
    """Of no alerts the share is none, and every rule is never hit."""
    found = TEAMS.backtest([])

    assert (found.alerts, found.default_share, len(found.never_hit)) == (0, 0.0, 2)


def test_streams() -> None:
    """Alerts are taken one after the other, and none is kept."""
    import gc
    import weakref

    class Event:
        facts: Mapping[str, tuple[str, ...]] = {"k": ("x",)}

    alive: list[weakref.ref[Event]] = []

    def events() -> Iterator[Event]:
        for _ in range(50):
            event = Event()
            alive.append(weakref.ref(event))
            yield event
            del event
            assert sum(each() is not None for each in alive) <= 1
        gc.collect()

    assert TEAMS.backtest(events()).routed == 50


def test_bounded_values() -> None:
    """Long values are cut, and only the most frequent are listed."""
    found = TEAMS.backtest([{"x": "v" * 5_000, f"n{number % 150}": "y"} for number in range(300)])

    assert found.unrouted[0] == Unrouted("x", "v" * 200, 300)
    assert len(found.unrouted) == 100
    assert len(str(found).splitlines()) < 50


@given(st.lists(st.integers(0, 12).map(lambda number: int(number**0.5)), max_size=200), st.integers(1, 4))
def test_frequent(numbers: list[int], kept: int) -> None:
    """What is frequent is always there; a count is too low by what is said at most; memory is bounded."""
    frequent = Frequent(kept=kept)
    for number in numbers:
        frequent.add([("n", str(number))])
        assert len(frequent.counts) <= 2 * kept

    exact = Counter(("n", str(number)) for number in numbers)
    assert frequent.missed * (kept + 1) <= len(numbers)
    for pair, count in exact.items():
        assert count - frequent.missed <= frequent.counts.get(pair, 0) <= count
    top = frequent.top(3)
    assert top == sorted(frequent.counts.items(), key=lambda item: (-item[1], item[0]))[:3]


def test_missed_shown() -> None:
    """Where counts may be too low, the text says by how much."""
    found = TEAMS.backtest({"id": str(number), "same": "s"} for number in range(40_000))

    assert found.missed > 0
    assert found.unrouted[0].name == "same"
    assert found.unrouted[0].alerts + found.missed >= 40_000
    assert f"up to {found.missed:,} too low" in str(found)


@given(declarations, st.lists(tags, max_size=5))
def test_forms(declared: Declaration, events: list[TagLists]) -> None:
    """The JSON form is JSON and agrees with the counts; no line of the text speaks to a terminal."""
    found = Teams.parse(declared.text()).backtest(events)

    form = json.loads(json.dumps(found.to_json()))
    assert form["alerts"] == len(events)
    assert sum(each["alerts"] for each in form["rules"]) == found.routed
    assert all(line.isprintable() for line in str(found).splitlines())


def test_refused() -> None:
    """What is no alert is refused."""
    with pytest.raises(ConfigError, match="int is neither a mapping of tags"):
        TEAMS.backtest([5])  # type: ignore[list-item]
