"""The actions on issues, their events and their links."""

from __future__ import annotations

from typing import Final

import attrs

from sentry_governed._actions import _endpoints as e
from sentry_governed._actions import _parameters as p
from sentry_governed._actions._action import Action, Parameter

_OF_ISSUE = (p.ORG, p.PROJECT_CLAIM, p.ISSUE_ID)


def _issue_write(
    name: str, summary: str, *parameters: Parameter, status: str = "", same_as: str | None = None
) -> Action:
    return Action(
        name,
        summary,
        "project",
        "PUT",
        e.at(e.ISSUE, e.EVENT_WRITE),
        (*_OF_ISSUE, *parameters),
        fixed=(("status", status),) if status else (),
        same_as=same_as,
        implies_by_body=True,
    )


_ISSUE_READS = (
    Action(
        "issues.list",
        "List the issues of an organization.",
        "org",
        "GET",
        e.at(f"{e.ORG}/issues", e.EVENT_READ, lists=True),
        (
            p.ORG,
            p.PROJECTS_QUERY,
            Parameter("query", "query", "text", "A search; left out it is `is:unresolved`, empty it is all."),
            Parameter("group", "query", "id", "Only these issues.", repeated=True, max_items=100),
            p.ENVIRONMENTS,
            *p.PERIOD,
            Parameter(
                "sort",
                "query",
                "enum",
                "The order; left out it is `date`.",
                choices=("date", "freq", "inbox", "new", "recommended", "trends", "user"),
            ),
            attrs.evolve(
                p.ISSUE_EXPAND,
                choices=(
                    "inbox",
                    "integrationIssues",
                    "latestEventHasAttachments",
                    "owners",
                    "sentryAppIssues",
                    "sessions",
                ),
            ),
            attrs.evolve(p.ISSUE_COLLAPSE, choices=("base", "filtered", "lifetime", "stats", "unhandled")),
            Parameter("view_id", "query", "text", "The saved view to start from."),
            Parameter(
                "group_stats_period",
                "query",
                "enum",
                "The span of the stats.",
                choices=("", "14d", "24h", "auto"),
            ),
            Parameter(
                "short_id_lookup", "query", "enum", "Whether a query may be a short id.", choices=("0", "1")
            ),
            p.LIMIT,
            p.CURSOR,
        ),
        paging="limit",
    ),
    Action(
        "issues.get",
        "Read an issue.",
        "project",
        "GET",
        e.at(e.ISSUE, e.EVENT_READ),
        (*_OF_ISSUE, p.ENVIRONMENTS, p.ISSUE_EXPAND, p.ISSUE_COLLAPSE),
    ),
    Action(
        "issues.tags",
        "Read the tags of an issue, or the most frequent values of one tag.",
        "project",
        "GET",
        e.at(f"{e.ISSUE}/tags/{{key}}", e.EVENT_READ) + e.at(f"{e.ISSUE}/tags", e.EVENT_READ, lists=True),
        (
            *_OF_ISSUE,
            Parameter("key", "path", "tag_key", "The tag; left out, all of them.", max_length=200),
            p.ENVIRONMENTS,
        ),
    ),
    Action(
        "shortids.resolve",
        "Find the issue that has a short id.",
        "org",
        "GET",
        e.at(f"{e.ORG}/shortids/{{short_id}}", e.EVENT_READ),
        (
            p.ORG,
            Parameter("short_id", "path", "short_id", "Such as `WEB-1A`, in any spelling.", required=True),
        ),
    ),
)

