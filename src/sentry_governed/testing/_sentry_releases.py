"""The routes of a fake Sentry for releases and their deploys."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sentry_governed._values import Response
from sentry_governed.testing._sentry_search import asked_projects, page
from sentry_governed.testing._sentry_values import FakeDeploy, FakeRelease
from sentry_governed.testing._sentry_world import World, body_of, field_errors
from sentry_governed.testing._wire import Ask, as_json
from sentry_governed.typing import JsonValue

_LONGEST = 200
_LONGEST_NAME = 64
_FIELDS = ("ref", "url", "dateReleased", "status", "owner")
_REQUIRED = "This field is required."


def list_releases(world: World, ask: Ask) -> Response:
    """The releases of an organization, newest first."""
    org, query = world.org(ask), ask.first("query") or ""
    projects = asked_projects(world, org, ask)
    found = [
        release
        for release in world.releases.values()
        if release.org == org.slug and query in release.version and projects & {*release.projects}
    ]
    found.sort(key=lambda release: release.created_at, reverse=True)
    return page(ask, [world.release_record(release) for release in found])


def get_release(world: World, ask: Ask) -> Response:
    """One release."""
    return as_json(200, world.release_record(world.release(ask)))


def create_release(world: World, ask: Ask) -> Response:
    """Make a release; one that is there already gets the projects, and the fields, too."""
    org, body = world.org(ask), body_of(ask)
    version = body.get("version")
    if not isinstance(version, str) or not 0 < len(version) <= _LONGEST:
        raise field_errors(version=_REQUIRED)
    projects = _projects(world, org.slug, body)
    if not projects:
        raise field_errors(projects=_REQUIRED)
    known = world.releases.get((org.slug, version))
    release = known or FakeRelease(int(world.new_id()), org.slug, version, (), world.clock.time())
    release = attrs.evolve(
        release,
        projects=tuple(dict.fromkeys((*release.projects, *projects))),
        fields={**release.fields, **_fields(body)},
    )
    world.releases[org.slug, version] = release
    return as_json(201 if known is None else 208, world.release_record(release))


def put_release(world: World, ask: Ask) -> Response:
    """Change a release."""
    release = world.release(ask)
    release = attrs.evolve(release, fields={**release.fields, **_fields(body_of(ask))})
    world.releases[release.org, release.version] = release
    return as_json(200, world.release_record(release))


def list_deploys(world: World, ask: Ask) -> Response:
    """The deploys of a release."""
    release = world.release(ask)
    place = (release.org, release.version)
    found = [deploy for deploy in world.deploys.values() if (deploy.org, deploy.version) == place]
    return page(ask, [deploy.record() for deploy in found])


def create_deploy(world: World, ask: Ask) -> Response:
    """Deploy a release, to all of its projects unless some are named."""
    release, body = world.release(ask), body_of(ask)
    environment = body.get("environment")
    if not isinstance(environment, str) or not environment or len(environment) > _LONGEST_NAME:
        raise field_errors(environment=_REQUIRED)
    projects = _projects(world, release.org, body) or release.projects
    if not {*projects} <= {*release.projects}:
        raise field_errors(projects="Invalid projects")
    name, url = body.get("name"), body.get("url")
    made = FakeDeploy(
        id=world.new_id(),
        org=release.org,
        version=release.version,
        environment=environment,
        projects=projects,
        finished_at=world.clock.time(),
        name=name if isinstance(name, str) else None,
        url=url if isinstance(url, str) else None,
    )
    world.deploys[made.id] = made
    return as_json(201, made.record())


def _projects(world: World, org: str, body: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """The slugs of the projects that a body names by slug or id."""
    named = body.get("projects") or []
    if not isinstance(named, list):
        raise field_errors(projects='Expected a list of items but got type "str".')
    slugs: list[str] = []
    for name in named:
        found = world.named_project(org, name)
        if found is None:
            raise field_errors(projects="Invalid project ids or slugs")
        slugs.append(found.slug)
    return tuple(slugs)


def _fields(body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: body[name] for name in _FIELDS if name in body}
