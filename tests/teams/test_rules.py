"""Conditions that must hold together."""

import pytest
import yaml
from hypothesis import given

from sentry_governed.errors import ConfigError, TeamsFileError
from sentry_governed.teams import Rule, Term

from .strategies import any_rules


def test_parse() -> None:
    """A rule is a YAML list of terms, with its priority beside it."""
    rule = Rule.parse('[service:web, "!environment:dev"]', priority=3)

    assert rule == Rule((Term.parse("service:web"), Term.parse("!environment:dev")), 3)
    assert Rule.parse("- service:web") == Rule((Term.parse("service:web"),))


@given(any_rules)
def test_round_trip(rule: Rule) -> None:
    """The text of a rule parses back to it, and any YAML reader sees a list of its terms."""
    assert Rule.parse(str(rule), priority=rule.priority) == rule
    assert yaml.safe_load(str(rule)) == [str(term) for term in rule.terms]


def test_text() -> None:
    """The text of a rule is a flow list of double-quoted terms."""
    assert str(Rule.parse("[k:a, 'k:/\\d/', 'k:\"x\"']")) == r'["k:a", "k:/\\d/", "k:x"]'


def test_empty() -> None:
    """A rule has at least one term."""
    with pytest.raises(ConfigError, match="would match everything"):
        Rule(())
    with pytest.raises(TeamsFileError, match="empty Matchers would match everything"):
        Rule.parse("[]")


def test_all_problems() -> None:
    """All that is wrong with a rule is told at once, each with its place."""
    with pytest.raises(TeamsFileError) as caught:
        Rule.parse('[on, "k://", [a], "!"]')

    assert [(problem.line, problem.column, problem.message) for problem in caught.value.problems] == [
        (1, 2, "term 'on' is a boolean to YAML"),
        (1, 6, "an empty regex"),
        (1, 14, "a term is not text"),
        (1, 19, "a lone '!'"),
    ]


@pytest.mark.parametrize("text", ["", "a: b", "service:web", "[a, *b]", "[a", "[" * 50])
def test_refused(text: str) -> None:
    """What is not a list of terms is refused."""
    with pytest.raises(TeamsFileError):
        Rule.parse(text)


@pytest.mark.parametrize(
    ("text", "precedence"),
    [
        ("[team:a]", 3),
        ("[service:a]", 2),
        ("[service:a, team:b]", 3),
        ("[url:a]", 1),
        ('["!team:a"]', 1),
        ('["!team:a", service]', 2),
        ("[zap_team:a]", 1),
        ("[team]", 3),
        ("[Team:a]", 1),
    ],
)
def test_precedence(text: str, precedence: int) -> None:
    """A positive term on team goes before one on service, and both before the rest."""
    assert Rule.parse(text).precedence == precedence


def test_rank() -> None:
    """Priority goes before precedence, precedence before the number of distinct terms."""
    texts = [
        ("[a, b]", 1),
        ("[team:x]", 0),
        ("[service:x, a]", 0),
        ("[service:x]", 0),
        ("[a]", 0),
        ("[team]", -1),
    ]
    rules = [Rule.parse(text, priority=priority) for text, priority in texts]

    assert sorted(rules[3:] + rules[:3], key=lambda rule: rule.rank) == rules


def test_distinct() -> None:
    """A term that is written twice counts once, whichever way it is written."""
    assert Rule.parse('[a:b, "a:\\"b\\""]').rank == Rule.parse("[a:b]").rank