_ISSUE_WRITES = (
    _issue_write("issues.update", "Change fields of an issue.", *p.ISSUE_FIELDS),
    _issue_write("issues.resolve", "Resolve an issue.", *p.RESOLVE_DETAILS, status="resolved"),
    _issue_write("issues.ignore", "Archive an issue.", p.ARCHIVE, *p.IGNORE_DETAILS, status="ignored"),
    _issue_write(
        "issues.mute",
        "Archive an issue, under its older name.",
        p.ARCHIVE,
        *p.IGNORE_DETAILS,
        status="ignored",
        same_as="issues.ignore",
    ),
    _issue_write("issues.unresolve", "Reopen an issue.", status="unresolved"),
    _issue_write(
        "issues.unmute",
        "Reopen an issue, under its older name.",
        status="unresolved",
        same_as="issues.unresolve",
    ),
    _issue_write(
        "issues.assign",
        "Assign an issue to a user or a team.",
        attrs.evolve(p.ASSIGNED_TO, required=True),
    ),
    Action(
        "issues.update_many",
        "Change fields of several issues, each named by its id.",
        "project",
        "PUT",
        e.at(f"{e.ORG}/issues", e.EVENT_WRITE),
        (
            p.ORG,
            p.PROJECTS_QUERY,
            Parameter(
                "issue_ids",
                "query",
                "id",
                "The issues' numeric ids.",
                required=True,
                repeated=True,
                max_items=1000,
                aliases=("ids", "id"),
                wire="id",
            ),
            *p.ISSUE_FIELDS,
        ),
        successes=(200, 204),
        implies=("issues.update",),
        implies_by_body=True,
    ),
    Action(
        "issues.comment",
        "Post a comment on an issue.",
        "project",
        "POST",
        e.at(f"{e.ISSUE}/notes", e.EVENT_WRITE),
        (*_OF_ISSUE, Parameter("text", "body", "text", "The comment, in Markdown.", required=True)),
        successes=(201,),
    ),
)

_EVENTS = (
    Action(
        "events.list",
        "List the events of an issue, or of a project.",
        "project",
        "GET",
        e.at(f"{e.ISSUE}/events", e.EVENT_READ, lists=True)
        + e.at(f"{e.PROJECT}/events", e.PROJECT_READ, lists=True),
        (
            p.ORG,
            attrs.evolve(p.PROJECT, required=False),
            attrs.evolve(p.ISSUE_ID, required=False),
            Parameter("query", "query", "text", "Only those that match.", only_with="issue_id"),
            attrs.evolve(p.ENVIRONMENTS, only_with="issue_id"),
            *p.PERIOD,
            Parameter("full", "query", "bool", "Whether to include the stack trace."),
            Parameter("sample", "query", "bool", "Whether to mix them up the same way each time."),
            *p.PAGED,
        ),
        paging="per_page",
    ),
    Action(
        "events.latest",
        "Read the latest event of an issue.",
        "project",
        "GET",
        e.at(f"{e.ISSUE}/events/latest", e.EVENT_READ),
        (*_OF_ISSUE, p.ENVIRONMENTS),
    ),
    Action(
        "events.resolve",
        "Find the project and issue that an event belongs to.",
        "org",
        "GET",
        e.at(f"{e.ORG}/eventids/{{event_id}}", e.ORG_READ),
        (p.ORG, Parameter("event_id", "path", "event_id", "32 hexadecimal digits.", required=True)),
    ),
)

_EXTERNAL_ISSUES = (
    Action(
        "external_issues.list",
        "List what an issue is linked to elsewhere.",
        "project",
        "GET",
        e.at(f"{e.ISSUE}/external-issues", e.EVENT_READ, lists=True),
        _OF_ISSUE,
    ),
    Action(
        "external_issues.create",
        "Link an issue to something elsewhere, shown as `project#identifier`.",
        "project",
        "POST",
        e.at(e.LINKS, e.EVENT_WRITE),
        (
            p.INSTALLATION,
            p.ORG_CLAIM,
            p.PROJECT_CLAIM,
            attrs.evolve(p.ISSUE_ID, where="body"),
            Parameter("web_url", "body", "url", "Where the link leads.", required=True),
            Parameter(
                "display_project", "body", "text", "Shown before the `#`.", required=True, wire="project"
            ),
            Parameter("identifier", "body", "text", "Shown after the `#`.", required=True),
        ),
        integration_token=True,
    ),
    Action(
        "external_issues.delete",
        "Remove a link of an issue.",
        "project",
        "DELETE",
        e.at(f"{e.LINKS}/{{external_issue_id}}", ("event:admin",)),
        (
            p.INSTALLATION,
            p.ORG_CLAIM,
            p.PROJECT_CLAIM,
            attrs.evolve(
                p.ISSUE_ID, where="claim", doc="The numeric or short id of the issue that has the link."
            ),
            Parameter("external_issue_id", "path", "id", "The link's numeric id.", required=True),
        ),
        successes=(204,),
        integration_token=True,
    ),
)

ISSUE_ACTIONS: Final = _ISSUE_READS + _ISSUE_WRITES + _EVENTS + _EXTERNAL_ISSUES
