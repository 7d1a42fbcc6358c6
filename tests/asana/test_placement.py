"""Where tasks go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_governed.alerts import Alert
from sentry_governed.asana import (
    FixedProject,
    LatestProject,
    Placement,
    PortfolioItem,
    PrioritySettings,
    Resolution,
    Step,
    TaskSettings,
    latest_project,
    plan_placement,
    resolve,
)
from sentry_governed.teams import Route, Team
from tests.asana.makers import alert, bare_route, datadog, route

IDS = TaskSettings(default_project="1", dev_project="2", release_portfolio="3")


def ids(placement: Placement) -> list[list[str]]:
    """The plan in short: `p` for the newest project of a portfolio, then the id."""

    def short(step: Step) -> str:
        return f"p{step.portfolio}" if isinstance(step, LatestProject) else f"{step.project}"

    return [[short(step) for step in steps] for steps in placement.choices]


@pytest.mark.parametrize(
    ("given_alert", "expected"),
    [
        (alert(environment="dev"), [["p13", "2"], ["1"]]),
        (alert(environment=" Dev "), [["p13", "2"], ["1"]]),
        (alert(environment="staging"), [["p12", "p3"], ["1"]]),
        (alert(environment="STAGING"), [["p12", "p3"], ["1"]]),
        (alert(environment="development"), [["p12"], ["11"], ["1"]]),
        (alert(environment=None, level="fatal"), [["p12"], ["11"], ["1"]]),
        (alert(environment="prod", level="warning"), [["11"], ["1"]]),
        (alert(environment="dev", level="fatal"), [["p13", "2"], ["1"]]),
        (datadog(priority="P1"), [["p12"], ["11"], ["1"]]),
        (datadog(priority="P4"), [["11"], ["1"]]),
    ],
)
def test_plan(given_alert: Alert, expected: list[list[str]]) -> None:
    """The environment and the priority choose what is asked, in order."""
    assert ids(plan_placement(given_alert, route(), IDS)) == expected


def test_levels() -> None:
    """A configured meaning of a level moves the task too."""
    settings = TaskSettings(priority=PrioritySettings(levels={"error": "low"}))

    assert ids(plan_placement(alert(level="error"), route(), settings)) == [["11"], ["None"]]


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
def test_nothing_configured(environment: str) -> None:
    """Without ids every step is there, finds nothing, and nothing has to be asked."""
    plan = plan_placement(alert(environment=environment), bare_route(), TaskSettings())

    assert {step for steps in ids(plan) for step in steps} <= {"None", "pNone"}
    assert plan.portfolios == ()
    assert resolve(plan, {}).projects == ()
    assert all("there is no id to use" in note for note in resolve(plan, {}).notes)


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
def test_no_ids(environment: str) -> None:
    """What a team calls an id and Asana would not counts as missing."""
    team = Team(
        "Web", asana_backlog_id="tbd", asana_sprint_portfolio_id="?", asana_sandbox_portfolio_id="1 2"
    )
    plan = plan_placement(alert(environment=environment), Route(team), TaskSettings())

    assert plan.portfolios == resolve(plan, {}).projects == ()


def test_no_id_said() -> None:
    """The step of a team whose id is none says so, on one line."""
    team = Team("Web", asana_backlog_id="https://app.asana.com/0/123/list\n", asana_sprint_portfolio_id="?")
    plan = plan_placement(alert(), Route(team), TaskSettings())

    assert resolve(plan, {}).notes[:2] == (
        "sprint portfolio of team Web (its id '?' is not an Asana id): there is no id to use",
        (
            "backlog project of team Web (its id 'https://app.asana.com/0/123/list\\n' is not an Asana id): "
            "there is no id to use"
        ),
    )
    (sandbox, _), _ = plan_placement(
        alert(environment="dev"), Route(Team("Web", asana_sandbox_portfolio_id="tbd")), IDS
    ).choices
    assert sandbox.what == "sandbox portfolio of team Web (its id 'tbd' is not an Asana id)"


def test_words() -> None:
    """Each step says what it is and why."""
    steps = [step for steps in plan_placement(alert(), route(), IDS).choices for step in steps]

    assert [(step.what, step.why) for step in steps] == [
        ("sprint portfolio of team Web", "the priority is high (the alert says error)"),
        ("backlog project of team Web", "it comes next if that portfolio has no current project"),
        ("default project", "it is used where nothing else is found"),
    ]


@pytest.mark.parametrize(
    ("environment", "latest", "projects"),
    [
        ("dev", {"13": "90"}, ("90", "2")),
        ("dev", {"13": None}, ("2",)),
        ("dev", {"13": "2"}, ("2",)),
        ("staging", {"12": "90", "3": "91"}, ("90", "91")),
        ("staging", {"12": "90", "3": "90"}, ("90",)),
        ("staging", {"3": "91"}, ("91",)),
        ("staging", {}, ("1",)),
        ("production", {"12": "90"}, ("90",)),
        ("production", {"12": None}, ("11",)),
    ],
)
def test_resolve(environment: str, latest: dict[str, str | None], projects: tuple[str, ...]) -> None:
    """The first choice that finds a project is taken, with all that it finds, each once."""
    plan = plan_placement(alert(environment=environment), route(), IDS)

    assert resolve(plan, latest).projects == projects


def test_notes() -> None:
    """What was passed over is said, and why."""
    plan = plan_placement(alert(), Route(Team("Web", asana_sprint_portfolio_id="12")), IDS)

    assert resolve(plan, {"12": None}) == Resolution(
        ("1",),
        (
            "sprint portfolio of team Web: it has no current project",
            "backlog project of team Web: there is no id to use",
        ),
    )


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        (
            [[LatestProject("1", "", ""), LatestProject("2", "", "")], [LatestProject("1", "", "")]],
            ("1", "2"),
        ),
        ([[LatestProject("1", "", ""), FixedProject("5", "", "")], [LatestProject("2", "", "")]], ("1",)),
        ([[FixedProject(None, "", ""), LatestProject(None, "", "")], [LatestProject("2", "", "")]], ("2",)),
        ([], ()),
    ],
)
def test_portfolios(choices: list[list[Step]], expected: tuple[str, ...]) -> None:
    """Only portfolios that can matter are asked, each once, in order."""
    assert Placement(tuple(map(tuple, choices))).portfolios == expected


steps = st.builds(LatestProject, st.none() | st.sampled_from("123"), st.just("x"), st.just("y")) | st.builds(
    FixedProject, st.none() | st.sampled_from("45"), st.just("x"), st.just("y")
)


@given(
    plan=st.builds(Placement, st.lists(st.lists(steps, max_size=3).map(tuple), max_size=4).map(tuple)),
    latest=st.dictionaries(st.sampled_from("123"), st.none() | st.sampled_from("456")),
)
def test_asked_is_enough(plan: Placement, latest: dict[str, str | None]) -> None:
    """Answers for the portfolios that the plan names decide it: further ones change nothing."""
    asked = {portfolio: latest.get(portfolio) for portfolio in plan.portfolios}

    assert resolve(plan, asked) == resolve(plan, latest)


ITEMS = [
    PortfolioItem("1", "project", "2026-01-01T00:00:00.000Z"),
    PortfolioItem("2", "project", "2026-03-01T00:00:00.000Z"),
    PortfolioItem("3", "project", "2026-04-01T00:00:00.000Z", archived=True),
    PortfolioItem("4", "portfolio", "2026-05-01T00:00:00.000Z"),
    PortfolioItem("5", "project", None),
    PortfolioItem("6", "project", "soon"),
    PortfolioItem("7", "project", "2026-02-28T23:30:00.000-01:00"),
]


@given(items=st.permutations(ITEMS))
def test_latest(items: list[PortfolioItem]) -> None:
    """The newest current project is found in whatever order they are listed."""
    assert latest_project(items) == "7"


@given(items=st.permutations([PortfolioItem(gid, "project", None) for gid in ("9", "10", "8")]))
def test_latest_of_one_age(items: list[PortfolioItem]) -> None:
    """Projects of one age are told apart by the larger id."""
    assert latest_project(items) == "10"


def test_latest_of_none() -> None:
    """A portfolio without current projects has no latest one."""
    assert latest_project([]) is None
    assert (
        latest_project([PortfolioItem("1", "portfolio"), PortfolioItem("2", "project", archived=True)])
        is None
    )
