"""What changes in effect between two files."""

import json
from collections import Counter
from collections.abc import Mapping
from itertools import product

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sentry_governed.teams import Diff, Outcome, Rule, RuleChanges, Teams, Term
from sentry_governed.teams._diff_order import _longest_rise

from .oracle import owner
from .strategies import Declaration, TagLists, declarations, tags


def outcome(declared: Declaration, event: TagLists) -> Outcome:
    """What the reference says that becomes of an event."""
    team, is_default, ignored = owner(declared, event)
    if ignored:
        return Outcome("ignored")
    return Outcome("default" if is_default else "rule", f"Team {team}")


def diff(old: Declaration, new: Declaration) -> Diff:
    """Compare two generated files."""
    return Teams.parse(old.text()).diff(Teams.parse(new.text()))


@given(declarations, declarations)
def test_witnesses(old: Declaration, new: Declaration) -> None:
    """Each witness moves as its move says, by the reference, and no two moves are the same."""
    found = diff(old, new)

    for move in found.moves:
        assert move.before != move.after
        assert 1 <= len(move.witnesses) <= 3
        assert len(move.witnesses) <= move.witnessed <= found.tried
        for witness in move.witnesses:
            assert outcome(old, witness.tags) == move.before
            assert outcome(new, witness.tags) == move.after
    assert len({(move.before, move.after) for move in found.moves}) == len(found.moves)


@given(declarations, declarations, st.lists(tags, max_size=6))
def test_recorded(old: Declaration, new: Declaration, events: list[TagLists]) -> None:
    """Recorded alerts are counted as routing each in both files would."""
    expected: Counter[tuple[Outcome, Outcome]] = Counter()
    for event in events:
        before, after = outcome(old, event), outcome(new, event)
        if before != after:
            expected[before, after] += 1

    found = Teams.parse(old.text()).diff(Teams.parse(new.text()), iter(events))

    assert {(move.before, move.after): move.alerts for move in found.moves if move.alerts} == expected
    assert (found.alerts, found.alerts_moved) == (len(events), expected.total())
    if found.certain:
        assert found.moves == ()


KEYS = ("service", "team", "env")


def small_files() -> st.SearchStrategy[Declaration]:
    """Files of few rules on few keys: exact terms, presence and their negations."""
    key, value = st.sampled_from(KEYS), st.sampled_from(("a", "b"))
    term = st.one_of(
        st.builds(Term, key, st.just("equal"), value, st.booleans()),
        st.builds(Term, key, negated=st.booleans()),
    )
    terms = st.lists(term, min_size=1, max_size=3, unique=True).map(tuple)
    rule = st.builds(Rule, terms, st.sampled_from((0, 0, 0, 1)))
    return st.builds(
        Declaration,
        teams=st.just(3),
        rules=st.lists(st.tuples(st.integers(0, 2), rule), max_size=4).map(tuple),
        prefixes=st.just(()),
        ignores=st.lists(rule, max_size=1).map(tuple),
        default=st.integers(0, 2),
    )


@st.composite
def edited(draw: st.DrawFn) -> tuple[Declaration, Declaration]:
    """A small file, and the same with a rule taken out, put in, changed, or in another place."""
    old, other = draw(small_files()), draw(small_files())
    rules = list(old.rules)
    for change in draw(st.lists(st.sampled_from(("out", "in", "order")), max_size=3)):
        if change == "out" and rules:
            rules.pop(draw(st.integers(0, len(rules) - 1)))
        elif change == "in" and other.rules:
            rules.insert(draw(st.integers(0, len(rules))), draw(st.sampled_from(other.rules)))
        elif change == "order":
            rules = list(draw(st.permutations(rules)))
    ignores = draw(st.sampled_from((old.ignores, old.ignores, other.ignores)))
    default = draw(st.sampled_from((old.default, old.default, other.default)))
    return old, Declaration(3, tuple(rules), (), ignores, default)


EVENTS = [
    {key: (value,) for key, value in zip(KEYS, values, strict=True) if value}
    for values in product(("", "a", "b", "c"), repeat=len(KEYS))
]


@settings(max_examples=200)
@given(edited())
def test_complete(files: tuple[Declaration, Declaration]) -> None:
    """If any event with one value for each tag moves, so does one that is made from the rules."""
    old, new = files
    moving = [event for event in EVENTS if outcome(old, event) != outcome(new, event)]
    found = diff(old, new)
    assume(not found.limited)

    assert not (moving and found.certain)
    assert found.moves or not moving, moving[:3]


