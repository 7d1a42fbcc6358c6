"""Hypothesis strategies for regexes, and for values that they are found in or nearly found in."""

import contextlib
import re
from collections.abc import Callable

from hypothesis import strategies as st

from sentry_governed.errors import ConfigError
from sentry_governed.teams import Term

WORDS = (
    "ab",
    "web",
    "api-",
    "payment",
    "payments-worker",
    "K",
    "\u017f",
    "ß",
    "\u03a3",
    "\u0130",
    "é",
    "-prod",
    "/v1/",
    "x1",
    "i",
)
CLASSES = (".", r"\w", r"\d", r"\s", "[ab]", "[^a]", "[Ww]", "[kK]", "[a-z]", r"[\w.-]", "[s\u017f]", r"\W")
ANCHORS = ("^", "$", r"\b", r"\B", r"\A", r"\Z", "(?=a)", "(?!b)", "(?<=a)", "(?<!b)")
QUANTIFIERS = ("?", "*", "+", "{2}", "{0,3}", "{1,}", "*?", "+?", "??", "*+", "++", "?+", "{0}", "{1}")

pieces = st.one_of(
    st.sampled_from(WORDS).map(re.escape), st.sampled_from(CLASSES), st.sampled_from(ANCHORS), st.just("")
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=2, max_size=4)
    grouped = st.sampled_from(("(", "(?:", "(?i:", "(?-i:", "(?>", "(?s:", "(?=", "(?!"))
    return st.one_of(
        several.map("".join),
        several.map(lambda each: f"(?:{'|'.join(each)})"),
        st.builds(lambda group, text: f"{group}{text})", grouped, inner),
        st.builds(lambda text, quantifier: f"(?:{text}){quantifier}", inner, st.sampled_from(QUANTIFIERS)),
    )


def _is_usable(pattern: str) -> bool:
    with contextlib.suppress(ConfigError):
        return bool(Term("k", "regex", pattern).limit)
    return False


regexes = (
    st.builds(
        lambda flags, text, other: flags + (f"{text}|{other}" if other else text),
        st.sampled_from(("", "", "", "(?i)", "(?m)", "(?s)", "(?ai)", "(?x)")),
        st.recursive(pieces, _larger, max_leaves=8),
        st.sampled_from(("", "", "", "web", "b.*api-")),
    )
    .filter(bool)
    .filter(_is_usable)
)
"""Regexes of every kind of part that are not refused."""


@st.composite
def matching_values(draw: st.DrawFn, pattern: str) -> str:
    """A value that a regex is found in, where Hypothesis can make one, in any case and perhaps long."""
    scraps = st.lists(st.sampled_from((*WORDS, "a", "b", " ", "\n", "web-prod")), max_size=6).map("".join)
    try:
        value = draw(st.from_regex(pattern)) if draw(st.booleans()) else draw(scraps)
    except (ValueError, NotImplementedError):  # kinds of parts that it does not know
        value = draw(scraps)
    cases: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower, str.swapcase)
    before = draw(st.sampled_from(("", "", "x", "ab-", "z" * 1_010, "\u0130" * 7)))
    return before + draw(st.sampled_from(cases))(value)
