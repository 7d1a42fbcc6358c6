"""Texts that a regex is found in."""

import pytest
from hypothesis import given, settings

from sentry_governed.teams import Term
from sentry_governed.teams._strings import texts_found_by

from .strategies_regex import regexes


@settings(max_examples=300)
@given(regexes)
def test_found(pattern: str) -> None:
    """The regex is found in every one of them; they differ, and are few."""
    term = Term("k", "regex", pattern)
    texts = tuple(texts_found_by(term))

    assert all(term.holds((text,)) for text in texts)
    assert len(set(texts)) == len(texts) <= 8


@pytest.mark.parametrize(
    "pattern",
    [
        "a",
        "^a$",
        "^$",
        "foo|bar",
        "^search-(api|indexer)$",
        "(?i)csrf|forbidden",
        r"^(POST|PUT) .checkout.[0-9]{1,9}$",
        r"\bweb\b",
        r"\d+-\w+\.com$",
        "(?<=a)b",
        "x(?=y)",
        r"^(.)\1$",
        "[^a-z]{3,}",
        "[ü-ÿ]",
        r"^\s\S\W\D$",
        "^(?>ab|cd)e++$",
        "ü.*ß",
        "a{2,5}b??",
        "^[^\\x00-\\x7f]$",
    ],
)
def test_everyday(pattern: str) -> None:
    """For everyday regexes there is at least one text, and for a negated term the same ones."""
    texts = tuple(texts_found_by(Term("k", "regex", pattern)))

    assert texts
    assert tuple(texts_found_by(Term("k", "regex", pattern, negated=True))) == texts


def test_alternatives() -> None:
    """Each of a few alternatives has a text."""
    assert set(texts_found_by(Term("k", "regex", "^(a|b|c)-(?:x|y)$"))) >= {"a-x", "b-y", "c-x"}


def test_more_around() -> None:
    """A regex without anchors has texts other than the shortest one."""
    assert set(texts_found_by(Term("k", "regex", "web"))) >= {"web", "weba", "aweba"}


@pytest.mark.parametrize("pattern", ["a^", "(?!)", "$a", "(?=a)b"])
def test_none(pattern: str) -> None:
    """What is never found has none."""
    assert tuple(texts_found_by(Term("k", "regex", pattern))) == ()


def test_long() -> None:
    """A regex that asks for more than a value could hold takes no time."""
    assert tuple(texts_found_by(Term("k", "regex", "(?:(?:a{1000}){1000}){1000}"))) == ()
