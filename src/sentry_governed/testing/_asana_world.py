"""The state of a fake Asana, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import attrs

from sentry_governed._values import Pairs, Response
from sentry_governed.testing._asana_values import FakeField, FakePortfolio, FakeProject, FakeStory, FakeTask
from sentry_governed.testing._wire import Record, Refused, as_json
from sentry_governed.typing import Clock

ThingT = TypeVar("ThingT")

_HELP = "For more information on API status codes and how to handle them, read the docs on errors"


def errors(status: int, message: str, headers: Pairs = ()) -> Response:
    """An error in Asana's shape."""
    return as_json(status, {"errors": [{"message": message, "help": _HELP}]}, headers)


def refused(message: str, status: int = 400) -> Refused:
    """An error to raise."""
    return Refused(errors(status, message))


@attrs.frozen
class Offset:
    """Where a listing goes on, for which query, and until when."""

    position: int
    query: str
    expires_at: float


@attrs.define
class World:
    """Everything that a fake Asana knows."""

    clock: Clock
    paid: bool
    listing_delay: float
    offset_life: float
    me: Record
    workspace: Record
    projects: dict[str, FakeProject] = attrs.field(factory=dict[str, FakeProject])
    portfolios: dict[str, FakePortfolio] = attrs.field(factory=dict[str, FakePortfolio])
    fields: dict[str, FakeField] = attrs.field(factory=dict[str, FakeField])
    tasks: dict[str, FakeTask] = attrs.field(factory=dict[str, FakeTask])
    stories: dict[str, tuple[FakeStory, ...]] = attrs.field(factory=dict[str, tuple[FakeStory, ...]])
    offsets: dict[str, Offset] = attrs.field(factory=dict[str, Offset])
    hidden: set[str] = attrs.field(factory=set[str])
    last_gid: int = 1_200_000_000_000_000

    def new_gid(self) -> str:
        """A gid that nothing has yet."""
        self.last_gid += 1
        return str(self.last_gid)

    def project(self, gid: str) -> FakeProject:
        """The project that a path names."""
        return self._named(self.projects, "project", gid)

    def portfolio(self, gid: str) -> FakePortfolio:
        """The portfolio that a path names."""
        self.want_paid("Portfolios are not available for free users or guests.")
        return self._named(self.portfolios, "portfolio", gid)

    def task(self, gid: str) -> FakeTask:
        """The task that a path names, by its gid or as `external:<gid>`."""
        if gid.startswith("external:"):
            wanted = gid.removeprefix("external:")
            gid = next((task.gid for task in self.tasks.values() if external_gid(task) == wanted), "0")
        return self._named(self.tasks, "task", gid)

    def want_paid(self, message: str) -> None:
        """Refuse what the free plan lacks."""
        if not self.paid:
            raise refused(message, 402)

    def want_access(self, kind: str, gid: str) -> None:
        """Refuse what exists and is not the caller's to see."""
        if gid in self.hidden:
            raise refused(f"You do not have access to this {kind}.", 403)

    def _named(self, things: Mapping[str, ThingT], kind: str, gid: str) -> ThingT:
        if not gid.isdecimal():
            raise refused(f"{kind}: Not a recognized ID: {gid}")
        self.want_access(kind, gid)
        thing = things.get(gid)
        if thing is None:
            raise refused(f"{kind}: Unknown object: {gid}", 404)
        return thing

    def fields_of(self, projects: tuple[str, ...]) -> dict[str, FakeField]:
        """The custom fields that a task in these projects has, by gid."""
        gids = [gid for name in projects if name in self.projects for gid in self.projects[name].fields]
        return {gid: self.fields[gid] for gid in gids}

    def record(self, task: FakeTask) -> Record:
        """A task as JSON."""
        projects = [self.projects[gid] for gid in task.projects if gid in self.projects]
        return task.record(self.workspace, projects, self.fields_of(task.projects).values())


def external_gid(task: FakeTask) -> object:
    """The id that an application gave the task, or None."""
    return None if task.external is None else task.external.get("gid")
