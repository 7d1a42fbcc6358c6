"""Texts that a value must hold for a regex to be found in it."""

import re
import sys

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sentry_governed.teams import Term
from sentry_governed.teams._literals import folded

from .strategies import MANY
from .strategies_regex import matching_values, regexes


def literals(pattern: str) -> tuple[str, ...]:
    """What is required of a value by a regex."""
    return Term("k", "regex", pattern).literals


@pytest.mark.parametrize(
    ("pattern", "required"),
    [
        ("web", ["web"]),
        ("Web-API", ["web-api"]),
        ("^job-17-.*$", ["job-17-"]),
        (r"^https?://shop\.example/", ["://shop.example/"]),
        ("a+foo", ["foo"]),
        ("foo(bar)baz", ["foobarbaz"]),
        ("foo(?:bar)+baz", ["foobar"]),
        ("foo(?:barbar){2}baz", ["foobarbar"]),
        ("foo(?:barbar)?", ["foo"]),
        ("fooo.bar", ["fooo"]),
        ("foo[^x]barr", ["barr"]),
        ("fooo(?=x)bar", ["fooo"]),
        ("fooo(?:ab|cd)bar", ["fooo"]),
        ("(?:timeout|deadline)", ["deadline", "timeout"]),
        ("(?:timeout|deadline)-x", ["deadline", "timeout"]),
        ("(?:ab|cd)-prod", ["-prod"]),
        ("a(?:|timeout)", ["a"]),
        ("(?i)Payment", ["payment"]),
        ("x(?i:PAY)", ["xpay"]),
        ("[Pp]ayment[.]done", ["payment.done"]),
        (r"foo\b-bar", ["foo-bar"]),
        ("(?>foo)bar", ["foobar"]),
        ("foo++bar", ["foo"]),
        ("größe", ["größe"]),
        ("(?i)größe", ["gr"]),
        ("(?i)kiss", ["kiss"]),
        ("\u03a3\u0391\u03a3", ["\u03c3\u03b1\u03c3"]),
    ],
)
def test_required(pattern: str, required: list[str]) -> None:
    """The longest run that every match goes through is required, or one of each alternative's."""
    assert sorted(literals(pattern)) == required


@pytest.mark.parametrize(
    "pattern",
    [
        ".", "a?", "(?:web)?", "(?:web)*", "(?:web){0,3}", "web|", "web|.", r"\d+", "[ab]", "[^a]", "(?=web)",
        "(?!web)", "(?<=web)", "(?<!web)", "(a)?(?(1)web|api)", "(?i)ß", "(?i)[kK\u212a]", "^$",
        "|".join(f"{chr(97 + n)}" * 3 for n in range(20)),
    ],
)  # fmt: skip
def test_in_doubt(pattern: str) -> None:
    """What may be left out, looks around or depends on the rest is not required."""
    assert literals(pattern) == ()


@settings(max_examples=MANY)
@given(st.data(), regexes)
def test_never_missed(data: st.DataObject, pattern: str) -> None:
    """A value that a regex is found in holds one of the texts that the regex requires."""
    value = data.draw(matching_values(pattern))
    assume(re.search(pattern, value))
    required = literals(pattern)

    assert not required or any(text in folded(value) for text in required)


def test_ignored_case() -> None:
    """Whatever character Python takes for an ASCII letter is that letter when folded."""
    everything = "".join(map(chr, range(sys.maxunicode + 1)))

    for letter in "abcdefghijklmnopqrstuvwxyz":
        forms = re.findall(f"(?i){letter}", everything)
        assert len(forms) >= 2
        assert set(map(folded, forms)) == {letter}


def test_folding() -> None:
    """Folding goes letter by letter, so that a part of a value stays a part of it."""
    every = [chr(code) for code in range(sys.maxunicode + 1)]

    assert folded("".join(every)) == "".join(map(folded, every))
    assert all(len(folded(letter)) == 1 for letter in every)


@given(
    st.text("a\u03a3\u03c3\u03c2\u0130\u0131\u017fKk ", max_size=8),
    st.text("a\u03a3\u03c3\u03c2\u0130\u0131\u017fKk ", max_size=8),
)
def test_folding_context(left: str, right: str) -> None:
    """What stands around a letter does not change what it is folded to."""
    assert folded(left + right) == folded(left) + folded(right)
