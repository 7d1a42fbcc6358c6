"""The index answers as trying every rule does."""

import threading
from collections.abc import Mapping, Sequence

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed.teams import Match, Rule, Team, Teams, Term
from sentry_governed.teams._engine import index_of, ranked
from sentry_governed.teams._facts import facts_of

from . import naive
from .naive import matching
from .strategies import MANY, PLAIN_KEYS, TagLists, rules_of, values
from .strategies_regex import matching_values, regexes

KEYS = (*PLAIN_KEYS[:3], "zap_service", "zap_team", "app_service")
few_values = st.one_of(
    values, st.sampled_from(("web", "api", "prod", "payments-worker", "x" * 1_030 + "web"))
)
PREFIXES = ((), ("zap_",), ("zap_", "app_"))


@attrs.frozen
class Case:
    """Rules, the alias prefixes of their file, and an event."""

    rules: tuple[Match, ...]
    prefixes: tuple[str, ...]
    event: TagLists


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Rules, and an event whose values are often those that their terms ask for."""
    shared = draw(st.lists(regexes, min_size=1, max_size=3))
    key, negated = st.sampled_from(KEYS), st.sampled_from((False, False, True))
    term = st.one_of(
        st.builds(Term, key, negated=st.booleans()),
        st.builds(Term, key, st.just("equal"), few_values, negated),
        st.builds(Term, key, st.just("regex"), st.sampled_from(shared), negated),
    )
    rules = draw(st.lists(rules_of(term), max_size=10))
    value = st.one_of(few_values, st.sampled_from(shared).flatmap(matching_values))
    event = draw(st.dictionaries(key, st.lists(value, max_size=3).map(tuple), max_size=5))
    matches = tuple(Match(Team("A"), rule, f"t:{line}:1") for line, rule in enumerate(rules))
    return Case(matches, draw(st.sampled_from(PREFIXES)), event)


@settings(max_examples=MANY)
@given(cases())
def test_naive(case: Case) -> None:
    """For any rules and tags the index and the naive reading give the same answers in the same order."""
    facts = facts_of(case.event, case.prefixes)
    index = index_of(ranked(case.rules), case.prefixes)

    expected = tuple(matching(naive.ranked(case.rules), facts))
    assert index.all(facts) == expected
    assert index.first(facts) == (expected[0] if expected else None)


@given(cases(), cases())
def test_reused(case: Case, other: Case) -> None:
    """An answer depends on nothing that was asked before."""
    index = index_of(ranked(case.rules), case.prefixes)
    first = index.all(facts_of(case.event, case.prefixes))

    index.all(facts_of(other.event, case.prefixes))
    assert index.all(facts_of(case.event, case.prefixes)) == first


def check(teams: Teams, event: Mapping[str, Sequence[str] | str]) -> None:
    """Compare what a file answers with trying every rule, one after the other."""
    declared = teams._declared
    expected = tuple(matching(naive.ranked(declared.matches), facts_of(event, declared.prefixes)))

    assert teams.matches(event) == expected
    assert teams.match(event) == teams.route(event).match == (expected[0] if expected else None)


def file_of(rules: Sequence[str], head: str = "") -> Teams:
    """One team with these rules, each given as the inside of its mapping."""
    listed = "\n".join(f"    {{{rule}}}," for rule in rules)
    return Teams.parse(f"default: A\n{head}\nteams:\n- Name: A\n  Entities: [\n{listed}\n  ]\n")


def many(pattern: str, count: int = 300) -> list[str]:
    """Rules of one regex each, numbered, so many that they are found by pieces."""
    return [f"Matchers: ['k:/{pattern.replace('#', str(number))}/']" for number in range(count)]


SHAPES = (
    "job-#-",
    "(?i)Job-#",
    "#",
    "(?:up|down)-#-prod",
    "ab#|#ba",
    "[Ww]eb-#x",
    "^#$",
    "ü#ü",
    "a#",
    "x#y|x#z",
)


@settings(max_examples=200)
@given(st.sampled_from(SHAPES), st.integers(0, 310), st.text("ax-ü", max_size=5), st.booleans())
def test_pieces(shape: str, number: int, around: str, upper: bool) -> None:
    """A text is found wherever it stands in a value, among hundreds that look like it."""
    found = BY_SHAPE[shape]
    value = (
        shape.replace("(?i)", "")
        .replace("(?:up|down)", "down")
        .replace("[Ww]", "W")
        .replace("#", str(number))
    )
    value = value.strip("^$")

    check(found, {"k": around + (value.upper() if upper else value) + around})
    check(found, {"k": value})


BY_SHAPE = {shape: file_of(many(shape)) for shape in SHAPES}


@given(st.text("ab0123456789-", max_size=20), st.integers(0, 300))
def test_short_values(value: str, number: int) -> None:
    """Values shorter than the pieces, and texts of few characters, are found too."""
    check(MIXED, {"k": value})
    check(MIXED, {"k": (value, str(number), f"a{number}", f"b-{number}-a")})


MIXED = file_of([*many("#", 120), *many("a#", 120), *many("b-#-", 300), *many(".")[:1]])


@pytest.mark.parametrize("position", range(12))
def test_positions(position: int) -> None:
    """A text is found at even and odd places, and at both ends."""
    teams = file_of(many("service-#-"))

    for value in ("." * position + "service-123-", "service-123-" + "." * position):
        assert [str(match.rule) for match in teams.matches({"k": value})] == ['["k:/service-123-/"]']


def test_cut() -> None:
    """A required text counts as far as the regex sees, to the last character."""
    teams = file_of([*many("job-#-end", 2_000), "Matchers: [k], Priority: -1"])

    inside, outside = "x" * 1_015 + "job-7-end", "x" * 1_016 + "job-7-end"
    assert len(inside) == 1_024
    assert [len(teams.matches({"k": value})) for value in (inside, outside)] == [2, 1]


@pytest.mark.parametrize("name", ["service", "zap_service", "app_service"])
@pytest.mark.parametrize(
    "terms", ["service:web", "'service:/we+b/'", "service", "'service:/^.../'", "service:web, x"]
)
def test_aliases(name: str, terms: str) -> None:
    """A rule is found under its key and under each alias of it, whatever it hangs on."""
    teams = file_of([f"Matchers: [{terms}]"], "aliases: {prefixes: [zap_, app_]}")

    assert len(teams.matches({name: "web", "zap_x": "1"})) == 1
    assert teams.matches({f"other_{name}": "web", "x": "1"}) == ()


def test_alias_and_key() -> None:
    """A rule that both its key and an alias lead to is listed once, and a key may be another's alias."""
    teams = file_of(["Matchers: [service:web]", "Matchers: [zap_service:web]"], "aliases: {prefixes: [zap_]}")

    assert len(teams.matches({"service": "web", "zap_service": "web"})) == 2
    assert len(teams.matches({"zap_service": "web"})) == 2
    assert len(teams.matches({"service": "web"})) == 1


