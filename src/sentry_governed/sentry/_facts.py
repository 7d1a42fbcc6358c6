"""Whose a call really is: what Sentry says about it, never what the caller claims.

A lookup is a read that carries the asked action. Its response reaches nobody: it only tells the facts that
the second decision rests on, and the canonical ids that the request is then made with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Final, TypeVar

import attrs

from sentry_governed._actions import find
from sentry_governed._convert import is_list
from sentry_governed._grammar import is_id, is_org_slug, is_project_slug
from sentry_governed._http.answers import decoded, structured, unexpected
from sentry_governed._http.flow import Flow, check
from sentry_governed._values import Request, Response
from sentry_governed.errors import ClaimRefused, Denied, NotFound
from sentry_governed.sentry._asked import SERVICE, Asked
from sentry_governed.sentry._models import EventPlace, ExternalIssue, Issue, ShortId
from sentry_governed.sentry._organizations import Organization, Project, Release, projects_of
from sentry_governed.typing import JsonValue

T = TypeVar("T")
_PAGE: Final = 100
_READS: Final = frozenset({"issues.get", "releases.get"})
_PLACES: Final = {"events.resolve": "event_id", "shortids.resolve": "short_id"}


@attrs.frozen
class Facts:
    """What is established about a call.

    Attributes:
        asked: The call with slugs and canonical ids in place of whatever named them.
        projects: Every project concerned, or None where only the answer can tell.
        resource: The canonical id of the thing acted on.
        read: The request and response of the lookup, where they are the answer already.
    """

    asked: Asked
    projects: tuple[str, ...] | None = None
    resource: str | None = None
    read: tuple[Request, Response] | None = None


def establish(asked: Asked) -> Flow[Facts]:
    """Find out whose a call is.

    Raises:
        ClaimRefused: Sentry says otherwise than the caller.
        Denied: Policy refused a lookup.
        ApiError: Sentry does not say.
    """
    asked = yield from _by_slugs(asked)
    path_names = asked.endpoint.path_names
    for applies, find_out in (
        ("issue_id" in asked.values, _of_issue),
        ("issue_ids" in asked.values, _of_issues),
        (asked.action.name in _PLACES, _of_place),
        ("version" in path_names, _of_release),
        ("version" in asked.values, _of_new_release),
    ):
        if applies:
            return (yield from find_out(asked))
    if "project" in path_names:
        return Facts(asked, (asked.text("project"),), asked.text("project"))
    return Facts(asked, asked.claims() or None)


def _by_slugs(asked: Asked) -> Flow[Asked]:
    """The call with slugs for the numeric ids of what it is decided on.

    A project that only narrows a list stays as it is: the list is decided item by item.
    """
    if asked.text("org") and asked.org is None:
        read = _as("organizations.get", org=asked.text("org"))
        found = yield from _look_up(asked, read, Organization)
        if not is_org_slug(found.slug) or found.id != asked.text("org"):
            raise _other(asked, "organization")
        asked = asked.having(org=found.slug)
    for known in asked.action.parameters:
        if known.kind != "project" or (known.where == "query" and asked.action.scope == "org"):
            continue
        slugs: dict[str, None] = {}
        for project in asked.texts(known.name):
            slugs[(yield from _project_slug(asked, project))] = None
        if slugs:
            asked = asked.having(**{known.name: list(slugs) if known.repeated else next(iter(slugs))})
    return asked


def _project_slug(asked: Asked, project: str) -> Flow[str]:
    if not is_id(project):
        return project
    read = _as("projects.get", org=asked.text("org"), project=project)
    found = yield from _look_up(asked, read, Project)
    if not is_project_slug(found.slug) or found.id != project:
        raise _other(asked, "project")
    return found.slug


def _of_issue(asked: Asked) -> Flow[Facts]:
    org, issue_id = asked.text("org"), asked.text("issue_id")
    if not is_id(issue_id):
        read = _as("shortids.resolve", org=org, short_id=issue_id)
        issue_id = (yield from _look_up(asked, read, ShortId, issue_id)).group.id
        asked = asked.having(issue_id=issue_id)
    is_answer = asked.action.name in _READS
    read = asked if is_answer else _as("issues.get", org=org, issue_id=issue_id)
    request, response = yield from _read(asked, read, issue_id)
    issue = structured(request, response, decoded(request, response), Issue)
    slug = issue.project.slug
    if not (is_project_slug(slug) and is_id(issue.id)):
        raise unexpected(request, response, "the issue's project or id is malformed")
    yield from _refuse_claims(asked, (slug,))
    asked = asked.having(issue_id=issue.id)
    if asked.action.name == "external_issues.delete":
        yield from _check_link(asked, slug)
    return Facts(asked, (slug,), issue.id, (request, response) if is_answer else None)


def _check_link(asked: Asked, project: str) -> Flow[None]:
    """The path of a link names neither organization nor issue: make sure that it is the issue's."""
    org, issue_id = asked.text("org"), asked.text("issue_id")
    links = _as("external_issues.list", org=org, issue_id=issue_id)
    request, response = yield from _read(asked, links, issue_id, (project,))
    found = _all(request, response, ExternalIssue)
    if asked.text("external_issue_id") not in {link.id for link in found}:
        yield from _refuse(asked, "the link is none of the issue's", issue_id)


