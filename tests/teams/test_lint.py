"""What is found in files that load: each finding where it belongs, and none where nothing is wrong."""

import re
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed.teams import CHECKS, SEVERITIES, Finding, Rule, Teams, Term

from .oracle import all_hold
from .strategies import Declaration, declarations

IDS = ", ".join(
    f"Asana{name}Id: {number}"
    for number, name in enumerate(("Backlog", "SprintPortfolio", "SandboxPortfolio", "Team"))
)

MILD = {"missing-id", "text-regex"}


def lint_of(*rules: str, more: str = "") -> list[Finding]:
    """The findings of a file in which team B has these rules, without the mildest; more is text in front."""
    listed = "\n".join(f"    Matchers: {rule}," for rule in rules)
    text = f"default: A\n{more}teams:\n- {{Name: A, {IDS}}}\n- Name: B\n  Entities: [\n{listed}\n  ]\n"
    return [finding for finding in Teams.parse(text).lint() if finding.code not in MILD]


def two_teams(first: str, second: str) -> list[Finding]:
    """The findings about rules of a file in which A has the one rule and B the other."""
    text = (
        f"default: A\nteams:\n- Name: A\n  Entities: [{{Matchers: {first}}}]\n"
        f"- Name: B\n  Entities: [{{Matchers: {second}}}]\n"
    )
    return [finding for finding in Teams.parse(text).lint() if finding.code not in MILD]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("[a, '!a']", "contradiction"),
        ("[a:1, '!a']", "contradiction"),
        ("[a:1, '!a:1']", "contradiction"),
        ("[a:12, '!a:/1/']", "contradiction"),
        ("['a:/x/', '!a:/x/']", "contradiction"),
        ("['a:/x$y./']", "never-found"),
        ("['a:/x^y/']", "never-found"),
        (r"['a:/x\Zy/']", "never-found"),
        ("['a:/x{2000}/']", "never-found"),
        ("['a:/(?!b*)x|y^z/']", "never-found"),
        (r"['a:/[^\s\S]/']", "never-found"),
        ("['a:/x$y/']", "never-found"),
        ("['!a:/x$y/', b]", "never-found"),
        ("[a:12, '!a:/^[0-9]/']", "contradiction"),
        ("['a:/abc/', '!a:/b/']", "contradiction"),
        ("['a:/^x*/']", "always-found"),
        ("['a:/(x|y?)$/']", "always-found"),
        ("[a:1, a:2]", "several-values"),
        ("[a:1, 'a:/2/']", "several-values"),
        ("['a:/re/i']", "regex-flags"),
        ("['a:web-.*']", "literal-regex"),
        ("['a:^web']", "literal-regex"),
        ("['a:(x|y)']", "literal-regex"),
        ("['a:web*']", "literal-regex"),
        (r"['a:\d+']", "literal-regex"),
        ("['a:/x*/']", "always-found"),
        ("['!a:/.*/', b]", "always-found"),
        ("['a:/(x|)/']", "always-found"),
        ("['a:/^web$/']", "exact-regex"),
        (r"['a:/^web\.shop$/']", "exact-regex"),
        ("['a:/x*x*y/']", "cut-regex"),
        ("[a, a, b]", "repeated-term"),
    ],
)
def test_rule(rule: str, code: str) -> None:
    """A rule that is wrong in itself is found where its Matchers stand."""
    (finding,) = lint_of(rule)

    assert (finding.code, finding.team, finding.place) == (code, "B", (6, 5))
    assert finding.severity == CHECKS[code].severity
    assert str(finding).startswith(f"<string>:6:5: {finding.severity}: ")


@pytest.mark.parametrize(
    "rule",
    [
        "[a:1, b:2]", "[a, '!a:1']", "[a:1, '!a:2']", "['a:/x/', '!a:/y/']", "['a:/x$/']", "['a:/^x/']",
        r"['a:/x$\n/']", "['a:/(?m)x$\\ny/']", "[a:a.b.c]", "[a:a/b]", "[a:/tmp]", "['a:/x+/']",
        "['a:/^x+$/']",
        r"['a:/x$\n?/']", "['a:/(?m)x$y/']", "['a:/^x*$/']", "['a:/(?>x*)^/']",
         "['a:/x*+x/']", r"['a:/\bx/']", "['a:/^$/']", "[a:x-y_z]", "['a:/x|y/']",
    ],
)  # fmt: skip
def test_sound(rule: str) -> None:
    """Nothing is said of a rule that can do what it says."""
    assert lint_of(rule) == []


