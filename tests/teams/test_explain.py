"""Why an event has its owner, why not another team, and what would change that."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed.errors import ConfigError
from sentry_governed.teams import Edit, Rule, Teams, Term
from sentry_governed.teams._facts import facts_of

from . import naive
from .oracle import owner, term_holds
from .strategies import Declaration, TagLists, declarations, tags

FILE = """
version: 1
default: Platform
aliases: {prefixes: ["zap_"]}
ignore:
  - {Matchers: [environment:local], Reason: "laptops"}
teams:
  - Name: Platform
    Entities: [Matchers: [service:gateway]]
  - Name: Checkout
    Entities: [
      Matchers: [service:payments, "!environment:dev"],
      Matchers: [level:error],
      {Matchers: [level:fatal], Priority: 9},
    ]
  - Name: Search
    Entities: [Matchers: [service:/^search-/, region:eu], Matchers: [team:search]]
  - Name: Idle
"""
TEAMS = Teams.parse(FILE, source="teams.yaml")


@given(declarations, tags)
def test_winner(declared: Declaration, event: TagLists) -> None:
    """Winner, runners-up, owner and ignore rule are those of trying every rule."""
    teams = Teams.parse(declared.text())
    rules = naive.ranked(teams._declared.matches)
    facts = facts_of(event, declared.prefixes)
    expected = [match.location for match in naive.matching(rules, facts)]
    team, is_default, ignored = owner(declared, event)

    found = teams.explain(event)

    shown = [*([found.winner] if found.winner else []), *(each.judged for each in found.runners_up)]
    assert [judged.location for judged in shown] == expected[:11]
    assert found.more == max(0, len(expected) - 11)
    assert str(found.team) == f"Team {team}"
    assert (found.is_default, found.ignored is not None) == (is_default, ignored)


@given(declarations, tags)
def test_verdicts(declared: Declaration, event: TagLists) -> None:
    """Each verdict says whether its term holds, and shows values that the event has under that key."""
    teams = Teams.parse(declared.text())
    for index in range(declared.teams):
        why = teams.explain(event, team=f"Team {index}").why_not
        nearest = why.nearest if why else None
        for verdict in nearest.verdicts if nearest else ():
            assert verdict.holds is term_holds(str(verdict.term), event, declared.prefixes)
            assert all(value in event[name] for name, value in verdict.seen)


@given(declarations, tags)
def test_nearest(declared: Declaration, event: TagLists) -> None:
    """No rule of the team has fewer terms that fail than its nearest."""
    teams = Teams.parse(declared.text())
    for index in range(declared.teams):
        why = teams.explain(event, team=f"Team {index}").why_not
        rules = [{str(term) for term in rule.terms} for team, rule in declared.rules if team == index]
        if why is None or not rules:
            continue
        failing = [sum(not term_holds(text, event, declared.prefixes) for text in rule) for rule in rules]
        assert why.nearest is not None
        assert len(why.nearest.failed) == min(failing)
        assert (why.behind is not None) is (min(failing) == 0)


@settings(max_examples=300)
@given(declarations, tags)
def test_changes(declared: Declaration, event: TagLists) -> None:
    """A change makes the team the owner, ignores nothing anew, and differs from the event as it says."""
    teams = Teams.parse(declared.text())
    for index in range(declared.teams):
        why = teams.explain(event, team=f"Team {index}").why_not
        if why is None:
            continue
        if why.change is None:
            assert why.note
            continue
        after = why.change.tags
        team, is_default, ignored = owner(declared, after)
        assert team == index
        assert is_default is (why.change.location is None)
        assert not ignored or owner(declared, event)[2]
        given_tags = {name: values for name, values in event.items() if values}
        edited = {edit.name: edit.after for edit in why.change.edits}
        assert {name: values for name, values in {**given_tags, **edited}.items() if values} == after
        assert all(edit.before == given_tags.get(edit.name, ()) != edit.after for edit in why.change.edits)


KEYS = ("service", "zap_service", "team", "region")


def simple_rules() -> st.SearchStrategy[Rule]:
    """Rules of exact terms, some negated, on few keys and values."""
    term = st.builds(
        Term, st.sampled_from(KEYS), st.just("equal"), st.sampled_from(("a", "b")), st.booleans()
    )
    return st.lists(term, min_size=1, max_size=3).map(tuple).map(Rule)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 2), simple_rules()), max_size=6).map(tuple),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(("a", "b")), max_size=4),
    st.sampled_from(((), ("zap_",))),
)
def test_smallest(
    rules: tuple[tuple[int, Rule], ...], event: Mapping[str, str], prefixes: tuple[str, ...]
) -> None:
    """Where one edit is enough for a team to own an event, no more are suggested."""
    declared = Declaration(3, rules, prefixes, (), 0)
    teams = Teams.parse(declared.text())
    lists = {name: (value,) for name, value in event.items()}
    nearby = [
        {name: texts for name, texts in {**lists, key: value}.items() if texts}
        for key in KEYS
        for value in ((), ("a",), ("b",), ("c",))
    ]
    for index in range(3):
        why = teams.explain(event, team=f"Team {index}").why_not
        if why and any(owner(declared, each)[0] == index for each in nearby):
            assert why.change is not None
            assert len(why.change.edits) == 1


def test_change_of_an_alias() -> None:
    """One changed tag that does for two keys, being the alias of the one, is fewer than two."""
    teams = Teams.parse(
        """