@pytest.mark.parametrize(
    "better",
    ["k:a, x", "'k:/job-7-/', x", "k, x, y", "'k:/^[ab]/', x", "'!other', '!another'", "other:b, '!x:1', x"],
)
@pytest.mark.parametrize("worse", ["k:a", "'k:/job-7-/'", "k", "'k:/^[ab]/'", "'!other2'", "other:b"])
def test_order(better: str, worse: str) -> None:
    """The better rule wins whatever each of the two hangs on, and wherever it stands."""
    event = {"k": ("a", "a job-7-"), "x": "", "y": "", "other": "b"}
    event = {name: value for name, value in event.items() if not ("!other'" in better and name == "other")}
    pair = [f"Matchers: [{worse}]", f"Matchers: [{better}], Priority: 1"]

    for rules in (pair, pair[::-1]):
        teams = file_of([*rules, *many("job-#-y")])
        match = teams.match(event)
        assert match is not None
        assert match.rule.priority == 1
        check(teams, event)


def test_equal_ranks() -> None:
    """Of rules of one rank the first wins, whatever each hangs on."""
    rules = ["k:a", "'k:/job-7-/'", "k", "'k:/^./'", "'!nothing'", "other:b"]
    event = {"k": ("a", "job-7-"), "other": "b"}

    for turn in range(len(rules)):
        turned = [*rules[turn:], *rules[:turn]]
        teams = file_of([f"Matchers: [{rule}]" for rule in turned])
        texts = [str(match.rule) for match in teams.matches(event)]
        assert texts == [str(Rule.parse(f"[{rule}]")) for rule in turned]
        check(teams, event)


def test_shared_term() -> None:
    """An exact term that many rules share does not hide what else they ask for."""
    teams = file_of([f"Matchers: ['level:error', 'k:/job-{number}-/']" for number in range(300)])

    check(teams, {"level": "error", "k": "a job-17-x job-250-y"})
    assert len(teams.matches({"level": "error", "k": "a job-17-x job-250-y"})) == 2
    assert teams.match({"k": "job-17-"}) is None


def test_threads() -> None:
    """Threads that share one file get the answers that one alone gets, the first calls included."""
    teams = file_of([*many("(?:up|down)-#-prod"), "Matchers: [x]"])
    events = [{"k": f"down-{number}-prod"} for number in range(300)]
    answers: list[list[str]] = []
    barrier = threading.Barrier(4)

    def ask() -> None:
        barrier.wait()
        answers.append([str(match.rule) for event in events for match in teams.matches(event)])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [answers[0]] * 4
    assert len(answers[0]) == 300


def test_snapshot() -> None:
    """A list that is changed after routing changes nothing about the route."""
    seen = ["web"]
    route = file_of(["Matchers: [k:web]"]).route({"k": seen})
    seen[0] = "other"

    assert route.reason.endswith("k:web (k='web')")