@pytest.mark.parametrize(
    ("first", "second", "code", "loser"),
    [
        ("[a:1]", "[a:1]", "duplicate-rule", "B"),
        ("[a:1, b:2]", "[b:2, a:1]", "duplicate-rule", "B"),
        ("[service:web, env:prod]", "[service:web]", None, None),
        ("[team:x]", "[team:x, '!zone']", None, None),
        ("[service]", "[region:eu, env:prod]", None, None),
        ("[service:web]", "['service:/^web$/']", "conflict", "B"),
        ("['url:/check/']", "['url:/checkout/']", "unreachable-rule", "B"),
        ("['service:/web/', env]", "[service:web, env:prod]", "unreachable-rule", "B"),
        ("[service]", "[service:web]", "unreachable-rule", "B"),
        ("[service:web]", "[service]", "conflict", "B"),
        ("['!a']", "['!a:1']", "conflict", "B"),
        ("['!a:1']", "['!a']", "unreachable-rule", "B"),
        ("[a:1]", "[b:1]", None, None),
        ("['a:/x-/']", "['a:/y-/']", None, None),
        ("['a:/x.y/']", "['a:/x.y+z/']", "conflict", "B"),
        ("['a:/xy/']", "['a:/(?i)xyz/']", "conflict", "B"),
        ("[a, '!b:12']", "[a, '!b:/1/']", "unreachable-rule", "B"),
        ("[a, '!b:/12/']", "[a, '!b:/1/']", "unreachable-rule", "B"),
        ("[a, '!b:/1/']", "[a, '!b:/12/']", "conflict", "B"),
    ],
)
def test_pair(first: str, second: str, code: str | None, loser: str | None) -> None:
    """What two rules of two teams do to each other is found at the one that loses, with a witness."""
    found = [finding for finding in two_teams(first, second) if finding.code != "exact-regex"]

    assert [(finding.code, finding.team) for finding in found] == ([(code, loser)] if code else [])
    assert all(finding.witness is not None and finding.related for finding in found)


def test_priority() -> None:
    """A rule with a priority can make a narrower one useless, which says so."""
    text = (
        "default: A\nteams:\n- Name: A\n  Entities: [{Matchers: [service], Priority: 5}]\n"
        "- Name: B\n  Entities: [{Matchers: [service:web, env:prod]}]\n"
    )
    (finding,) = (each for each in Teams.parse(text).lint() if each.severity == "error")

    assert "priority 5 over 0" in finding.message
    assert finding.related == "<string>:4:15"
    assert finding.witness == {"service": ("web",), "env": ("prod",)}


def test_ignored() -> None:
    """A rule whose every event is ignored is found."""
    more = "ignore:\n- {Matchers: ['env:/^(dev|ci)$/'], Reason: no task}\n"
    found = lint_of("[service:web, env:ci]", "[service:web]", more=more)

    assert [(each.code, each.related) for each in found] == [("ignored-rule", "<string>:3:4")]


def test_ignores() -> None:
    """An ignore rule behind one that takes all of its events is found, and nothing else is said of it."""
    each = ("[env], Reason: a", "[env:ci, b], Reason: b", "[b], Reason: c")
    more = "ignore:\n" + "".join(f"- {{Matchers: {rule}}}\n" for rule in each)
    (finding,) = lint_of("[service:web]", more=more)

    assert (finding.code, finding.place, finding.related) == ("unreachable-ignore", (4, 4), "<string>:3:4")
    assert (finding.team, finding.witness) == (None, {"env": ("ci",), "b": ("any",)})


@pytest.mark.parametrize(
    ("better", "found"),
    [
        (("[a, b:1]", "[a, '!b:1']"), True),
        (("[a, b:1]", "[a, '!b']", "[a, b, '!b:1']"), True),
        (("[a, b:1]", "[a, '!b:2']"), False),
        (("[a, b:1]", "[a, '!b']"), False),
        (("[a, b:1]", "['!a', '!b:1']"), False),
    ],
)
def test_together(better: tuple[str, ...], found: bool) -> None:
    """Rules that leave nothing to another one, though none of them does so alone."""
    findings = lint_of("[a]", *better)

    assert [each.place for each in findings] == [(6, 5)] * found
    if found:
        assert findings[0].code == "unreachable-rule"
        assert "or one of" in findings[0].message


def test_teams() -> None:
    """Teams, their ids and the file's settings are looked at."""
    text = (
        "aliases: {prefixes: [zap_, app_]}\nteams:\n"
        "- {Name: A, AsanaBacklogId: 12, AsanaTeamId: x1, Entities: [{Matchers: [zap_service:web]}]}\n"
        f"- {{Name: B, {IDS.replace('AsanaBacklogId: 0', 'AsanaBacklogId: 12')}}}\n"
    )
    found = Teams.parse(text).lint()

    assert [(each.code, each.place, each.team) for each in found] == [
        ("no-default", (1, 1), None),
        ("unused-alias", (1, 22), None),
        ("missing-id", (3, 10), "A"),
        ("id-not-digits", (3, 10), "A"),
        ("team-without-rules", (4, 10), "B"),
        ("shared-id", (4, 10), "B"),
    ]


TEXTS = ("", "a", "b", "ab", "A", "web", "x")
KEYS = ("service", "team")
TESTS = (
    *(("present", ""), ("equal", "a"), ("equal", "ab")),
    *(("regex", "a"), ("regex", "^a$"), ("regex", "b*")),
)


