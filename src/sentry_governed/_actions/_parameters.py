"""The parameters that several actions share."""

from __future__ import annotations

from typing import Final

import attrs

from sentry_governed._actions._action import Parameter

_ORG_ALIASES = ("organization", "org_slug", "organization_slug", "orgSlug", "organizationSlug")
_PROJECT_ALIASES = ("project_slug", "projectSlug")
_LONGEST_WINDOW = 7 * 24 * 60
_STATS_PERIODS = ("1h", "1d", "2d", "7d", "14d", "24h", "30d", "48h", "90d")

ORG: Final = Parameter(
    "org", "path", "org", "The organization's slug or numeric id.", required=True, aliases=_ORG_ALIASES
)
ORG_CLAIM: Final = attrs.evolve(ORG, where="claim")
PROJECT: Final = Parameter(
    "project", "path", "project", "The project's slug or numeric id.", required=True, aliases=_PROJECT_ALIASES
)
PROJECT_CLAIM: Final = attrs.evolve(
    PROJECT,
    where="claim",
    required=False,
    doc="The project it is believed to belong to; refused when Sentry says otherwise.",
)
PROJECTS_QUERY: Final = attrs.evolve(
    PROJECT, where="query", required=False, repeated=True, doc="Only these projects."
)
ISSUE_ID: Final = Parameter(
    "issue_id", "path", "issue", "The issue's numeric or short id.", required=True, aliases=("id",)
)
VERSION: Final = Parameter(
    "version",
    "path",
    "version",
    "The release's version.",
    required=True,
    max_length=200,
    aliases=("release", "release_version", "releaseVersion"),
)
INSTALLATION: Final = Parameter(
    "installation", "path", "uuid", "The uuid of the integration's installation.", required=True
)

CURSOR: Final = Parameter(
    "cursor", "query", "text", "Where the page begins, from the page before.", max_length=500
)
PER_PAGE: Final = Parameter(
    "per_page", "query", "int", "Items in a page.", minimum=1, maximum=100, wire="per_page"
)
LIMIT: Final = attrs.evolve(PER_PAGE, name="limit", wire="limit")
PAGED: Final = (PER_PAGE, CURSOR)

ENVIRONMENTS: Final = Parameter(
    "environment", "query", "environment", "Only these environments.", repeated=True, max_length=64
)
PERIOD: Final = (
    Parameter("stats_period", "query", "text", "How far back, such as `24h`; it wins over start and end."),
    Parameter("start", "query", "datetime", "The earliest time."),
    Parameter("end", "query", "datetime", "The latest time."),
)

ISSUE_EXPAND: Final = Parameter(
    "expand",
    "query",
    "enum",
    "Further facts to include.",
    repeated=True,
    choices=(
        "forecast",
        "inbox",
        "integrationIssues",
        "latestEventHasAttachments",
        "owners",
        "sentryAppIssues",
    ),
)
ISSUE_COLLAPSE: Final = Parameter(
    "collapse", "query", "enum", "Facts to leave out.", repeated=True, choices=("release", "stats", "tags")
)

