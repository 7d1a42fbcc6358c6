"""A fake Asana."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import attrs

from sentry_governed._values import Pairs, Response
from sentry_governed.testing._asana_routes import ROUTES
from sentry_governed.testing._asana_values import (
    FakeField,
    FakeOption,
    FakePortfolio,
    FakeProject,
    FakeStory,
    FakeTask,
    FieldType,
)
from sentry_governed.testing._asana_world import World, errors
from sentry_governed.testing._fake import Fake
from sentry_governed.testing._faults import Fault
from sentry_governed.testing._wire import Ask, as_html
from sentry_governed.typing import Clock

_MESSAGES = {
    401: "Not Authorized",
    402: "This feature is not available on your plan.",
    403: "Forbidden",
    404: "No matching route for request",
    429: "You have made too many requests recently. Please, be chill.",
    451: "Unavailable for legal reasons",
    500: "Server Error",
}


class FakeAsana(Fake):
    """A stateful Asana of one workspace, as the public API shows it.

    It keeps what is created, refuses what Asana refuses with the same status and shape, and answers 429
    beyond 50 reads or 15 writes in flight.

    Args:
        token: The token that HTTP callers must show; None lets everybody in.
        clock: What it takes the time from; the system's when None.
        listing_delay: Seconds until a new task shows up in a project's listing.
        offset_life: Seconds until a pagination offset expires.
        paid: Whether the plan has portfolios and custom fields; 402 otherwise.
    """

    public_origin: ClassVar[str] = "https://app.asana.com"
    base_path: ClassVar[str] = "/api/1.0"
    capacity: ClassVar[tuple[float, float]] = (50, 15)

    def __init__(
        self,
        *,
        token: str | None = None,
        clock: Clock | None = None,
        listing_delay: float = 0.0,
        offset_life: float = 3600.0,
        paid: bool = True,
    ) -> None:
        super().__init__(token=token, clock=clock)
        self._world = World(
            clock=self.clock,
            paid=paid,
            listing_delay=listing_delay,
            offset_life=offset_life,
            me={"gid": "1100", "resource_type": "user", "name": "Fake User", "email": "fake@example.com"},
            workspace={"gid": "1000", "resource_type": "workspace", "name": "Fake Workspace"},
        )

    @property
    def workspace(self) -> str:
        """The gid of the one workspace."""
        return str(self._world.workspace["gid"])

    def add_project(
        self,
        name: str,
        *,
        gid: str | None = None,
        portfolio: str | None = None,
        created_at: float | None = None,
        archived: bool = False,
    ) -> FakeProject:
        """Make a project, in a portfolio if one is named."""
        with self._lock:
            world = self._world
            now = self.clock.time() if created_at is None else created_at
            project = FakeProject(gid or world.new_gid(), name, now, archived)
            world.projects[project.gid] = project
            self._put_into(portfolio, project.gid)
            return project

    def add_portfolio(
        self, name: str, *, gid: str | None = None, portfolio: str | None = None
    ) -> FakePortfolio:
        """Make a portfolio, in another one if that is named."""
        with self._lock:
            world = self._world
            made = FakePortfolio(gid or world.new_gid(), name, self.clock.time())
            world.portfolios[made.gid] = made
            self._put_into(portfolio, made.gid)
            return made

    def add_custom_field(
        self,
        name: str,
        *,
        projects: Sequence[str],
        field_type: FieldType = "text",
        gid: str | None = None,
        options: Mapping[str, str] | None = None,
        disabled: Sequence[str] = (),
        locked: bool = False,
    ) -> FakeField:
        """Make a custom field and put it on projects.

        Args:
            name: What people see.
            projects: Gids of the projects whose tasks get the field.
            field_type: What it holds.
            gid: Its id; made up when None.
            options: Names of an enum's options by gid.
            disabled: Gids of the options that can no longer be chosen.
            locked: Whether writing it is refused.
        """
        with self._lock:
            world = self._world
            choices = tuple(
                FakeOption(option, label, option not in disabled) for option, label in (options or {}).items()
            )
            field = FakeField(gid or world.new_gid(), name, field_type, choices, locked)
            world.fields[field.gid] = field
            for project in projects:
                known = world.projects[project]
                world.projects[project] = attrs.evolve(known, fields=(*known.fields, field.gid))
            return field

    def archive(self, project: str) -> None:
        """Archive a project."""
        with self._lock:
            self._world.projects[project] = attrs.evolve(self._world.projects[project], archived=True)

    def complete(self, task: str) -> None:
        """Complete a task, as a person would."""
        with self._lock:
            known, now = self._world.tasks[task], self.clock.time()
            self._world.tasks[task] = attrs.evolve(known, completed_at=now, modified_at=now)

    def hide(self, gid: str) -> None:
        """Take away the caller's access to a task, project or portfolio: 403 from now on."""
        with self._lock:
            self._world.hidden.add(gid)

    def delete(self, gid: str) -> None:
        """Delete a task, project or portfolio: 404 from now on."""
        with self._lock:
            for things in (self._world.tasks, self._world.projects, self._world.portfolios):
                things.pop(gid, None)

    @property
    def tasks(self) -> tuple[FakeTask, ...]:
        """Every task that exists, oldest first."""
        with self._lock:
            return tuple(self._world.tasks.values())

    def task(self, gid: str) -> FakeTask:
        """The task of that gid.

        Raises:
            KeyError: There is none.
        """
        with self._lock:
            return self._world.tasks[gid]

    def stories(self, task: str) -> tuple[FakeStory, ...]:
        """The comments on a task, oldest first."""
        with self._lock:
            return self._world.stories.get(task, ())

    def refuse(self, fault: Fault) -> Response:
        """Answer with the fault's status as Asana does."""
        status = fault.code or 500
        headers: Pairs = fault.headers
        if fault.retry_after is not None:
            headers = (("retry-after", f"{fault.retry_after:g}"), *headers)
        if fault.body is not None:
            return Response(status, headers, fault.body)
        if status in _MESSAGES:
            return errors(status, _MESSAGES[status], headers)
        return as_html(status, "Bad gateway", headers)

    def _route(self, ask: Ask, path: str) -> Response:
        if self.token is not None and ask.token != self.token:
            return errors(401, _MESSAGES[401])
        found = ROUTES.find(ask.call.method, path)
        if found is None:
            return errors(404, _MESSAGES[404])
        handler, params = found
        return handler(self._world, attrs.evolve(ask, params=params))

    def _put_into(self, portfolio: str | None, gid: str) -> None:
        if portfolio is not None:
            known = self._world.portfolios[portfolio]
            self._world.portfolios[portfolio] = attrs.evolve(known, items=(*known.items, gid))
