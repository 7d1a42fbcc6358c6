"""Which projects a plan leads to, asking Asana as little as possible."""

from __future__ import annotations

from sentry_governed._http.flow import Flow, now
from sentry_governed.asana import Placement, Resolution, latest_project, portfolio_items, resolve
from sentry_governed.errors import SentryGovernedError
from sentry_governed.routing._failures import stays


class Portfolios:
    """The newest project of each portfolio, remembered for a while; shared by every handling of a router."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._known: dict[str, tuple[float, str | None]] = {}

    def forget(self) -> None:
        """Ask again: a project that was remembered is of no use."""
        self._known.clear()

    def latest(self, portfolio: str) -> Flow[tuple[str | None, str | None]]:
        """The newest project, and what went wrong if Asana would not say."""
        time = yield from now()
        known = self._known.get(portfolio)
        if known and known[0] > time:
            return known[1], None
        try:
            project = latest_project((yield from portfolio_items(portfolio)))
        except SentryGovernedError as error:
            if not stays(error):
                raise
            return None, f"portfolio {portfolio} cannot be read: {error}"
        self._known[portfolio] = (time + self._seconds, project)
        return project, None


def place(placement: Placement, portfolios: Portfolios) -> Flow[Resolution]:
    """Follow a plan to its projects."""
    latest: dict[str, str | None] = {}
    problems: list[str] = []
    for portfolio in placement.portfolios:
        latest[portfolio], problem = yield from portfolios.latest(portfolio)
        if problem:
            problems.append(problem)
    found = resolve(placement, latest)
    return Resolution(found.projects, (*problems, *found.notes))
