"""Who owns an event, and why."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed.errors import NoDefaultTeam
from sentry_governed.teams import Route, Rule, Team, Teams, Term

from . import oracle
from .strategies import Declaration, TagLists, declarations, rules, tags, terms


def teams(*lines: str, head: str = "default: None of these", tail: str = "") -> Teams:
    """Teams A, B, ... of one rule each, given as the inside of its mapping."""
    names = "ABCDEFGH"[: len(lines)]
    listed = [f"- {{Name: {name}, Entities: [{{{line}}}]}}" for name, line in zip(names, lines, strict=True)]
    return Teams.parse("\n".join([head, "teams:", *listed, "- Name: None of these", tail]), source="t")


def winner(found: Teams, event: TagLists | dict[str, str]) -> str:
    """The name of the owner."""
    return found.route(event).team.name


def test_all_terms() -> None:
    """A rule matches when all its terms hold."""
    both = teams("Matchers: [a:1, b:2]")

    assert winner(both, {"a": "1", "b": "2"}) == "A"
    assert winner(both, {"a": "1"}) == "None of these"
    assert winner(both, {"a": "1", "b": "3"}) == "None of these"


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("Matchers: [team:a, b, c]", "Matchers: [b], Priority: 1"),
        ("Matchers: [b], Priority: -1", "Matchers: [c]"),
        ("Matchers: [b], Priority: 9", "Matchers: [b], Priority: 10"),
        ("Matchers: [service:a, b, c]", "Matchers: [team:a]"),
        ("Matchers: [b, c, d]", "Matchers: [service:a]"),
        ("Matchers: [zap_team:a]", "Matchers: [service:a]"),
        ("Matchers: ['!team:x']", "Matchers: [service:a]"),
        ("Matchers: [b]", "Matchers: [b, c]"),
        ("Matchers: [b, b, b]", "Matchers: [b, c]"),
        ("Matchers: [team:a]", "Matchers: [team:a, '!x']"),
    ],
)
def test_order(lower: str, higher: str) -> None:
    """Priority, then precedence, then the number of distinct terms decide, wherever the rules stand."""
    event = {"team": "a", "service": "a", "zap_team": "a", "b": "", "c": "", "d": ""}

    assert winner(teams(lower, higher), event) == "B"
    assert winner(teams(higher, lower), event) == "A"


def test_file_order() -> None:
    """Of equal rules the first in the file wins."""
    assert winner(teams("Matchers: [b:x]", "Matchers: [c:/x/]", "Matchers: [d]"), {"c": "x", "d": ""}) == "B"


def test_several_values() -> None:
    """A tag with several values matches if any does, and its negation if none does."""
    found = teams("Matchers: [a:x]", "Matchers: ['!a:/y/']")

    assert winner(found, {"a": ("y", "x")}) == "A"
    assert winner(found, {"a": ("z",)}) == "B"
    assert winner(found, {"a": ("y", "z")}) == "None of these"


def test_aliases() -> None:
    """A prefix also looks at the prefixed name, at both when both are there."""
    found = teams(
        "Matchers: [service:x]",
        "Matchers: ['!team']",
        head="default: None of these\naliases: {prefixes: [zap_, app_]}",
    )

    for event in ({"zap_service": "x", "team": ""}, {"app_service": "x", "team": ""}):
        assert winner(found, event) == "A"
    assert winner(found, {"service": "y", "zap_service": "x"}) == "A"
    assert winner(found, {"service": "x", "zap_service": "y"}) == "A"
    assert winner(found, {"zap_zap_service": "x"}) == "B"
    assert winner(found, {"app_team": ""}) == "None of these"


def test_alias_precedence() -> None:
    """A rule on an alias itself has no higher precedence, one on the plain key has it also by an alias."""
    found = teams(
        "Matchers: [zap_service:x]",
        "Matchers: [service:x]",
        head="default: None of these\naliases: {prefixes: [zap_]}",
    )

    assert winner(found, {"zap_service": "x"}) == "B"


def test_default() -> None:
    """What no rule matches goes to the default team, reported as such."""
    route = teams("Matchers: [a]").route({"b": "x"})

    assert (route.team, route.match, route.is_default) == (Team("None of these"), None, True)
    assert not route.ignored
    assert route.reason == "no rule matched, so the default team 'None of these' owns it"


def test_default_route() -> None:
    """What cannot be matched at all goes to the default team, with the reason that is given."""
    route = teams("Matchers: ['!a']").default_route("no tags")

    assert (route.team, route.is_default, route.ignored) == (Team("None of these"), True, False)
    assert route.reason.startswith("no tags")
    with pytest.raises(NoDefaultTeam, match="no tags and"):
        Teams.parse("- Name: A").default_route("no tags")


def test_default_that_matches() -> None:
    """A rule of the default team is a match like any other."""
    route = Teams.parse("default: A\nteams: [{Name: A, Entities: [Matchers: [a]]}]").route({"a": ""})

    assert not route.is_default


def test_no_default() -> None:
    """Without a default team only what no rule matches is an error, ignored or not."""
    found = Teams.parse(
        "ignore: [{Matchers: [b], Reason: why}]\nteams: [{Name: A, Entities: [Matchers: [a]]}]", source="t"
    )

    assert winner(found, {"a": "x"}) == "A"
    assert found.match({}) is None
    for event in ({}, {"b": ""}):
        with pytest.raises(
            NoDefaultTeam,
            match=r"^no rule matches and 't' has no default team; declare a default in the file, or name",
        ):
            found.route(event)


def test_ignored() -> None:
    """An ignored event keeps its would-be owner and has the Reason of the first such rule."""
    found = teams(
        "Matchers: [a]", tail="ignore: [{Matchers: [b, c], Reason: first}, {Matchers: [b], Reason: second}]"
    )

    both, one, none = (found.route({"a": "", **rest}) for rest in ({"b": "", "c": ""}, {"b": ""}, {}))
    assert (both.ignored, both.reason, both.team.name) == (True, "first", "A")
    assert (one.ignored, one.reason, one.is_default) == (True, "second", False)
    assert not none.ignored
    assert found.route({"b": ""}).team.name == "None of these"


def test_listed() -> None:
    """A file lists its rules and its ignore rules as it has them, and a route names the one that applied."""
    found = teams(
        "Matchers: [a:1]",
        "Matchers: [b], Priority: 7",
        tail="ignore: [{Matchers: [c], Reason: no c}, {Matchers: [d], Reason: no d}]",
    )

    assert [(match.team.name, str(match.rule)) for match in found.rules] == [("A", '["a:1"]'), ("B", '["b"]')]
    assert [ignore.reason for ignore in found.ignores] == ["no c", "no d"]
    assert found.route({"a": "1", "d": ""}).ignore is found.ignores[1]
    assert found.route({"a": "1"}).ignore is None


def test_ignored_still_matches() -> None:
    """The rules to ignore change nothing about what matches."""
    found = teams("Matchers: [a]", tail="ignore: [{Matchers: [a], Reason: why}]")

    match = found.match({"a": ""})
    assert match is not None
    assert found.matches({"a": ""}) == (match,)


def test_ignored_by_alias() -> None:
    """The rules to ignore look at aliases too."""
    found = teams(head="default: None of these\naliases: {prefixes: [zap_]}\n"
                       "ignore: [{Matchers: [service:x], Reason: why}]")  # fmt: skip

    assert found.route({"zap_service": "x"}).ignored


def test_match() -> None:
    """A match says whose rule it is, which terms it has, and where its Matchers key stands."""
    found = Teams.parse(
        "default: A\nteams:\n- Name: A\n- Name: B\n"
        "  Entities: [\n    # one\n    Matchers: [a:x, '!b'],\n  ]\n",
        source="dir/teams.yaml",
    )

    match = found.match({"a": "x"})
    assert match is not None
    assert match.team == Team("B")
    assert match.rule == Rule.parse("[a:x, '!b']")
    assert match.terms == (Term("a", "equal", "x"), Term("b", negated=True))
    assert match.location == "dir/teams.yaml:7:5"
    assert found.route({"a": "x"}).match == match


def test_matches() -> None:
    """All rules that match are listed, the best first."""
    found = teams("Matchers: [a]", "Matchers: [team]", "Matchers: [x]", "Matchers: [service, a]")

    listed = found.matches({"a": "", "team": "", "service": ""})
    assert [match.team.name for match in listed] == ["B", "D", "A"]
    assert found.matches({}) == ()


def test_reason() -> None:
    """The reason shows where the rule stands, and each term with what it saw."""
    found = teams(
        "Matchers: [service:/^we/, '!environment:dev', '!customer', a:x]",
        head="default: None of these\naliases: {prefixes: [zap_]}",
    )

    route = found.route(
        {"service": "api", "zap_service": ["no", "web"], "environment": ("qa", "prod"), "a": "x", "b": "y"}
    )
    assert route.reason == (
        "t:4:25 matched: service:/^we/ (zap_service='web'), "
        "!environment:dev (environment='qa' environment='prod'), !customer (customer is absent), a:x (a='x')"
    )


def test_reason_is_bounded() -> None:
    """Whatever a sender puts into a tag, the reason is one line of bounded length."""
    found = teams("Matchers: [a, '!b:/x/']")

    reason = found.route({"a": "line\nline" * 1000, "b": ["\x1b[31m" * 999] * 999}).reason
    assert reason.isprintable()
    assert len(reason) < 800


def test_route_by_hand() -> None:
    """A route can be made without a file, for tests of what uses it."""
    route = Route(Team("A"))

    assert str(route.team) == "A"
    assert (route.is_default, route.ignored) == (True, False)


@settings(max_examples=400)
@given(declarations, tags)
def test_oracle(declaration: Declaration, event: TagLists) -> None:
    """A generated file routes generated tags as the reference, read once more, says."""
    found = Teams.parse(declaration.text())

    route = found.route(event)
    team, is_default, ignored = oracle.owner(declaration, event)
    assert (route.team.name, route.is_default, route.ignored) == (f"Team {team}", is_default, ignored)
    assert route.reason.isprintable()
    match = found.match(event)
    assert match == route.match
    assert match == next(iter(found.matches(event)), None)


@given(declarations, tags)
def test_matches_oracle(declaration: Declaration, event: TagLists) -> None:
    """The list of matches has each rule that matches, once, in an order that never gets better."""
    found = Teams.parse(declaration.text()).matches(event)

    expected = [
        (f"Team {team}", rule)
        for team, rule in declaration.in_order()
        if oracle.all_hold([str(term) for term in rule.terms], event, declaration.prefixes)
    ]
    listed = [(match.team.name, match.rule) for match in found]
    assert listed == sorted(expected, key=lambda pair: pair[1].rank)


@given(declarations, tags, st.randoms(use_true_random=False))
def test_permutation(declaration: Declaration, event: TagLists, random: object) -> None:
    """The order of rules of unequal rank changes nothing."""
    by_rank = {rule.rank: (team, rule) for team, rule in declaration.rules}
    unequal = attrs.evolve(declaration, rules=tuple(by_rank.values()))
    shuffled = list(unequal.rules)
    getattr(random, "shuffle")(shuffled)  # noqa: B009 - Hypothesis does not type its Random

    routes = [
        Teams.parse(attrs.evolve(unequal, rules=tuple(order)).text()).route(event)
        for order in (unequal.rules, shuffled)
    ]
    assert routes[0].team == routes[1].team
    assert routes[0].is_default is routes[1].is_default


def one_rule(rule: Rule) -> Teams:
    """A file of one rule."""
    return Teams.parse(Declaration(1, ((0, rule),), ("zap_",), (), 0).text())


@given(terms, tags)
def test_complement(term: Term, event: TagLists) -> None:
    """A rule of one term and its negation never agree, whatever the tags and aliases."""
    opposite = attrs.evolve(term, negated=not term.negated)

    first, second = (one_rule(Rule((each,))).match(event) for each in (term, opposite))
    assert (first is None) is not (second is None)


@given(rules, terms, tags)
def test_monotone(rule: Rule, term: Term, event: TagLists) -> None:
    """One more term never makes a rule match more."""
    longer = Rule((*rule.terms, term), rule.priority)

    if one_rule(longer).match(event) is not None:
        assert one_rule(rule).match(event) is not None


BASE = """\
default: A
teams:
- Name: A
  AsanaTeamId: 1
  Entities: [Matchers: [a:b, c], Matchers: [d]]
