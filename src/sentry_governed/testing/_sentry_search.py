"""How a fake Sentry searches issues and pages through lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from sentry_governed._values import Pairs, Response
from sentry_governed.testing._sentry_values import FakeIssue, FakeOrg
from sentry_governed.testing._sentry_world import NO_PERMISSION, World, detail
from sentry_governed.testing._wire import Ask, Record, as_json

_MAX_PAGE = 100
_MAX_HITS = 1000
_EVENT_ID = re.compile(r"[0-9a-f]{32}")
_TERM = re.compile(r'!?[^\s:"]+:"[^"]*"|"[^"]*"|\S+')
_PERIOD = re.compile(r"(\d+)([smhdw])")
_COMPARISON = re.compile(r"(>=|<=)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800}


def found_issues(world: World, org: FakeOrg, ask: Ask) -> list[FakeIssue]:
    """The issues that a list call asks for, in its order."""
    projects = asked_projects(world, org, ask)
    query = ask.first("query")
    terms = _TERM.findall("is:unresolved" if query is None else query)
    since, until = _window(world, ask)
    groups = ask.all("group")
    if not all(group.isdecimal() for group in groups):
        raise detail(400, "Invalid group id")
    if groups:
        return [
            issue
            for issue in world.issues.values()
            if issue.org == org.slug and issue.project in projects and issue.id in groups
        ]
    environments = ask.all("environment")
    found = [
        issue
        for issue in world.issues.values()
        if issue.org == org.slug
        and issue.project in projects
        and since <= issue.last_seen <= until
        and (not environments or any(_has_tag(world, issue, "environment", name) for name in environments))
        and all(_fits(world, issue, term) for term in terms)
    ]
    newest_first = ask.first("sort") == "new"
    return sorted(
        found, key=lambda issue: issue.first_seen if newest_first else issue.last_seen, reverse=True
    )


def direct_hit(world: World, org: FakeOrg, ask: Ask) -> FakeIssue | None:
    """The issue of a query that is an event's id or, if that is asked for, a short id.

    As with the real one, neither projects nor dates narrow it.
    """
    query = (ask.first("query") or "").strip()
    if _EVENT_ID.fullmatch(query):
        event = world.events.get(query)
        return None if event is None else world.issue_in(org.slug, event.issue)
    return world.short_id(org.slug, query) if ask.first("shortIdLookup") == "1" and query else None


def asked_projects(world: World, org: FakeOrg, ask: Ask) -> set[str]:
    """The slugs of the projects that a list is limited to; all of them when none are named."""
    known = world.projects_of(org)
    asked = set(ask.all("project")) - {"-1"}
    chosen = {project.slug for project in known if not asked or asked & {project.slug, project.id}}
    if asked - {name for project in known for name in (project.slug, project.id)}:
        raise detail(403, NO_PERMISSION)
    return chosen


def _window(world: World, ask: Ask) -> tuple[float, float]:
    period, now = ask.first("statsPeriod"), world.clock.time()
    if period is not None:
        parsed = _PERIOD.fullmatch(period)
        if parsed is None:
            raise detail(400, f"Invalid statsPeriod: {period}")
        return now - int(parsed[1]) * _SECONDS[parsed[2]], now
    return _moment(ask, "start", float("-inf")), _moment(ask, "end", float("inf"))


def _moment(ask: Ask, name: str, default: float) -> float:
    value = ask.first(name)
    if value is None:
        return default
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise detail(400, f"{value} is not a valid ISO8601 date query") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _fits(world: World, issue: FakeIssue, term: str) -> bool:
    if term.startswith("!"):
        return not _fits(world, issue, term[1:])
    key, colon, value = term.partition(":")
    value = value.strip('"')
    if not colon:
        return term.strip('"').lower() in issue.title.lower()
    if key == "is":
        if value not in ("unresolved", "resolved", "ignored", "archived"):
            raise detail(400, f"Invalid value for is: {value}")
        return issue.status == ("ignored" if value == "archived" else value)
    if key in ("level", "project"):
        return value == (issue.level if key == "level" else issue.project)
    if key == "firstSeen":
        return _is_then(issue.first_seen, value)
    return _has_tag(world, issue, key, value)


def _is_then(moment: float, asked: str) -> bool:
    found = _COMPARISON.fullmatch(asked)
    if found is None:
        raise detail(400, f"{asked}: Invalid date. Expected +/-duration (e.g. +1h) or ISO 8601-like")
    limit = datetime.fromisoformat(found[2]).timestamp()
    return moment >= limit if found[1] == ">=" else moment <= limit


def _has_tag(world: World, issue: FakeIssue, key: str, value: str) -> bool:
    return any((key, value) in event.tags for event in world.events_of(issue))


def page(ask: Ask, records: Sequence[Record], *, size: str = "per_page", headers: Pairs = ()) -> Response:
    """One page, with a Link header that always holds both directions."""
    asked = ask.first(size) or ask.first("per_page") or str(_MAX_PAGE)
    if not asked.isdecimal() or not 1 <= int(asked) <= _MAX_PAGE:
        raise detail(400, f"Invalid {size} value. Must be between 1 and {_MAX_PAGE}.")
    start = _start(ask)
    end = start + int(asked)
    links = (
        _link(ask, "previous", f"0:{max(0, start - int(asked))}:1", some=start > 0),
        _link(ask, "next", f"0:{end}:0", some=end < len(records)),
    )
    return as_json(200, records[start:end], (("link", ", ".join(links)), *headers))


def hits(count: int) -> Pairs:
    """The headers that tell how many there are."""
    return (("x-hits", str(min(count, _MAX_HITS))), ("x-max-hits", str(_MAX_HITS)))


def _start(ask: Ask) -> int:
    cursor = ask.first("cursor")
    if cursor is None:
        return 0
    parsed = re.fullmatch(r"[0-9.]+:([0-9]+):[01]", cursor)
    if parsed is None:
        raise detail(400, "Invalid cursor parameter.")
    return int(parsed[1])


def _link(ask: Ask, rel: str, cursor: str, *, some: bool) -> str:
    others = urlencode([pair for pair in ask.call.query if pair[0] != "cursor"])
    url = f"{ask.origin}{ask.call.path}?{others}&cursor={cursor}"
    return f'<{url}>; rel="{rel}"; results="{str(some).lower()}"; cursor="{cursor}"'