@st.composite
def small(draw: st.DrawFn) -> Declaration:
    """A file of few keys and plain terms, so that every event can be tried."""
    term = st.builds(
        lambda key, test, negated: Term(key, test[0], test[1], negated),
        st.sampled_from(KEYS),
        st.sampled_from(
            [
                ("present", ""),
                ("equal", "a"),
                ("equal", "ab"),
                ("regex", "a"),
                ("regex", "^a$"),
                ("regex", "b*"),
            ]
        ),
        st.booleans(),
    )
    rule = st.builds(Rule, st.lists(term, min_size=1, max_size=3).map(tuple), st.sampled_from((0, 0, 0, 1)))
    return draw(
        st.builds(
            Declaration,
            teams=st.just(2),
            rules=st.lists(st.tuples(st.integers(0, 1), rule), max_size=6).map(tuple),
            prefixes=st.just(()),
            ignores=st.lists(rule, max_size=1).map(tuple),
            default=st.integers(0, 1),
        )
    )


SUBSETS = [(), *(combinations(TEXTS, 1)), ("a", "ab"), ("a", "b"), ("ab", "b")]
EVENTS = [
    {key: values for key, values in zip(KEYS, chosen, strict=True) if values}
    for chosen in product(SUBSETS, repeat=2)
]


@given(small())
def test_certain(declaration: Declaration) -> None:
    """Of a rule that wins some event it is never said that it cannot."""
    teams = Teams.parse(declaration.text())
    winners = {match.location for event in EVENTS if (match := teams.match(event))}
    matching = {match.location for event in EVENTS for match in teams.matches(event)}
    not_ignored = {
        match.location
        for event in EVENTS
        for match in teams.matches(event)
        if not any(all_hold(map(str, ignore.rule.terms), event) for ignore in teams.ignores)
    }
    for finding in teams.lint():
        if finding.code in {"unreachable-rule", "duplicate-rule"}:
            assert finding.location not in winners
        elif finding.code in {"contradiction", "never-found"}:
            assert finding.location not in matching
        elif finding.code == "ignored-rule":
            assert finding.location not in not_ignored


@given(small())
def test_complete(declaration: Declaration) -> None:
    """A rule of whose terms a better rule has no others is found, unless it never matches."""
    teams = Teams.parse(declaration.text())
    found = teams.lint()
    never = {
        each.location
        for each in found
        if each.code in {"contradiction", "unreachable-rule", "duplicate-rule"}
    }
    matching = {match.location for event in EVENTS for match in teams.matches(event)}
    for better, worse in combinations(sorted(teams.rules, key=lambda match: match.rule.rank), 2):
        if set(better.rule.terms) <= set(worse.rule.terms) and worse.location in matching:
            assert worse.location in never


@given(declarations)
@settings(max_examples=300)
def test_witness(declaration: Declaration) -> None:
    """A witness shows what its finding says, when it is routed."""
    teams = Teams.parse(declaration.text())
    by_location = {match.location: match for match in teams.rules}
    for finding in teams.lint():
        if finding.witness is None:
            assert finding.code not in {"unreachable-rule", "duplicate-rule", "conflict", "ignored-rule"}
            continue
        if finding.code == "unreachable-ignore":
            ignore = teams.route(finding.witness).ignore if teams.default else None
            assert ignore is not None
            assert ignore.location == finding.related
            continue
        loser = by_location[finding.location]
        matching = teams.matches(finding.witness)
        assert loser in matching
        if finding.code == "ignored-rule":
            assert teams.ignores
            assert any(
                all_hold(map(str, ignore.rule.terms), finding.witness, declaration.prefixes)
                for ignore in teams.ignores
                if ignore.location == finding.related
            )
            continue
        assert matching[0] is not loser
        assert by_location[str(finding.related)] in matching
        if finding.code == "conflict":
            assert matching[0] is by_location[str(finding.related)]
            assert matching[0].team != loser.team
            assert matching[0].rule.rank == loser.rule.rank


def test_pairs_once() -> None:
    """Two rules that only their order keeps apart are one finding, at the later one."""
    (finding,) = two_teams("['url:/cart/']", "['url:/cart|basket/']")

    assert finding.code == "conflict"
    assert finding.related == "<string>:4:15"


def test_many() -> None:
    """Thousands of equal rules are each found once."""
    rules = ["[service:web]"] * 2_000
    found = lint_of(*rules)

    assert len(found) == 1_999
    assert {each.code for each in found} == {"duplicate-rule"}


def test_page() -> None:
    """The page lists every check with its severity and meaning."""
    page = (Path(__file__).parent.parent.parent / "docs" / "lint.md").read_text()
    listed = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.*) \|$", page, re.MULTILINE)

    assert listed == [
        (code, check.severity, check.meaning.replace("|", "\\|")) for code, check in CHECKS.items()
    ]


def test_every_check() -> None:
    """Every check has a test above that finds something with it."""
    text = Path(__file__).read_text()

    assert [code for code in CHECKS if f'"{code}"' not in text] == []
    assert list(CHECKS) == sorted(CHECKS, key=lambda code: SEVERITIES.index(CHECKS[code].severity))
