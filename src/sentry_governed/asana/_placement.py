"""Where a task goes: a plan that names what to ask, and what follows from the answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import attrs

from sentry_governed._convert import parse_utc
from sentry_governed.alerts import Alert
from sentry_governed.asana._checks import shown
from sentry_governed.asana._priority import Priority, level_names, priority_of
from sentry_governed.asana._settings import TaskSettings
from sentry_governed.asana._text import one_line
from sentry_governed.asana._urls import is_gid

if TYPE_CHECKING:
    from sentry_governed.teams import Route  # loading the rules brings the YAML library with it


@attrs.frozen
class LatestProject:
    """Use the newest current project of a portfolio.

    Attributes:
        portfolio: Its id; None when none is configured, and then the step finds nothing.
        what: The portfolio in words.
        why: Why it is asked, in words.
    """

    portfolio: str | None
    what: str
    why: str


@attrs.frozen
class FixedProject:
    """Use a project that is configured.

    Attributes:
        project: Its id; None when none is configured, and then the step finds nothing.
        what: The project in words.
        why: Why it is used, in words.
    """

    project: str | None
    what: str
    why: str


Step: TypeAlias = LatestProject | FixedProject
"""One thing that a placement looks at."""


@attrs.frozen
class Placement:
    """A plan of where a task goes.

    Attributes:
        choices: Tried in order. The first one of which any step finds a project is taken, with every project
            that its steps find.
    """

    choices: tuple[tuple[Step, ...], ...]

    @property
    def portfolios(self) -> tuple[str, ...]:
        """The portfolios whose newest project must be known to resolve the plan, each once, in order."""
        asked: dict[str, None] = {}
        for steps in self.choices:
            for step in steps:
                if isinstance(step, LatestProject) and step.portfolio:
                    asked[step.portfolio] = None
            if any(isinstance(step, FixedProject) and step.project for step in steps):
                break
        return tuple(asked)


@attrs.frozen
class Resolution:
    """What became of a plan.

    Attributes:
        projects: Where the task goes, each once; empty when nothing was found.
        notes: What was passed over and why, one line each.
    """

    projects: tuple[str, ...]
    notes: tuple[str, ...] = ()


@attrs.frozen
class PortfolioItem:
    """One item of a portfolio, as Asana lists it.

    Attributes:
        gid: Its id.
        resource_type: `project`, or `portfolio` for a nested one.
        created_at: ISO 8601.
        archived: Whether it is out of use.
    """

    gid: str
    resource_type: str
    created_at: str | None = None
    archived: bool = False


def plan_placement(alert: Alert, route: Route, settings: TaskSettings) -> Placement:
    """The usual plan, from the alert's environment and priority.

    `dev`: the team's sandbox portfolio and the dev project. `staging`: the team's sprint portfolio and the
    release-testing portfolio. Otherwise the team's sprint portfolio if the priority is high, then the team's
    backlog. The default project is where nothing is found. Case is ignored in an environment's name.
    """
    default = FixedProject(
        settings.default_project, "default project", "it is used where nothing else is found"
    )
    environment = (alert.environment or "").strip().lower()
    if environment == "dev":
        return Placement((_for_dev(route, settings), (default,)))
    if environment == "staging":
        return Placement((_for_staging(route, settings), (default,)))
    return Placement((*_for_production(alert, route, settings), (default,)))


def _for_dev(route: Route, settings: TaskSettings) -> tuple[Step, ...]:
    why = "the environment is dev"
    sandbox = route.team.asana_sandbox_portfolio_id
    return (
        LatestProject(_gid(sandbox), _of_team("sandbox portfolio", sandbox, route), why),
        FixedProject(settings.dev_project, "dev project", why),
    )


def _for_staging(route: Route, settings: TaskSettings) -> tuple[Step, ...]:
    why = "the environment is staging"
    release = LatestProject(settings.release_portfolio, "release-testing portfolio", why)
    return _sprint(route, why), release


def _for_production(alert: Alert, route: Route, settings: TaskSettings) -> tuple[tuple[Step, ...], ...]:
    priority = priority_of(alert, settings.priority)
    stated = " and ".join(map(one_line, level_names(alert))) or "nothing about it"
    why = f"the priority is {priority} (the alert says {stated})"
    is_high = priority is Priority.HIGH
    backlog = FixedProject(
        _gid(route.team.asana_backlog_id),
        _of_team("backlog project", route.team.asana_backlog_id, route),
        "it comes next if that portfolio has no current project" if is_high else why,
    )
    return ((_sprint(route, why),), (backlog,)) if is_high else ((backlog,),)


def _sprint(route: Route, why: str) -> LatestProject:
    sprint = route.team.asana_sprint_portfolio_id
    return LatestProject(_gid(sprint), _of_team("sprint portfolio", sprint, route), why)


def _of_team(what: str, written: str | None, route: Route) -> str:
    wrong = f" (its id {shown(written)} is not an Asana id)" if written and not is_gid(written) else ""
    return f"{what} of team {one_line(route.team.name)}{wrong}"


def _gid(text: str | None) -> str | None:
    """A team's id is text that a person wrote: what cannot be an id counts as missing."""
    return text if text and is_gid(text) else None


def resolve(placement: Placement, latest: Mapping[str, str | None]) -> Resolution:
    """Follow a plan with the answers in hand; `latest` maps a portfolio's id to its newest project's.

    A portfolio that `latest` does not hold counts as one without a current project.
    """
    notes: list[str] = []
    for steps in placement.choices:
        found: dict[str, None] = {}
        for step in steps:
            asked, project = _follow(step, latest)
            if project:
                found[project] = None
            else:
                notes.append(
                    f"{step.what}: {'it has no current project' if asked else 'there is no id to use'}"
                )
        if found:
            return Resolution(tuple(found), tuple(notes))
    return Resolution((), tuple(notes))


def _follow(step: Step, latest: Mapping[str, str | None]) -> tuple[str | None, str | None]:
    """The id that the step is about, and the project that it finds."""
    if isinstance(step, FixedProject):
        return step.project, step.project
    return step.portfolio, latest.get(step.portfolio) if step.portfolio else None


def latest_project(items: Iterable[PortfolioItem]) -> str | None:
    """The id of the newest project among a portfolio's items; archived ones and portfolios do not count.

    Projects of one age are told apart by the larger id, so that the order of the list does not matter.
    """
    projects = [item for item in items if item.resource_type == "project" and not item.archived]
    newest = max(projects, key=_age, default=None)
    return newest.gid if newest else None


_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


def _age(item: PortfolioItem) -> tuple[dt.datetime, int, str]:
    return parse_utc(item.created_at or "") or _LONG_AGO, len(item.gid), item.gid
