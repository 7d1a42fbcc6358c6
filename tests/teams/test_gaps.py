"""Regexes of texts with gaps between are searched without going back, and find the same."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sentry_governed.teams import Term
from sentry_governed.teams._gaps import without_going_back

from .strategies import MANY

PARTS = st.sampled_from(
    [
        *(
            "a",
            "b",
            "c",
            "ab",
            "ba",
            "[ab]",
            "[^a]",
            "(a|b)",
            "(?:ab|b)",
            "a+",
            "b?",
            "a{2}",
            "a.*",
            ".",
            "[.*]",
        ),
        *("^a", "b$", "(?=b)a", "(?<=a)b", "(?!a)b", "(?>a|ab)", "(?i:A)", "(?s:.)", "b|a", "[.*]"),
        *(r"\bb", r"\n", r"\W", r"\w", r"\s", r"\.*"),
    ]
)
PATTERNS = st.builds(
    lambda flags, parts, gaps: flags + "".join(part + gap for part, gap in zip(parts, gaps, strict=False)),
    st.sampled_from(["", "", "(?s)", "(?i)", "(?m)"]),
    st.lists(PARTS, min_size=2, max_size=6),
    st.lists(st.sampled_from([".*", ".*?", ".*", ".+", ""]), min_size=6, max_size=6),
)


@example("a.*[^a].*b", ["a.\nb"])
@settings(max_examples=MANY)
@given(PATTERNS, st.lists(st.text("abA\n.", max_size=8), min_size=20, max_size=20))
def test_same(pattern: str, values: list[str]) -> None:
    """The other form is found in exactly the texts in which the pattern is."""
    wanted, other = re.compile(pattern), re.compile(without_going_back(pattern))

    assert [bool(other.search(value)) for value in values] == [bool(wanted.search(value)) for value in values]


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        ("a.*b.*c", "a(?>.*?b)(?>.*?c)"),
        ("^foo.*bar.*$", "^foo(?>.*?bar).*$"),
        ("(?i)a.*?(b|c).*d$", "(?i)a(?>.*?(b|c))(?>.*?d$)"),
        ("a.*[^b].*c", "a.*[^b](?>.*?c)"),
        ("(?s)a.*[^b].*c", "(?s)a(?>.*?[^b])(?>.*?c)"),
        ("a.*b+.*c", "a.*b+(?>.*?c)"),
        ("a.*.*b", "a.*(?>.*?b)"),
        ("[.*].*a", "[.*](?>.*?a)"),
    ],
)
def test_form(pattern: str, other: str) -> None:
    """Only a part of fixed width within a line is final behind its gap."""
    assert without_going_back(pattern) == other


@pytest.mark.parametrize(
    "pattern", ["abc", "a.*b|c", r"(a).*\1.*b", "(?x)a.* b", "(a.*b)+c", r"a\.*b", "a.*+b", "(a)?.*(?(1)b|c)"]
)
def test_left_alone(pattern: str) -> None:
    """What looks back, has alternatives, or has no gap outside of groups stays as it is."""
    assert without_going_back(pattern) == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "a.*b.*c.*d",
        "foo.*bar.*baz.*qux.*quux",
        ".*a.*b.*c.*d.*e.*f.*",
        r"Error: .* in .* at .* line .*",
        "(foo|bar).*(baz|qux).*error.*timeout",
    ],
)
def test_seen(pattern: str) -> None:
    """A regex of many gaps sees as much of a value as any other, and cuts nothing."""
    term = Term("k", "regex", pattern)

    assert term.limit == 1_024
    assert term.holds([re.sub(r"[.*()]+|\\|[|]\\w+", " ", pattern).replace("|bar", "").replace("|qux", "")])