default: A
aliases: {prefixes: [zap_]}
teams:
- Name: A
- Name: B
  Entities: [Matchers: ["!service:a", "!service:b"], Matchers: ["!service:b", "!zap_service:b"]]
"""
    )
    why = teams.explain({"service": "a", "zap_service": "b"}, team="B").why_not

    assert why is not None
    assert why.change is not None
    assert why.change.edits == (Edit("zap_service", ("b",), ()),)


@pytest.mark.parametrize(
    ("rule", "event", "team", "edited"),
    [
        ("[k:1]", {"k": "2", "x_k": "1", "y_k": "1"}, "A", ["x_k", "y_k"]),
        ("['!k:1', k]", {"x_k": "1", "y_k": "1"}, "B", ["x_k", "y_k"]),
        ("['!k:1', 'k:2']", {"k": "1", "x_k": "1", "y_k": "2"}, "B", ["k", "x_k"]),
    ],
)
def test_change_of_some_aliases(rule: str, event: dict[str, str], team: str, edited: list[str]) -> None:
    """Of the names that a key is looked up under only those change whose values are in the way."""
    teams = f"[{{Name: A}}, {{Name: B, Entities: [Matchers: {rule}]}}]"
    file = f"{{aliases: {{prefixes: [x_, y_]}}, default: A, teams: {teams}}}"
    why = Teams.parse(file).explain(event, team=team).why_not

    assert why is not None
    assert why.change is not None
    assert [edit.name for edit in why.change.edits] == edited


def test_runners_up() -> None:
    """What puts a rule behind the winner is the first of priority, precedence, terms and order."""
    found = Teams.parse(
        """
- Name: A
  Entities: [
    {Matchers: [a, b, c], Priority: 1}, Matchers: [team:t], Matchers: [service:s],
    Matchers: [a, b], Matchers: [c, b], Matchers: [a], {Matchers: [team], Priority: -1},
  ]