RESOLVE_DETAILS: Final = (
    Parameter(
        "in_release",
        "body",
        "text",
        "The version that fixes it, or `latest`.",
        max_length=200,
        wire="statusDetails.inRelease",
    ),
    Parameter(
        "in_next_release", "body", "bool", "The next release fixes it.", wire="statusDetails.inNextRelease"
    ),
    Parameter(
        "commit",
        "body",
        "text",
        "The commit that fixes it; needs repository.",
        max_length=64,
        wire="statusDetails.inCommit.commit",
    ),
    Parameter(
        "repository",
        "body",
        "text",
        "The repository of the commit.",
        max_length=200,
        wire="statusDetails.inCommit.repository",
    ),
)
_ARCHIVED = ("archived_forever", "archived_until_condition_met", "archived_until_escalating")
SUBSTATUS: Final = Parameter(
    "substatus",
    "body",
    "enum",
    "The finer status.",
    choices=(*_ARCHIVED, "escalating", "new", "ongoing", "regressed"),
)
ARCHIVE: Final = attrs.evolve(
    SUBSTATUS, doc="Until when; forever, or until a condition given here is met.", choices=_ARCHIVED
)
IGNORE_DETAILS: Final = (
    Parameter(
        "ignore_duration",
        "body",
        "int",
        "For so many minutes.",
        minimum=1,
        wire="statusDetails.ignoreDuration",
    ),
    Parameter(
        "ignore_count",
        "body",
        "int",
        "Until so many more events.",
        minimum=1,
        wire="statusDetails.ignoreCount",
    ),
    Parameter(
        "ignore_window",
        "body",
        "int",
        "The minutes within which ignore_count counts.",
        minimum=1,
        maximum=_LONGEST_WINDOW,
        wire="statusDetails.ignoreWindow",
    ),
    Parameter(
        "ignore_user_count",
        "body",
        "int",
        "Until so many more users are affected.",
        minimum=1,
        wire="statusDetails.ignoreUserCount",
    ),
    Parameter(
        "ignore_user_window",
        "body",
        "int",
        "The minutes within which ignore_user_count counts.",
        minimum=1,
        maximum=_LONGEST_WINDOW,
        wire="statusDetails.ignoreUserWindow",
    ),
)
ASSIGNED_TO: Final = Parameter(
    "assigned_to", "body", "text", "`user:<id>`, `team:<id>`, a user name or an e-mail; empty unassigns."
)
ISSUE_FIELDS: Final = (
    Parameter(
        "status",
        "body",
        "enum",
        "The new status.",
        choices=("ignored", "resolved", "resolvedInNextRelease", "unresolved"),
    ),
    SUBSTATUS,
    *RESOLVE_DETAILS,
    *IGNORE_DETAILS,
    ASSIGNED_TO,
    Parameter("priority", "body", "enum", "The new priority.", choices=("high", "low", "medium")),
    Parameter("has_seen", "body", "bool", "Whether the token's user has seen it."),
    Parameter("is_bookmarked", "body", "bool", "Whether the token's user keeps it bookmarked."),
    Parameter("is_subscribed", "body", "bool", "Whether the token's user is notified."),
    Parameter("inbox", "body", "bool", "Whether it is in the inbox for review."),
)

RELEASE_PROJECTS: Final = Parameter(
    "projects", "body", "project", "The projects the release is for.", required=True, repeated=True
)
RELEASE_FIELDS: Final = (
    Parameter("ref", "body", "text", "The commit or tag that was released.", max_length=200),
    Parameter("url", "body", "url", "Where a person reads about it."),
    Parameter("date_released", "body", "datetime", "When it went live."),
    Parameter(
        "commits",
        "body",
        "object",
        "The commits in it.",
        repeated=True,
        fields=(
            Parameter("id", "body", "text", "The commit's hash.", required=True, max_length=64),
            Parameter("repository", "body", "text", "The repository's name.", max_length=64),
            Parameter("message", "body", "text", "The commit's message."),
            Parameter(
                "author_name", "body", "text", "The author's name.", max_length=128, wire="author_name"
            ),
            Parameter(
                "author_email", "body", "text", "The author's e-mail.", max_length=200, wire="author_email"
            ),
            Parameter("timestamp", "body", "datetime", "When it was committed."),
            Parameter(
                "patch_set",
                "body",
                "object",
                "The files it changed.",
                repeated=True,
                wire="patch_set",
                fields=(
                    Parameter("path", "body", "text", "The file.", required=True, max_length=510),
                    Parameter(
                        "type",
                        "body",
                        "enum",
                        "Added, modified or deleted.",
                        required=True,
                        choices=("A", "D", "M"),
                    ),
                ),
            ),
        ),
    ),
    Parameter(
        "refs",
        "body",
        "object",
        "Where the release starts and ends in each repository.",
        repeated=True,
        fields=(
            Parameter("commit", "body", "text", "The last commit.", required=True, max_length=64),
            Parameter("repository", "body", "text", "The repository's name.", required=True, max_length=200),
            Parameter("previous_commit", "body", "text", "The commit before the first.", max_length=64),
        ),
    ),
)
RELEASE_STATS: Final = (
    Parameter("health", "query", "bool", "Whether to include health figures."),
    Parameter("adoption_stages", "query", "bool", "Whether to include adoption stages."),
    Parameter(
        "summary_stats_period", "query", "enum", "How far back the summary goes.", choices=_STATS_PERIODS
    ),
    Parameter(
        "health_stats_period", "query", "enum", "How far back the health figures go.", choices=_STATS_PERIODS
    ),
)
