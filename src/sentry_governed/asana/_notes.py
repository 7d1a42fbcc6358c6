"""The sections of a task's notes: small functions that each say one thing, or nothing.

Only facts that a section names are written. The alert's body holds personal data and is never dumped.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from sentry_governed.alerts import Alert
from sentry_governed.asana._priority import Priority
from sentry_governed.asana._settings import TaskSettings
from sentry_governed.asana._templates import fill_link
from sentry_governed.asana._text import one_line
from sentry_governed.asana._urls import parse_task_url, task_url

if TYPE_CHECKING:
    from sentry_governed.teams import Route  # loading the rules brings the YAML library with it


@attrs.frozen
class Context:
    """What a section may speak of.

    Attributes:
        alert: What happened.
        route: Who owns it, and why.
        settings: What is configured.
        priority: The task's priority.
        previous: The id or address of the task for the previous alert of the same issue, or None.
        root: The id or address of the first task of the same issue, or None.
    """

    alert: Alert
    route: Route
    settings: TaskSettings
    priority: Priority
    previous: str | None = None
    root: str | None = None

    @functools.cached_property
    def values(self) -> Mapping[str, str]:
        """A value of each fact that has one, with the alert's `issue_id`, `event_id` and `occurred_at`."""
        own = {name: getattr(self.alert, name) for name in ("issue_id", "event_id", "occurred_at")}
        facts = {name: next(filter(None, values), None) for name, values in self.alert.facts.items()}
        return MappingProxyType({name: value for name, value in {**facts, **own}.items() if value})

    def line(self, label: str, value: str | None) -> str | None:
        """`label: value` on one line, or None without a value."""
        shown = one_line(value or "")
        return f"{label}: {shown}" if shown else None


Section: TypeAlias = Callable[[Context], str | None]
"""Returns its lines of the notes as plain text, or None to write nothing."""


def issue_url(context: Context) -> str | None:
    """Where a person opens the alert."""
    return context.line(context.alert.source.capitalize(), context.alert.link)


def time(context: Context) -> str | None:
    """When it happened."""
    return context.line("Time", context.alert.occurred_at)


def customer(context: Context) -> str | None:
    """Every value of the customer tag."""
    return context.line("Customer", ", ".join(context.alert.facts.get(context.settings.customer_tag, ())))


def environment(context: Context) -> str | None:
    """The alert's environment."""
    return context.line("Environment", context.alert.environment)


def runbook(context: Context) -> str | None:
    """What the runbook tag says, else the configured link."""
    tagged = context.values.get(context.settings.runbook_tag)
    return context.line("Runbook", tagged or _link(context.settings.runbook_link, context))


def console_link(context: Context) -> str | None:
    """The configured link to the cloud console."""
    return context.line("Console", _link(context.settings.console_link, context))


def trace_link(context: Context) -> str | None:
    """The configured link to the trace or log."""
    return context.line("Trace or log", _link(context.settings.trace_link, context))


def related_tasks(context: Context) -> str | None:
    """The configured link to a search for related tasks."""
    return context.line("Related tasks", _link(context.settings.related_link, context))


def routing_reason(context: Context) -> str | None:
    """Who owns it, and why."""
    team, reason = one_line(context.route.team.name), context.route.reason
    return context.line("Team", f"{team} ({reason})" if reason else team)


def previous_task(context: Context) -> str | None:
    """The task for the previous alert of the same issue."""
    return context.line("Previous task", _task(context.previous))


def root_task(context: Context) -> str | None:
    """The first task of the same issue."""
    return context.line("First task", _task(context.root))


_FUNCTIONS: Final = (
    issue_url,
    time,
    customer,
    environment,
    runbook,
    console_link,
    trace_link,
    related_tasks,
    routing_reason,
    previous_task,
    root_task,
)

SECTIONS: Final[Mapping[str, Section]] = MappingProxyType(
    {function.__name__: function for function in _FUNCTIONS}
)
"""The built-in sections by the name that switches them on."""


def _link(template: str | None, context: Context) -> str | None:
    return fill_link(template, context.values) if template else None


def _task(address: str | None) -> str | None:
    gid = parse_task_url(address or "")
    return task_url(gid) if gid else None
