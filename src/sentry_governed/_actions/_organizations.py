"""The actions on organizations, projects and releases."""

from __future__ import annotations

from typing import Final

import attrs

from sentry_governed._actions import _endpoints as e
from sentry_governed._actions import _parameters as p
from sentry_governed._actions._action import Action, Parameter

_OF_RELEASE = (p.ORG, p.PROJECT_CLAIM, p.VERSION)

_ORGANIZATIONS = (
    Action(
        "organizations.list",
        "List the organizations that the token sees.",
        "none",
        "GET",
        e.at(f"{e.API}/organizations", e.ORG_READ, lists=True),
        (
            Parameter("owner", "query", "bool", "Only those that the token's user owns."),
            Parameter("query", "query", "text", "Only those that match, such as `slug:my-org`."),
            Parameter("sort_by", "query", "enum", "Largest first.", choices=("events", "members")),
            *p.PAGED,
        ),
        paging="per_page",
    ),
    Action("organizations.get", "Read an organization.", "org", "GET", e.at(e.ORG, e.ORG_READ), (p.ORG,)),
    Action(
        "projects.list",
        "List the projects of an organization.",
        "org",
        "GET",
        e.at(f"{e.ORG}/projects", e.ORG_READ, lists=True),
        (p.ORG, Parameter("query", "query", "text", "Only those whose name or slug matches."), *p.PAGED),
        paging="per_page",
    ),
    Action(
        "projects.get",
        "Read a project.",
        "project",
        "GET",
        e.at(e.PROJECT, e.PROJECT_READ),
        (p.ORG, p.PROJECT),
    ),
    Action(
        "teams.list",
        "List the teams of an organization.",
        "org",
        "GET",
        e.at(f"{e.ORG}/teams", e.ORG_READ, lists=True),
        (
            p.ORG,
            Parameter("query", "query", "text", "Only those whose name or slug matches."),
            Parameter("detailed", "query", "enum", "`0` leaves out their projects.", choices=("0", "1")),
            *p.PAGED,
        ),
        paging="per_page",
    ),
    Action(
        "members.list",
        "List the members of an organization, pending invitations included.",
        "org",
        "GET",
        e.at(f"{e.ORG}/members", e.MEMBER_READ, lists=True),
        (p.ORG, *p.PAGED),
        paging="per_page",
    ),
    Action(
        "ownership.get",
        "Read the ownership rules of a project.",
        "project",
        "GET",
        e.at(f"{e.PROJECT}/ownership", e.PROJECT_READ),
        (p.ORG, p.PROJECT),
    ),
)

_RELEASES = (
    Action(
        "releases.list",
        "List the releases of an organization.",
        "org",
        "GET",
        e.at(f"{e.ORG}/releases", e.RELEASE_READ, lists=True),
        (
            p.ORG,
            p.PROJECTS_QUERY,
            p.ENVIRONMENTS,
            Parameter("query", "query", "text", "Only those whose version contains it."),
            *p.PAGED,
        ),
        paging="per_page",
    ),
    Action(
        "releases.get",
        "Read a release.",
        "project",
        "GET",
        e.at(e.RELEASE, e.RELEASE_READ),
        (
            p.ORG,
            attrs.evolve(p.PROJECTS_QUERY, repeated=False, doc="The project whose figures to include."),
            p.VERSION,
            *p.RELEASE_STATS,
        ),
    ),
    Action(
        "releases.create",
        "Create a release, or add projects to it when it is already there.",
        "project",
        "POST",
        e.at(f"{e.ORG}/releases", e.RELEASE_WRITE),
        (
            p.ORG,
            p.PROJECT_CLAIM,
            attrs.evolve(p.VERSION, where="body"),
            p.RELEASE_PROJECTS,
            *p.RELEASE_FIELDS,
            Parameter("status", "body", "enum", "Whether it is in use.", choices=("archived", "open")),
            Parameter("owner", "body", "text", "The user or team in charge."),
        ),
        successes=(201, 208),
    ),
    Action(
        "releases.update",
        "Change fields of a release.",
        "project",
        "PUT",
        e.at(e.RELEASE, e.RELEASE_WRITE),
        (*_OF_RELEASE, *p.RELEASE_FIELDS),
    ),
    Action(
        "releases.deploys.list",
        "List the deploys of a release.",
        "project",
        "GET",
        e.at(f"{e.RELEASE}/deploys", e.RELEASE_READ, lists=True),
        (*_OF_RELEASE, *p.PAGED),
        paging="per_page",
    ),
    Action(
        "releases.deploys.create",
        "Record that a release was deployed.",
        "project",
        "POST",
        e.at(f"{e.RELEASE}/deploys", e.RELEASE_WRITE),
        (
            *_OF_RELEASE,
            Parameter("environment", "body", "environment", "Where to.", required=True, max_length=64),
            attrs.evolve(
                p.RELEASE_PROJECTS,
                required=False,
                doc="The projects deployed; all of the release's otherwise.",
            ),
            Parameter("name", "body", "text", "What it is called.", max_length=64),
            Parameter("url", "body", "url", "Where a person reads about it."),
            Parameter("date_started", "body", "datetime", "When it began."),
            Parameter("date_finished", "body", "datetime", "When it was done; now otherwise."),
        ),
        successes=(201, 208),
    ),
)

ORGANIZATION_ACTIONS: Final = _ORGANIZATIONS + _RELEASES