def _of_issues(asked: Asked) -> Flow[Facts]:
    ids = asked.texts("issue_ids")
    found: dict[str, str] = {}
    for start in range(0, len(ids), _PAGE):
        batch = list(ids[start : start + _PAGE])
        read = _as("issues.list", org=asked.text("org"), query="", group=batch, limit=_PAGE)
        request, response = yield from _read(asked, read, None)
        for issue in _all(request, response, Issue):
            if not is_project_slug(issue.project.slug):
                raise unexpected(request, response, "an issue's project is malformed")
            found[issue.id] = issue.project.slug
    missing = [issue_id for issue_id in ids if issue_id not in found]
    if missing:
        yield from _refuse(asked, f"issue {missing[0]} is not there under this id, so none is changed")
    projects = tuple(sorted({found[issue_id] for issue_id in ids}))
    if claims := asked.claims():
        yield from _refuse_claims(asked, claims, projects)
    return Facts(asked.having(project=list(projects)), projects, ",".join(ids))


def _of_place(asked: Asked) -> Flow[Facts]:
    """Whose something is that names no project: what is told of it is decided on before it is told."""
    request, response = yield from _read(asked, asked, asked.text(_PLACES[asked.action.name]))
    value = decoded(request, response)
    place: ShortId | EventPlace
    if asked.action.name == "shortids.resolve":
        place = structured(request, response, value, ShortId)
    else:
        place = structured(request, response, value, EventPlace)
    if place.organization_slug.lower() != asked.text("org").lower():
        raise _other(asked, "organization")
    if not all(map(is_project_slug, projects_of(place))):
        raise unexpected(request, response, "the project is malformed")
    group = place.group.id if isinstance(place, ShortId) else place.group_id
    return Facts(asked, projects_of(place), group, (request, response))


def _of_release(asked: Asked) -> Flow[Facts]:
    org, version, named = asked.text("org"), asked.text("version"), asked.texts("projects")
    if named:
        yield from _refuse_claims(asked, named)
        return Facts(asked, named, version)
    is_answer = asked.action.name in _READS
    read = asked if is_answer else _as("releases.get", org=org, version=version)
    request, response = yield from _read(asked, read, version)
    release = structured(request, response, decoded(request, response), Release)
    projects = release.project_slugs
    if not projects or not all(map(is_project_slug, projects)):
        raise unexpected(request, response, "the release's projects cannot be told")
    if release.version != version:
        raise _other(asked, "release")
    yield from _refuse_claims(asked, projects)
    if asked.action.parameter("projects") is not None:
        asked = asked.having(projects=list(projects))
    return Facts(asked, projects, version, (request, response) if is_answer else None)


def _of_new_release(asked: Asked) -> Flow[Facts]:
    """A version that is there already gets the projects too, and changes for those that it had."""
    org, version, named = asked.text("org"), asked.text("version"), asked.texts("projects")
    yield from _refuse_claims(asked, named)
    already: tuple[str, ...] = ()
    try:
        read = _as("releases.get", org=org, version=version)
        already = (yield from _look_up(asked, read, Release, version)).project_slugs
    except NotFound:
        pass
    return Facts(asked, tuple(dict.fromkeys((*named, *already))), version)


def _as(action: str, **values: JsonValue) -> Asked:
    """Another action, to look something up with."""
    return Asked(find(action), values)


def _read(
    asked: Asked, read: Asked, resource: str | None, projects: tuple[str, ...] = ()
) -> Flow[tuple[Request, Response]]:
    """Send another action's request as a lookup of the asked one.

    What the caller claims is decided on as well: what is denied by name need not be looked up.
    """
    operation = asked.operation("lookup", projects or asked.claims() or None, resource)
    request = read.request()
    return request, (yield from asked.send(operation, request, read.endpoint))


def _look_up(asked: Asked, read: Asked, model: type[T], resource: str | None = None) -> Flow[T]:
    request, response = yield from _read(asked, read, resource)
    return structured(request, response, decoded(request, response), model)


def _all(request: Request, response: Response, model: type[T]) -> list[T]:
    items = decoded(request, response)
    if not is_list(items):
        raise unexpected(request, response, "the body is not a list")
    return [structured(request, response, item, model) for item in items]


def _refuse_claims(asked: Asked, facts: Collection[str], claims: Iterable[str] | None = None) -> Flow[None]:
    """Refuse a call whose claims go beyond the facts; the message names none of the facts."""
    for claim in asked.claims() if claims is None else claims:
        if claim not in facts:
            yield from _refuse(asked, "it is not of the project that was named")


def _refuse(asked: Asked, problem: str, resource: str | None = None) -> Flow[None]:
    """Refuse a call for what its caller claims, and let the authorizer know: nothing is established."""
    with suppress(Denied):
        yield from check(SERVICE, asked.operation("act", None, resource))
    raise ClaimRefused(f"{asked.action.name}: {problem}")


def _other(asked: Asked, what: str) -> ClaimRefused:
    return ClaimRefused(f"{asked.action.name}: Sentry shows another {what} than was asked for")