@given(declarations)
def test_same(declared: Declaration) -> None:
    """A file compared with itself, with other comments and layout, says the same."""
    text = declared.text()
    found = Teams.parse(text).diff(Teams.parse("# hi\n" + text.replace("],\n", "],   # why not\n")))

    assert (found.certain, found.moves, found.tried) == (True, (), 0)
    assert "none: the two files say the same" in str(found)


OLD = """
default: A
teams:
- Name: A
  AsanaBacklogId: "1"
- Name: B
  Entities: [Matchers: [service:b], Matchers: [region:eu]]
- Name: C
  Entities: [Matchers: [level:fatal]]
"""


def changed(old: str, new: str, text: str = OLD) -> Diff:
    """The file with one thing replaced."""
    assert old in text
    return Teams.parse(text, source="old.yaml").diff(Teams.parse(text.replace(old, new), source="new.yaml"))


def shown(found: Diff) -> list[str]:
    """Each move with its first witness, in short."""
    return sorted(
        f"{move.before} > {move.after}: " + " ".join(f"{n}={v[0]}" for n, v in move.witnesses[0].tags.items())
        for move in found.moves
    )


def test_removed() -> None:
    """The events of a rule that is gone move to whoever is next."""
    found = changed("Matchers: [service:b], ", "")

    assert shown(found) == ["B > A (default): service=b"]
    assert found.rules == RuleChanges(before=3, after=2, removed=1, added=0, moved=0)
    (witness,) = found.moves[0].witnesses
    assert (witness.before, witness.after) == ("old.yaml:7:14", None)


def test_narrowed() -> None:
    """A term more takes away the events for which it does not hold."""
    assert shown(changed("[service:b]", "[service:b, '!env:dev']")) == ["B > A (default): service=b env=dev"]


def test_regex_widened() -> None:
    """Another alternative of a regex is found, though its first text says nothing."""
    text = OLD.replace("service:b", "'service:/^b$/'")

    assert shown(changed("/^b$/", "/^(b|web)$/", text)) == ["A (default) > B: service=web"]


def test_priority() -> None:
    """A higher priority takes the events that two rules match."""
    found = changed("[Matchers: [level:fatal]]", "[{Matchers: [level:fatal], Priority: 1}]")

    assert found.rules == RuleChanges(before=3, after=3, removed=0, added=0, moved=1)
    assert shown(found)[0].startswith("B > C: ")


def test_order_of_one_team() -> None:
    """A team's rules in another order change nothing, which is certain."""
    found = changed(
        "Matchers: [service:b], Matchers: [region:eu]", "Matchers: [region:eu], Matchers: [service:b]"
    )

    assert (found.certain, found.moves) == (True, ())


def test_apart() -> None:
    """Rules of two teams that no event with one value for each tag matches may change places."""
    text = "teams: [{Name: A, Entities: [Matchers: [k:a]]}, {Name: B, Entities: [Matchers: [k:b]]}]"
    other = "teams: [{Name: B, Entities: [Matchers: [k:b]]}, {Name: A, Entities: [Matchers: [k:a]]}]"
    found = Teams.parse(text).diff(Teams.parse(other))

    assert (found.certain, found.moves, found.limited) == (False, (), False)
    assert "none was found: 3 events made from the rules keep their owners" in str(found)


def test_ignored() -> None:
    """An ignore rule that is new takes events from their owner, and one that is gone gives them back."""
    more = "ignore: [{Matchers: [env:dev], Reason: x}]\nteams:"

    assert shown(changed("teams:", more)) == ["A (default) > ignored: env=dev"]
    assert shown(changed(more, "teams:", OLD.replace("teams:", more))) == ["ignored > A (default): env=dev"]


def test_default() -> None:
    """Another default team, or none, gets what no rule matches."""
    assert shown(changed("default: A", "default: C")) == ["A (default) > C (default): "]
    assert shown(changed("default: A\n", "")) == ["A (default) > nobody: "]
    assert "default: A -> C" in str(changed("default: A", "default: C"))


def test_aliases() -> None:
    """An alias prefix more makes rules match what they did not."""
    found = changed("teams:", "aliases: {prefixes: [zap_]}\nteams:")

    assert "A (default) > B: zap_service=b" in shown(found)
    with_alias = Teams.parse(OLD.replace("teams:", "aliases: {prefixes: [zap_]}\nteams:"))
    assert Teams.parse(OLD).diff(with_alias, [{"zap_service": "b"}]).alerts_moved == 1


