"""What can be said of a rule on its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sentry_governed._yaml import quoted
from sentry_governed.teams._finding import Finding
from sentry_governed.teams._found import always_found, never_found, text_of
from sentry_governed.teams._implied import apart, exclusive
from sentry_governed.teams._regex import SEEN_BY_REGEX
from sentry_governed.teams._rules import Rule
from sentry_governed.teams._terms import Term

_WITH_FLAGS: Final = re.compile(r"/(.+)/([aimsux]+)", re.DOTALL)
_LIKE_A_REGEX: Final = re.compile(r"\.[*+]|\\[dwsbDWSB.]|\[[^\]]+-[^\]]+\]|\([^)]*\|[^)]*\)|^\^|\$$|^\*|\*$")
_ONE_TEXT: Final = re.compile(r"\^((?:[^\\.^$*+?{}\[\]|()]|\\[^A-Za-z0-9])+)\$")


def about_terms(rule: Rule, location: str, team: str | None) -> Iterator[Finding]:
    """Findings about single terms."""
    for term in dict.fromkeys(rule.terms):
        found = _literal(term) if term.test == "equal" else _regex(term) if term.test == "regex" else None
        if found is not None:
            code, message, hint = found
            yield Finding(code, location, f"term {quoted(str(term))}: {message}", hint=hint, team=team)


def _literal(term: Term) -> tuple[str, str, str] | None:
    if flags := _WITH_FLAGS.fullmatch(term.value):
        hint = f"write {term.key}:/(?{flags[2]}){flags[1]}/"
        return "regex-flags", "this is a literal that begins with '/', not a regex with flags", hint
    if _LIKE_A_REGEX.search(term.value):
        hint = f'write {term.key}:/.../ for a regex, or {term.key}:"{term.value}" stays a literal'
        return "literal-regex", "this literal looks like a regex, and is compared as it stands", hint
    return None


def _regex(term: Term) -> tuple[str, str, str] | None:
    if always_found(term):
        return "always-found", "this is found in every value", f"write {'!' * term.negated}{term.key}"
    if one := _ONE_TEXT.fullmatch(term.value):
        text = re.sub(r"\\(.)", r"\1", one[1])
        plain = Term(term.key, "equal", text, term.negated)
        return "exact-regex", "this is found in one text only", f"write {plain}"
    if (part := text_of(term)) is not None:
        plain = Term(term.key, "equal", part, term.negated)
        message = f"this is found wherever {quoted(part)} is, within other text too"
        return "text-regex", message, f"write {plain} if the whole value is meant"
    if term.limit is not None and term.limit < SEEN_BY_REGEX:
        message = f"this regex sees only the first {term.limit} characters of a value"
        hint = "let neighbouring parts begin with different characters, and it sees all 1,024"
        return "cut-regex", message, hint
    return None


def about_rule(rule: Rule, location: str, team: str | None) -> Iterator[Finding]:
    """Findings about terms that stand in one rule."""
    terms = tuple(dict.fromkeys(rule.terms))
    if len(terms) < len(rule.terms):
        again = next(term for place, term in enumerate(rule.terms) if term in rule.terms[:place])
        message = f"term {quoted(str(again))} stands in the rule twice"
        yield Finding("repeated-term", location, message, hint="delete one", team=team)
    for term in terms:
        if never_found(term):
            so = "it is always true" if term.negated else "the rule never matches"
            message = f"the regex of {quoted(str(term))} is found in no value, so {so}"
            hint = "nothing comes before '^' or behind '$'"
            yield Finding("never-found", location, message, hint=hint, team=team)
    for one, other in exclusive(terms):
        message = (
            f"{quoted(str(one))} and {quoted(str(other))} cannot hold together, so the rule never matches"
        )
        yield Finding("contradiction", location, message, hint="delete one of the two", team=team)
    for one, other in apart(terms):
        both = f"{quoted(str(one))} and {quoted(str(other))}"
        message = f"{both} hold together only where {one.key} has several values"
        hint = "write a rule for each, if either is enough"
        yield Finding("several-values", location, message, hint=hint, team=team)