- Name: B
"""


@pytest.mark.parametrize("same", [
    BASE,
    "# comment\n" + BASE,
    BASE.replace("Matchers: [a:b, c]", "Matchers: ['c', \"a:b\", c, a:\"b\"]".replace('a:"b"', "'a:\"b\"'")),
    BASE.replace("Name", "name").replace("AsanaTeamId: 1", 'asana_team_id: "1"'),
    BASE.replace("[Matchers: [a:b, c]", "[{Matchers: [a:b, c], Priority: 0}"),
    "version: 1\nignore: []\naliases: {prefixes: []}\n" + BASE,
])  # fmt: skip
def test_digest_same(same: str) -> None:
    """What does not change the meaning does not change the digest."""
    assert Teams.parse(same, source="elsewhere").digest == Teams.parse(BASE).digest


@pytest.mark.parametrize("other", [
    BASE.replace("default: A", "default: B"),
    BASE.replace("AsanaTeamId: 1", "AsanaTeamId: 01"),
    BASE.replace("AsanaTeamId", "AsanaBacklogId"),
    BASE.replace("a:b", "!a:b").replace("[!a:b", "['!a:b'"),
    BASE.replace("a:b", "a:/b/"),
    BASE.replace("Matchers: [a:b, c], Matchers: [d]", "Matchers: [d], Matchers: [a:b, c]"),
    BASE.replace("[Matchers: [a:b, c]", "[{Matchers: [a:b, c], Priority: 1}"),
    BASE.replace("Name: B", "Name: C"),
    "aliases: {prefixes: [zap_]}\n" + BASE,
    "ignore: [{Matchers: [x], Reason: y}]\n" + BASE,
])  # fmt: skip
def test_digest_differs(other: str) -> None:
    """What changes the meaning changes the digest."""
    assert Teams.parse(other).digest != Teams.parse(BASE).digest


def test_digest_is_stable() -> None:
    """The digest of a file is the same today and tomorrow."""
    digest = Teams.parse(BASE).digest

    assert digest == "c5144f66e0422d4456879b142b498b2fca06be7631e7180bc948be0c45470719"
