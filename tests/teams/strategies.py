"""Hypothesis strategies for terms, rules, tags and whole teams files."""

from collections.abc import Mapping
from typing import TypeAlias

import attrs
from hypothesis import settings
from hypothesis import strategies as st

from sentry_governed.teams import Rule, Term

MANY = settings.default.max_examples * 20 if settings.default else 2_000
"""The examples for what must be exact: 2,000, and 100,000 in the nightly run."""

TagLists: TypeAlias = Mapping[str, tuple[str, ...]]

PLAIN_KEYS = ("team", "service", "environment", "url", "a.b", "x/y", "zap_service", "zap_team", "K-9")
PATTERNS = ("a", "^a$", "a|b", "[ab]+", "^$", "(?i)A", "/", ".", "b*", "a{1,2}", r"\bweb\b", '"', ":", "!")
VALUES = ("", "a", "b", "ab", "A", "web", "a:b", "/", "/a/", '"', '"a"', "!a", "true", "5", "a\nb", "ü")

keys = st.sampled_from((*PLAIN_KEYS, "q:z"))
any_keys = st.from_regex(r"[A-Za-z0-9_.\-:]([A-Za-z0-9_.\-/:]{0,8}[A-Za-z0-9_.\-:])?", fullmatch=True)
values = st.sampled_from(VALUES)
any_values = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def terms_of(key: st.SearchStrategy[str], value: st.SearchStrategy[str]) -> st.SearchStrategy[Term]:
    """Terms of every kind, with these keys and literals."""
    return st.one_of(
        st.builds(Term, key, negated=st.booleans()),
        st.builds(Term, key, st.just("equal"), value, st.booleans()),
        st.builds(Term, key, st.just("regex"), st.sampled_from(PATTERNS), st.booleans()),
    )


terms = terms_of(keys, values)
any_terms = terms_of(any_keys, any_values)


def rules_of(term: st.SearchStrategy[Term]) -> st.SearchStrategy[Rule]:
    """Rules of one to four such terms."""
    several = st.lists(term, min_size=1, max_size=4).map(tuple)
    return st.builds(Rule, several, st.sampled_from((0, 0, 0, 1, -1, 7)))


rules = rules_of(terms)
any_rules = rules_of(any_terms)

tags: st.SearchStrategy[TagLists] = st.dictionaries(
    st.sampled_from((*PLAIN_KEYS, "q:z", "zap_environment")),
    st.lists(values, max_size=3).map(tuple),
    max_size=6,
)


@attrs.frozen
class Declaration:
    """What a generated file says: each rule with the index of its team, in the order of the file."""

    teams: int
    rules: tuple[tuple[int, Rule], ...]
    prefixes: tuple[str, ...]
    ignores: tuple[Rule, ...]
    default: int

    def text(self) -> str:
        """The file."""
        lines = ["version: 1", f"default: Team {self.default}"]
        lines += ["aliases: {prefixes: [" + ", ".join(self.prefixes) + "]}"]
        lines += ["ignore:", *(f"- {{Matchers: {rule}, Reason: because}}" for rule in self.ignores)]
        lines += ["teams:"]
        for team in range(self.teams):
            lines += [f"- Name: Team {team}", "  Entities: ["]
            for owner, rule in self.rules:
                if owner == team:
                    lines += [f"    {{Matchers: {rule}, Priority: {rule.priority}}},"]
            lines += ["  ]"]
        return "\n".join(lines) + "\n"

    def in_order(self) -> list[tuple[int, Rule]]:
        """The rules in the order that the file gives them."""
        return sorted(self.rules, key=lambda pair: pair[0])


declarations = st.integers(1, 4).flatmap(
    lambda count: st.builds(
        Declaration,
        teams=st.just(count),
        rules=st.lists(st.tuples(st.integers(0, count - 1), rules), max_size=8).map(tuple),
        prefixes=st.sampled_from(((), ("zap_",), ("zap_", "app_"))),
        ignores=st.lists(rules, max_size=2).map(tuple),
        default=st.integers(0, count - 1),
    )
)

SCRAPS = (*"[]{},:?-#&*!|>'\"%@` \n\t/ab\\", "- ", ": ", "<<: ", "*a", "&a ", "Name", "\r\n", "\x00")


@st.composite
def mutated(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """A text with a few characters put in, taken out or exchanged."""
    text = draw(texts)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        taken = draw(st.integers(0, 2))
        text = text[:at] + draw(st.sampled_from(("", *SCRAPS))) + text[at + taken :]
    return text
