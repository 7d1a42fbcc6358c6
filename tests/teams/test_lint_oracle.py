"""What lint says is so: by brute force over small files and all their events."""

from collections.abc import Iterator
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed.teams import Teams, Term
from sentry_governed.teams._found import always_found, never_found, text_of
from sentry_governed.teams._implied import is_implied, never_holds

from . import oracle
from .strategies import Declaration, TagLists, rules_of, tags, terms, terms_of
from .strategies_regex import matching_values, regexes

NAMES = ("service", "a.b", "zap_service", "zap_a.b")
SEEN = ((), ("",), ("a",), ("ab",), ("web",), ("a", "b"), ("other", "web"))
EVENTS: list[TagLists] = [
    {name: values for name, values in zip(NAMES, each, strict=True) if values}
    for each in product(SEEN, SEEN, SEEN[:4], SEEN[:2])
]

few_rules = rules_of(terms_of(st.sampled_from(NAMES[:2]), st.sampled_from(("", "a", "b", "ab", "web"))))
files = st.builds(
    Declaration,
    teams=st.just(3),
    rules=st.lists(st.tuples(st.integers(0, 2), few_rules), min_size=2, max_size=8).map(tuple),
    prefixes=st.sampled_from(((), ("zap_",))),
    ignores=st.lists(few_rules, max_size=3).map(tuple),
    default=st.integers(0, 2),
)

NEVER_WINS = {"contradiction", "duplicate-rule", "unreachable-rule", "unreachable-ignore"}


def winners(file: Declaration) -> Iterator[tuple[set[int], int | None, int | None]]:
    """For every event: the rules that match, the one that wins, and the ignore rule that is first."""
    rules = [([str(term) for term in rule.terms], rule) for _, rule in file.in_order()]
    ignores = [[str(term) for term in rule.terms] for rule in file.ignores]
    for event in EVENTS:
        matching = {
            place for place, (texts, _) in enumerate(rules) if oracle.all_hold(texts, event, file.prefixes)
        }
        ranks = {
            place: (rule.priority, oracle.precedence(texts), len(set(texts)))
            for place, (texts, rule) in enumerate(rules)
        }
        best = max(matching, key=lambda place: (ranks[place], -place), default=None)
        ignored = (
            place for place, texts in enumerate(ignores) if oracle.all_hold(texts, event, file.prefixes)
        )
        yield matching, best, next(ignored, None)


@settings(max_examples=100)
@given(files)
def test_certain(file: Declaration) -> None:
    """A rule that wins any event is not said to win none, and one that is always ignored always is."""
    loaded = Teams.parse(file.text())
    found = {(each.location, each.code) for each in loaded.lint()}
    never = {location for location, code in found if code in NEVER_WINS}
    places = [match.location for match in loaded.rules]
    ignores = [ignore.location for ignore in loaded.ignores]

    for matching, best, ignore in winners(file):
        assert best is None or places[best] not in never
        assert ignore is None or ignores[ignore] not in never
        if ignore is None:
            assert not {(places[place], "ignored-rule") for place in matching} & found


@given(files)
def test_subset(file: Declaration) -> None:
    """A rule behind a better one that has some of its terms, and no others, is found if it matches at all."""
    loaded = Teams.parse(file.text())
    never = {each.location for each in loaded.lint() if each.code in NEVER_WINS}

    for place, worse in enumerate(loaded.rules):
        for other, better in enumerate(loaded.rules):
            ahead = (better.rule.rank, other) < (worse.rule.rank, place)
            if ahead and set(better.terms) <= set(worse.terms) and worse.location not in never:
                assert not any(worse in loaded.matches(event) for event in EVENTS)


@settings(max_examples=500)
@given(st.lists(terms, min_size=1, max_size=5), terms, tags)
def test_follows(known: list[Term], term: Term, event: TagLists) -> None:
    """What is said to follow holds wherever the others hold, and what contradicts itself never holds."""

    def holds(each: Term) -> bool:
        return oracle.term_holds(str(each), event)

    if all(map(holds, known)):
        assert not never_holds(known)
        assert holds(term) or not is_implied(term, known)


@settings(max_examples=500)
@given(st.data(), regexes)
def test_regexes(data: st.DataObject, pattern: str) -> None:
    """A regex that is said to be found in all values, in none, or where a text is, is so."""
    term = Term("k", "regex", pattern)
    value = data.draw(matching_values(pattern))

    assert not never_found(term) or not term.holds((value,))
    assert not always_found(term) or term.holds((value,))
    text = text_of(term)
    assert text is None or (text in value[:1_024]) is term.holds((value,))
