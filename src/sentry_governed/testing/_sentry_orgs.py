"""The routes of a fake Sentry for organizations, and for what finds issues and events in them."""

from __future__ import annotations

from sentry_governed._values import Response
from sentry_governed.testing._sentry_search import page
from sentry_governed.testing._sentry_world import World, missing
from sentry_governed.testing._wire import Ask, Record, as_json


def list_orgs(world: World, ask: Ask) -> Response:
    """The organizations that the caller sees."""
    bound = world.installation_of(ask.token)
    return page(
        ask,
        [org.record(world.web(ask)) for org in world.orgs.values() if bound is None or bound.org == org.slug],
    )


def get_org(world: World, ask: Ask) -> Response:
    """One organization, with its projects and teams as older servers include them."""
    org = world.org(ask)
    projects = [project.record() for project in world.projects_of(org)]
    teams = [_team(world, ask, team) for team in world.teams if world.teams[team].org == org.slug]
    return as_json(200, {**org.record(world.web(ask)), "projects": projects, "teams": teams})


def list_projects(world: World, ask: Ask) -> Response:
    """The projects of an organization."""
    query = ask.first("query") or ""
    return page(
        ask, [project.record() for project in world.projects_of(world.org(ask)) if query in project.slug]
    )


def get_project(world: World, ask: Ask) -> Response:
    """One project, with its organization."""
    project = world.project(ask)
    org = world.orgs[project.org].record(world.web(ask))
    return as_json(200, {**project.record(), "organization": org})


def get_ownership(world: World, ask: Ask) -> Response:
    """The ownership rules of a project."""
    project = world.project(ask)
    text = world.ownership.get((project.org, project.slug))
    return as_json(
        200,
        {
            "raw": text,
            "fallthrough": True,
            "autoAssignment": "Auto Assign to Issue Owner",
            "isActive": text is not None,
            "codeownersAutoSync": True,
            "dateCreated": None,
            "lastUpdated": None,
        },
    )


def list_teams(world: World, ask: Ask) -> Response:
    """The teams of an organization, with their projects unless they are left out."""
    org, query = world.org(ask), ask.first("query") or ""
    found = [team for team in world.teams.values() if team.org == org.slug and query in team.slug]
    if ask.first("detailed") == "0":
        return page(ask, [team.record() for team in found])
    return page(ask, [_team(world, ask, team.id) for team in found])


def _team(world: World, ask: Ask, team_id: str) -> Record:
    team, org = world.teams[team_id], world.org(ask)
    known = [world.named_project(org.slug, slug) for slug in team.projects]
    return {**team.record(), "projects": [project.record() for project in known if project is not None]}


def list_members(world: World, ask: Ask) -> Response:
    """The members of an organization."""
    org = world.org(ask)
    return page(ask, [member.record() for member in world.members.values() if member.org == org.slug])


def list_installations(world: World, ask: Ask) -> Response:
    """The integrations of an organization."""
    org = world.org(ask)
    return page(ask, [known.record() for known in world.installations.values() if known.org == org.slug])


def get_short_id(world: World, ask: Ask) -> Response:
    """The issue of a short id, in any spelling."""
    org = world.org(ask)
    issue = world.short_id(org.slug, ask["short_id"])
    if issue is None:
        raise missing()
    return as_json(
        200,
        {
            "organizationSlug": org.slug,
            "projectSlug": issue.project,
            "groupId": issue.id,
            "group": world.record(issue, ask),
            "shortId": issue.short_id,
        },
    )


def get_event_id(world: World, ask: Ask) -> Response:
    """Where an event is."""
    org = world.org(ask)
    event = world.events.get(ask["event_id"])
    issue = None if event is None else world.issue_in(org.slug, event.issue)
    if event is None or issue is None:
        raise missing()
    return as_json(
        200,
        {
            "organizationSlug": org.slug,
            "projectSlug": issue.project,
            "groupId": issue.id,
            "eventId": event.id,
            "event": event.record(world.projects[issue.org, issue.project]),
        },
    )