def test_teams() -> None:
    """Teams that come, go or get other ids are named; ids move nothing."""
    found = changed('"1"', '"2"')
    renamed = changed("Name: C", "Name: D")

    assert [(str(before), str(after)) for before, after in found.teams_changed] == [("A", "A")]
    assert (found.certain, found.moves) == (True, ())
    assert "other Asana ids: A" in str(found)
    assert ([*map(str, renamed.teams_removed)], [*map(str, renamed.teams_added)]) == (["C"], ["D"])
    assert shown(renamed) == ["C > D: level=fatal"]


def test_has_facts() -> None:
    """Recorded alerts may be objects with facts, and the moves with the most of them come first."""

    class Event:
        facts: Mapping[str, str] = {"level": "fatal"}

    old = Teams.parse(OLD)
    found = old.diff(
        Teams.parse(OLD.replace("level:fatal", "x").replace("service:b", "y")), [Event(), Event()]
    )

    assert (found.moves[0].before, found.moves[0].alerts) == (Outcome("rule", "C"), 2)


def test_many_moves() -> None:
    """The forms are bounded however many moves there are."""
    names = [f"- Name: {'T' * 300}{number}\n  Entities: [Matchers: [k:{number}]]\n" for number in range(600)]
    old, new = Teams.parse("".join(names)), Teams.parse("".join(name.replace("k:", "j:") for name in names))

    found = old.diff(new)

    assert len(found.moves) == 1_200
    assert len(str(found).splitlines()) < 90
    assert len(found.to_markdown()) <= 60_000
    assert len(json.loads(json.dumps(found.to_json()))["moves"]) == 500
    assert found.to_json()["more_moves"] == 700


def test_large() -> None:
    """In large files a few changed rules do not take trying everything."""
    rules = [f"Matchers: [k{number}:x]" for number in range(2_000)]

    def file(listed: list[str]) -> Teams:
        half = len(listed) // 2
        first, second = ",\n".join(listed[:half]), ",\n".join(listed[half:])
        return Teams.parse(f"- Name: A\n  Entities: [{first}]\n- Name: B\n  Entities: [{second}]\n")

    few = file(rules).diff(file([*rules[:500], *rules[502:]]))
    assert (few.limited, few.rules.removed) == (False, 3)
    assert file(rules).diff(file(rules[::-1])).rules.removed == 2_000


@given(declarations, declarations, st.lists(tags, max_size=3))
def test_forms(old: Declaration, new: Declaration, events: list[TagLists]) -> None:
    """The JSON form is JSON and agrees with the values; no line of the text speaks to a terminal."""
    found = Teams.parse(old.text()).diff(Teams.parse(new.text()), events)

    form = json.loads(json.dumps(found.to_json()))
    assert len(form["moves"]) == len(found.moves)
    assert form["alerts_moved"] == found.alerts_moved
    assert all(line.isprintable() for line in str(found).splitlines())


@given(st.lists(st.integers(0, 30), unique=True, max_size=9))
def test_longest_rise(numbers: list[int]) -> None:
    """The longest rising part is as long as any, rises, and keeps the order."""
    found = _longest_rise(numbers)
    longest = 0
    for chosen in product((False, True), repeat=len(numbers)):
        part = [number for number, take in zip(numbers, chosen, strict=True) if take]
        longest = max(longest, len(part) if part == sorted(part) else 0)

    assert found == sorted(found)
    assert [number for number in numbers if number in found] == found
    assert len(found) == longest


NASTY = "</code><img src=x>|`@everyone` [x](http://evil.example) www.evil.example #1 **b** &lt; \u202e\n"


def test_markdown() -> None:
    """Names and values of strangers are text in the comment, whatever they are."""
    name = json.dumps(NASTY)
    old = Teams.parse(f"default: {name}\nteams: [{{Name: {name}}}]", source="a|b<c>.yaml")
    term = json.dumps("k:" + NASTY)
    more = f"{{Name: B, Entities: [Matchers: [{term}]]}}"
    new = Teams.parse(f"default: {name}\nteams: [{{Name: {name}}}, {more}]")
    comment = old.diff(new, [{"k": NASTY}]).to_markdown()

    for raw in ("<img", "@", "http:", "www.", "`", " #1", "[x]", "**b", "\u202e", "&lt;", "<c>"):
        assert raw not in comment
    table = [line for line in comment.splitlines() if line.startswith("|")]
    assert len(table) == 3
    assert {line.count("|") for line in table} == {5}
    assert "**1 of 1 recorded alerts move.**" in comment
    assert comment.count("<code>") == comment.count("</code>")
    assert comment.rstrip().endswith("</details>")