"""
    ).explain({"a": "1", "b": "1", "c": "1", "team": "t", "service": "s"})

    behind = [(str(each.judged.rule), each.behind) for each in found.runners_up]
    assert behind == [
        ('["team:t"]', "priority"),
        ('["service:s"]', "priority"),
        ('["a", "b"]', "priority"),
        ('["c", "b"]', "priority"),
        ('["a"]', "priority"),
        ('["team"]', "priority"),
    ]
    same = Teams.parse("- Name: A\n  Entities: [Matchers: [a, b], Matchers: [c, b], Matchers: [a]]")
    assert [each.behind for each in same.explain({"a": "", "b": "", "c": ""}).runners_up] == [
        "order",
        "terms",
    ]
    ranks = Teams.parse("- Name: A\n  Entities: [Matchers: [team], Matchers: [a, service]]")
    assert [each.behind for each in ranks.explain({"a": "", "team": "", "service": ""}).runners_up] == [
        "precedence"
    ]


def test_aliases() -> None:
    """The facts say which keys look at a name, and what counts as absent."""
    facts = {
        fact.name: (fact.values, fact.keys)
        for fact in TEAMS.explain({"zap_service": "x", "level": None, "n": 5, "region": [True, "eu"]}).facts
    }

    assert facts == {
        "zap_service": (("x",), ("service",)),
        "level": ((), ("level",)),
        "n": (("5",), ()),
        "region": (("true", "eu"), ("region",)),
    }


def test_ignored() -> None:
    """An ignored event shows the ignore rule, its Reason and the owner that it would have."""
    found = TEAMS.explain({"environment": "local", "level": "error"})

    assert str(found.team) == "Checkout"
    assert found.ignored is not None
    assert found.reason == "laptops"
    assert found.ignored.location == "teams.yaml:6:6"
    assert "Ignored    by teams.yaml:6:6: laptops" in str(found)


def test_default() -> None:
    """An event that no rule matches is reported as the default team's, or as nobody's."""
    found = TEAMS.explain({"service": "other"})
    nobody = Teams.parse("- Name: A").explain({})

    assert (str(found.team), found.is_default, found.winner) == ("Platform", True, None)
    assert "Platform, the default team: no rule matches" in str(found)
    assert (nobody.team, nobody.is_default) == (None, True)
    assert "nobody: no rule matches, and there is no default team" in str(nobody)


def change(event: Mapping[str, str], team: str) -> tuple[tuple[Edit, ...], str | None]:
    """The suggested edits, and where the rule stands that wins then."""
    why = TEAMS.explain(event, team=team).why_not
    assert why is not None
    assert why.change is not None
    return why.change.edits, why.change.location


def test_change() -> None:
    """The change is the fewest tags: set, taken away, or changed so that a better rule loses."""
    assert change({"service": "payments", "environment": "dev"}, "Checkout") == (
        (Edit("environment", ("dev",), ()),),
        "teams.yaml:12:7",
    )
    assert change({"level": "fatal"}, "Platform") == ((Edit("level", ("fatal",), ()),), None)
    assert change({"level": "fatal", "team": "search"}, "Search") == (
        (Edit("level", ("fatal",), ()),),
        "teams.yaml:17:59",
    )
    assert change({"zap_service": "gateway", "region": "eu"}, "Search")[0] == (
        Edit("zap_service", ("gateway",), ("search-",)),
    )


def test_change_beside_an_exact_term() -> None:
    """Where a better rule takes the plainest text of a regex, a longer one is found."""
    rules = ("[{Matchers: ['service:web'], Priority: 5}]", "[Matchers: ['service:/web/']]")
    teams = Teams.parse(f"[{{Name: Web, Entities: {rules[0]}}}, {{Name: Rest, Entities: {rules[1]}}}]")
    why = teams.explain({"service": "shop"}, team="Rest").why_not

    assert why is not None
    assert why.change is not None
    assert why.change.edits == (Edit("service", ("shop",), ("aweba",)),)


def test_behind() -> None:
    """A rule that matches and loses is the nearest, and what puts it behind is said."""
    why = TEAMS.explain({"level": "fatal", "team": "search"}, team="Search").why_not

    assert why is not None
    assert why.nearest is not None
    assert (why.nearest.failed, why.behind) == ((), "priority")


def test_impossible() -> None:
    """A team that nothing can make the owner is told so, with no more said than is known."""
    idle = TEAMS.explain({}, team="Idle").why_not
    never = Teams.parse("default: A\nteams: [Name: A, {Name: B, Entities: [Matchers: [a:1, '!a']]}]")
    contradiction = never.explain({}, team="B").why_not

    assert idle is not None
    assert (idle.nearest, idle.change) == (None, None)
    assert idle.note == "no tags can make it the owner: it has no rules and is not the default team"
    assert contradiction is not None
    assert contradiction.change is None
    assert contradiction.note == "no change of tags was found that makes it the owner"


def test_owner_asked() -> None:
    """To ask about the owner is fine."""
    found = TEAMS.explain({"level": "error"}, team="Checkout")

    assert found.why_not is None
    assert str(found).endswith("Why not    Checkout is the owner")


def test_unknown_team() -> None:
    """A team that is not in the file is refused with the nearest name."""
    with pytest.raises(ConfigError, match=r"'teams.yaml' has no team 'serach' \(did you mean 'Search'\?\)"):
        TEAMS.explain({}, team="serach")


def test_many_rules() -> None:
    """Of thousands of rules that match ten are shown and the rest is counted."""
    listed = "\n".join(f"    Matchers: [a, '!b:{number}']," for number in range(3_000))
    teams = Teams.parse(f"default: A\nteams:\n- Name: A\n- Name: B\n  Entities: [\n{listed}\n  ]\n")

    found = teams.explain({"a": "x" * 10_000}, team="A")

    assert (len(found.runners_up), found.more) == (10, 2_989)
    assert found.why_not is not None
    assert found.why_not.change is not None
    assert found.why_not.change.edits[0].after == ()
    assert "and 2989 more" in str(found)
    assert len(str(found)) < 6_000
    assert len(json.dumps(found.to_json())) < 40_000


@given(declarations, tags, st.integers(0, 3))
def test_forms(declared: Declaration, event: TagLists, index: int) -> None:
    """The JSON form is JSON and agrees with the values; the text has one label at most a line."""
    found = Teams.parse(declared.text()).explain(event, team=f"Team {index % declared.teams}")

    form = json.loads(json.dumps(found.to_json()))
    assert form["team"] == str(found.team)
    assert (form["why_not"] is None) is (found.why_not is None)
    assert len(form["runners_up"]) == len(found.runners_up)
    assert all(line.isprintable() for line in str(found).splitlines())
    assert all(line[10] == " " for line in str(found).splitlines())


def test_names_on_one_line() -> None:
    """A name or a Reason with a line break stays on its line."""
    teams = Teams.parse(
        'default: "A\\nB"\nignore: [{Matchers: [x], Reason: "a\\nb"}]\nteams: [{Name: "A\\nB"}]', source="s"
    )

    assert str(teams.explain({"x": "1\n2", "a\nb": ""})).splitlines() == [
        "Owner      'A\\nB', the default team: no rule matches",
        "Ignored    by s:2:11: 'a\\nb'",
        "             holds  x (x='1\\n2')",
        "Facts      x='1\\n2'",
        "           no rule looks at 'a\\nb'",
    ]


def test_has_facts() -> None:
    """An object with facts is explained as its facts are."""

    class Event:
        @property
        def facts(self) -> Mapping[str, tuple[str, ...]]:
            return {"service": ("gateway",)}

    assert TEAMS.explain(Event()) == TEAMS.explain({"service": "gateway"})


def test_dead_end() -> None:
    """A rule that no event suits is given up soon, however many ways there are to suit the rest of it."""
    wide = ", ".join(f"zap_k{number}, '!k{number}:any', k{number}" for number in range(12))
    teams = Teams.parse(
        "default: A\naliases: {prefixes: [zap_]}\nteams:\n- Name: A\n- Name: B\n"
        f"  Entities: [{{Matchers: [{wide}, 'x:/^a$/', '!x:/a/']}}]\n"
    )

    found = teams.explain({}, team="B")

    assert found.why_not is not None
    assert found.why_not.change is None
