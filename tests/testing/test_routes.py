"""`assert_routes`: passes when everything comes out as expected, and says all that does not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed import assert_routes
from sentry_governed.alerts import Alert, Ignored
from sentry_governed.asana import TaskBuilder, TaskSettings
from sentry_governed.errors import ConfigError
from sentry_governed.teams import Rule, Teams
from sentry_governed.testing import Case

TEAMS = Teams.parse(
    """\
version: 1
default: Platform
aliases: {prefixes: [zap_]}
ignore:
- {Matchers: [noise], Reason: it is noise}
teams:
- Name: Web
  AsanaBacklogId: "11"
  AsanaSprintPortfolioId: "12"
  AsanaSandboxPortfolioId: "13"
  Entities: [
    Matchers: [service:web],
    Matchers: [service:web, "!region:us"],
  ]
- Name: Platform
  AsanaBacklogId: "21"
""",
    source="rules/teams.yaml",
)
BUILDER = TaskBuilder(TaskSettings(default_project="1", dev_project="2", release_portfolio="3"))
WEB = {"service": "web", "region": "us"}


def failure(*cases: Case, teams: Teams = TEAMS) -> str:
    """What is said when these cases do not pass."""
    with pytest.raises(AssertionError) as caught:
        assert_routes(teams, cases, builder=BUILDER)
    return str(caught.value)


@pytest.mark.parametrize(
    "expected",
    [
        {"team": "Web"},
        {"default": False},
        {"ignored": False},
        {"rule": "[service:web]"},
        {"rule": Rule.parse("[service:web]", priority=3)},
        {"rule": "teams.yaml:12:5"},
        {"rule": "elsewhere/teams.yaml:12:5"},
        {"rule": "12:5"},
        {"rule": "12"},
        {"priority": "high"},
        {"placement": ["sprint portfolio", "backlog project"]},
        {"placement": ["12", "backlog project of team Web"]},
    ],
)
def test_met(expected: dict[str, str]) -> None:
    """Each expectation that is met passes, alone."""
    assert_routes(TEAMS, [Case("a", tags=WEB, **expected)], builder=BUILDER)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"team": "Platform"}, "team: expected Platform, got Web"),
        (
            {"team": "Wep"},
            "team: expected Wep ('rules/teams.yaml' has no such team; did you mean 'Web'?), got Web",
        ),
        ({"default": True}, "default: expected true, got false"),
        ({"ignored": True}, "ignored: expected true, got false"),
        ({"ignored": "it is noise"}, "ignored: expected 'it is noise', got false"),
        (
            {"rule": "['!region:us', service:web]"},
            'rule: expected ["!region:us", "service:web"], got ["service:web"] at rules/teams.yaml:12:5',
        ),
        ({"rule": "[service:wep]"}, "expected [\"service:wep\"] ('rules/teams.yaml' has no such rule), got"),
        ({"rule": "other.yaml:12:5"}, "('rules/teams.yaml' has no such rule)"),
        ({"rule": "12:6"}, "('rules/teams.yaml' has no such rule)"),
        ({"rule": "13"}, "rule: expected 13, got"),
        ({"priority": "medium"}, "priority: expected medium, got high"),
        (
            {"placement": [["backlog project", "dev project"]]},
            "got sprint portfolio of team Web 12, else backlog project of team Web 11",
        ),
        ({"placement": [["9", "dev project"], "8"]}, "placement: expected 9 with dev project, else 8, got"),
        ({"placement": ["sprint portfolio"]}, "placement: expected sprint portfolio, got"),
        ({"placement": ["sprint portfolio", "default project"]}, "placement: expected"),
        ({"placement": ["sprint", "backlog project"]}, "placement: expected"),
    ],
)
def test_not_met(expected: dict[str, str], said: str) -> None:
    """Each expectation that is not met is said, with what happened and the route's reason."""
    text = failure(Case("the case", tags=WEB, **expected))  # type: ignore[arg-type]  # by name

    assert said in text
    assert text.startswith("1 of 1 cases failed\nthe case\n")
    assert text.endswith("why: rules/teams.yaml:12:5 matched: service:web (service='web')")


def test_part_of_rule() -> None:
    """A rule is all of its terms: the one that has one more is another rule."""
    text = failure(Case("a", tags={"service": "web"}, rule="[service:web]"))

    assert 'expected ["service:web"], got ["service:web", "!region:us"]' in text


def test_all_failures() -> None:
    """Every case that fails is listed, and no other."""
    text = failure(
        Case("first", tags=WEB, team="Platform", default=True),
        Case("second", tags=WEB, team="Web"),
        Case("third", tags={}, team="Web", location="cases.yaml:7:3"),
    )

    assert text.splitlines() == [
        "2 of 3 cases failed",
        "first",
        "    team: expected Platform, got Web",
        "    default: expected true, got false",
        "    why: rules/teams.yaml:12:5 matched: service:web (service='web')",
        "cases.yaml:7:3: third",
        "    team: expected Web, got Platform",
        "    why: no rule matched, so the default team 'Platform' owns it",
    ]


