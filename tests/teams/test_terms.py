"""One condition on one tag."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.errors import ConfigError, TeamsFileError
from sentry_governed.teams import Term

from . import oracle
from .strategies import PATTERNS, any_keys, any_terms, any_values, terms, values


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("service:web", Term("service", "equal", "web")),
        ("service:/^web/", Term("service", "regex", "^web")),
        ("customer", Term("customer")),
        ("!service:web", Term("service", "equal", "web", negated=True)),
        ("!service:/^web/", Term("service", "regex", "^web", negated=True)),
        ("!customer", Term("customer", negated=True)),
        ("url:https://a:8/b", Term("url", "equal", "https://a:8/b")),
        ('"a:b":v', Term("a:b", "equal", "v")),
        ('!"a:b"', Term("a:b", negated=True)),
        ('"plain":v', Term("plain", "equal", "v")),
        ("url://investigate//", Term("url", "regex", "/investigate/")),
        ("k:/", Term("k", "equal", "/")),
        ("k:/a", Term("k", "equal", "/a")),
        ("k:a/", Term("k", "equal", "a/")),
        ("k:///", Term("k", "regex", "/")),
        ('k:"v"', Term("k", "equal", "v")),
        ('k:"/a/"', Term("k", "equal", "/a/")),
        ('k:"a"b"', Term("k", "equal", 'a"b')),
        ('k:""', Term("k", "equal", "")),
        ('k:"', Term("k", "equal", '"')),
        ('k:"a', Term("k", "equal", '"a')),
        ("k: v", Term("k", "equal", " v")),
        ("k::", Term("k", "equal", ":")),
        ("k:!v", Term("k", "equal", "!v")),
        ("x/y.z-1_A:v", Term("x/y.z-1_A", "equal", "v")),
    ],
)
def test_grammar(text: str, term: Term) -> None:
    """Each way to write a term means what the reference says."""
    assert Term.parse(text) == term


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "empty term", "write key, key:value or key:/regex/"),
        ("!", "a lone '!'", "write the key of a tag behind it"),
        (":v", "a term has no key", "write key, key:value or key:/regex/"),
        ('"":v', "a term has no key", "write key, key:value or key:/regex/"),
        (":", "term ':' has no value", "write key:value"),
        ("k:", "term 'k:' has no value", 'write k for any value, k:"" for an empty one'),
        ("!k:", "term '!k:' has no value", 'write k for any value, k:"" for an empty one'),
        ("k://", "an empty regex", "write the key alone for any value"),
        ("k:/(/", "regex '(' does not compile", "missing ), unterminated subpattern at position 0"),
        (
            "k:/a{99999999999}/",
            "regex 'a{99999999999}' does not compile",
            "the repetition number is too large",
        ),
        ("a b:v", "key 'a b' has other characters than letters, digits and _.-/", "rename it"),
        ("ü:v", "key 'ü' has other characters than letters, digits and _.-/", "rename it"),
        ("!!k", "key '!k' has other characters than letters, digits and _.-/", "rename it"),
        ("/k:v", "key '/k' has a '/' at an end", "write key:/regex/, between quotes"),
        ("b/", "key 'b/' has a '/' at an end", "write key:/regex/, between quotes"),
        ("/", "key '/' has a '/' at an end", "write key:/regex/, between quotes"),
        ('"a:b', "term '\"a:b' does not end its quoted key", 'write "key":value'),
        ('"a:b"v', "term '\"a:b\"v' does not end its quoted key", 'write "key":value'),
        ('"a b":v', "key 'a b' has other characters than letters, digits and _.-/", "rename it"),
        ("k:" + "v" * 4096, "term 'k' is longer than 4096 characters", "shorten it"),
    ],
)
def test_refused(text: str, message: str, hint: str) -> None:
    """What is not a term is refused with what to write instead."""
    with pytest.raises(TeamsFileError) as caught:
        Term.parse(text)

    (problem,) = caught.value.problems
    assert (problem.source, problem.line, problem.column) == ("<string>", 1, 1)
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize("pattern", ["(" * 3000, "(?P<a>x)(?P<a>y)", "(?L)a", "*", "\\", "a(?i)b"])
def test_bad_regex(pattern: str) -> None:
    """Whatever way a regex is wrong, it is found when the term is made."""
    with pytest.raises(ConfigError, match="does not compile"):
        Term("k", "regex", pattern)


def test_doubtful_regex() -> None:
    """A set that Python warns about compiles without a warning."""
    assert Term.parse("k:/[[a]/").holds(["["])


@pytest.mark.parametrize("key", ["", "a b", "/a", "a/", "ä"])
def test_constructor_checks(key: str) -> None:
    """A term made without its text is held to the same keys."""
    with pytest.raises(ConfigError):
        Term(key)


def test_constructor_refuses() -> None:
    """A term that no text could say is refused."""
    with pytest.raises(
        ConfigError, match=r"test 'bogus' is not known \(write one of present, equal, regex\)"
    ):
        Term("k", "bogus", "x")  # type: ignore[arg-type]  # what the test is about
    with pytest.raises(ConfigError, match="term 'k' tests for presence and has a value"):
        Term("k", "present", "v")
    with pytest.raises(ConfigError, match="is not known"):
        Term("k", ["present"])  # type: ignore[arg-type]  # what the test is about


@pytest.mark.parametrize(
    ("text", "holding", "failing"),
    [
        ("k:a", [["a"], ["b", "a"]], [[], ["A"], ["ab"], [""]]),
        ("k:/a/", [["bab"], ["b", "a"]], [[], ["b"]]),
        ("k:/^$/", [[""]], [[], ["a"]]),
        ("k", [["a"], [""]], [[]]),
        ('k:""', [[""]], [[], ["a"]]),
        ("!k", [[]], [[""], ["a"]]),
        ("!k:a", [[], ["b"]], [["a"], ["b", "a"]]),
        ("!k:/a/", [[], ["b"]], [["ba"], ["b", "a"]]),
    ],
)
def test_holds(text: str, holding: list[list[str]], failing: list[list[str]]) -> None:
    """A term holds if any value passes; negated, if none does."""
    term = Term.parse(text)

    assert all(term.holds(seen) for seen in holding)
    assert not any(term.holds(seen) for seen in failing)


def test_regex_sees_1024() -> None:
    """A regex sees the first 1,024 characters of a value, an equal value all of it."""
    inside, outside = "a" * 1023 + "b", "a" * 1024 + "b"

    assert Term.parse("k:/b/").holds([inside])
    assert not Term.parse("k:/b/").holds([outside])
    assert Term.parse("k:/a$/").holds([outside])
    assert Term.parse(f"k:{outside}").holds([outside])


@given(terms, st.lists(values, max_size=3))
def test_complement(term: Term, seen: list[str]) -> None:
    """A term and its negation never agree."""
    opposite = Term(term.key, term.test, term.value, not term.negated)

    assert term.holds(seen) is not opposite.holds(seen)


@given(any_terms)
def test_round_trip(term: Term) -> None:
    """The text of a term parses back to it."""
    assert Term.parse(str(term)) == term


@given(any_terms, st.lists(any_values, max_size=3))
def test_oracle(term: Term, seen: list[str]) -> None:
    """A term holds when the reference, read once more, says so."""
    assert term.holds(seen) == oracle.term_holds(str(term), {term.key: tuple(seen)})


@given(any_keys, any_values.filter(bool))
def test_written(key: str, value: str) -> None:
    """A value written behind its key is found as it is, unless it reads as a regex or a quoted text."""
    key = key.replace(":", "-")
    enclosed = re.fullmatch(r'(["/]).*\1', value, re.DOTALL)

    if enclosed is None:
        assert Term.parse(f"{key}:{value}") == Term(key, "equal", value)


@given(st.text(max_size=30))
def test_never_crashes(text: str) -> None:
    """Any text is a term or a TeamsFileError."""
    with contextlib.suppress(TeamsFileError):
        term = Term.parse(text)
        assert Term.parse(str(term)) == term


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(pattern: str) -> None:
    """The regexes of the generated rules are found as Python finds them."""
    term = Term("k", "regex", pattern)

    for value in ("", "a", "b", "web", "A/", ":!"):
        assert term.holds([value]) == bool(re.search(pattern, value))