def test_ignored() -> None:
    """An alert that is ignored passes only where that is expected, whoever would own it."""
    noise = {**WEB, "noise": "1"}

    assert_routes(
        TEAMS,
        [
            Case("yes", tags=noise, ignored=True, team="Web"),
            Case("why", tags=noise, ignored="it is noise"),
        ],
    )
    assert "ignored: expected false, got 'it is noise'" in failure(
        Case("owner alone", tags=noise, team="Web")
    )
    assert "ignored: expected false, got 'it is noise'" in failure(Case("no", tags=noise, ignored=False))
    assert "ignored: expected 'other', got 'it is noise'" in failure(
        Case("other", tags=noise, ignored="other")
    )


def test_no_alert() -> None:
    """A webhook that makes no alert is ignored, and nobody owns it."""
    ignored = Ignored("nothing to route", "sentry", "comment.created")

    assert_routes(TEAMS, [Case("a", alert=ignored, ignored="nothing to route")])
    text = failure(Case("a", alert=ignored, ignored=True, team="Web", default=False, placement="1"))
    assert "team: expected Web, got nobody" in text
    assert "placement: expected 1, got nowhere" in text
    assert "default" not in text
    assert "why: comment.created makes no alert: nothing to route" in text


def test_no_default_team() -> None:
    """Without a default team nobody owns what no rule matches."""
    teams = Teams.parse("- Name: Web\n", source="t.yaml")

    text = failure(Case("a", tags={}, team="Web"), Case("b", tags={}, default=True), teams=teams)

    assert "team: expected Web, got nobody" in text
    assert "default: expected true, got false" in text
    assert "why: no rule matches and 't.yaml' has no default team" in text


@pytest.mark.parametrize(
    ("tags", "placement", "priority"),
    [
        ({"environment": "dev"}, [["sandbox portfolio", "dev project"]], "high"),
        ({"environment": "staging"}, [["sprint portfolio", "release-testing portfolio"], "1"], "high"),
        ({"level": "warning"}, "backlog project", "medium"),
        ({"source": "datadog", "priority": "P4"}, "backlog project", "medium"),
        ({"level": ["info", "fatal"], "environment": ""}, "11", "medium"),
        ({"level": None}, ["sprint portfolio", "11"], "high"),
    ],
)
def test_tags_of_task(tags: dict[str, str], placement: str, priority: str) -> None:
    """Level, environment and source among the tags say where a task goes and how urgent it is."""
    case = Case("a", tags={**WEB, **tags}, placement=placement, priority=priority)

    assert_routes(TEAMS, [case], builder=BUILDER)


def test_alert_of_task() -> None:
    """An alert's own facts do the same, and a plan leaves out what has no id."""
    alert = Alert("sentry", "event_alert.triggered", "k", "t", environment="dev", tags={"service": "else"})

    assert_routes(TEAMS, [Case("a", alert=alert, team="Platform", placement="dev project")], builder=BUILDER)
    assert_routes(
        TEAMS, [Case("a", alert=alert, placement="9")], builder=TaskBuilder(TaskSettings(default_project="9"))
    )


def test_needs_builder() -> None:
    """A case that says something about the task needs a builder, and a test needs cases."""
    with pytest.raises(ConfigError, match="needs a builder: b"):
        assert_routes(TEAMS, [Case("a", tags={}, default=True), Case("b", tags={}, priority="high")])
    with pytest.raises(ConfigError, match="no cases"):
        assert_routes(TEAMS, [])


def test_file(tmp_path: Path) -> None:
    """The path of a file of cases will do, and failures say where each case stands."""
    file = tmp_path / "cases.yaml"
    file.write_text("- {name: a, tags: {zap_service: web}, team: Web}\n- {name: b, tags: {}, team: Web}\n")

    with pytest.raises(AssertionError, match=r"1 of 2 cases failed\n.*cases\.yaml:2:3: b\n"):
        assert_routes(TEAMS, file)
    with pytest.raises(AssertionError, match=r"1 of 2 cases failed"):
        assert_routes(TEAMS, str(file))


@given(
    st.dictionaries(st.sampled_from(["service", "region", "noise", "x"]), st.sampled_from(["web", "us", ""]))
)
def test_what_happens_passes(tags: dict[str, str]) -> None:
    """A case that states just what routing answers passes, whatever the tags."""
    route = TEAMS.route(tags)
    draft = BUILDER.build(Alert("sentry", "event_alert.triggered", "k", "t", tags={}), route)
    case = Case(
        "a",
        tags=tags,
        team=route.team.name,
        rule=route.match.rule if route.match else None,
        default=route.is_default,
        ignored=route.reason if route.ignored else False,
        priority=draft.priority,
    )

    assert_routes(TEAMS, [case], builder=BUILDER)
