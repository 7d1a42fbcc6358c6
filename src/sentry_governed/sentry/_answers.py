"""What a caller may see of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final, Generic, TypeVar

import attrs

from sentry_governed._convert import is_list, is_object, structure
from sentry_governed._grammar import is_project_slug
from sentry_governed._http.answers import decoded, request_id_of, structured, unexpected
from sentry_governed._http.flow import Flow, check
from sentry_governed._operation import Operation
from sentry_governed._values import Request, Response
from sentry_governed.errors import Denied, PayloadError
from sentry_governed.sentry._asked import SERVICE, Asked
from sentry_governed.sentry._links import is_cursor, next_cursor
from sentry_governed.sentry._models import Changes, EventPlace, Issue, Page, ShortId
from sentry_governed.sentry._organizations import Member, Organization, Project, Release, Team, projects_of
from sentry_governed.typing import JsonValue

M = TypeVar("M")

_NO_CONTENT: Final = 204
_OF_PROJECTS: Final = (EventPlace, Issue, Project, Release, ShortId)


@attrs.frozen(kw_only=True)
class Answer(Generic[M]):
    """What came of a call.

    Attributes:
        operation: What was decided on, in the end.
        status: The status code of the last response.
        request_id: Sentry's name for the last request.
        items: What the caller may see; none where Sentry says nothing.
        next: The cursor of the page after this one.
        withheld: How many items were left out.
    """

    operation: Operation
    status: int
    request_id: str | None = None
    items: tuple[M, ...] = ()
    next: str | None = None
    withheld: int = 0

    @property
    def page(self) -> Page[M]:
        """The items as one page of a list."""
        return Page(items=self.items, next=self.next, withheld=self.withheld)


def answered(
    asked: Asked, operation: Operation, request: Request, response: Response, model: type[M]
) -> Flow[Answer[M]]:
    """The part of a response that the caller may see.

    Raises:
        UnexpectedAnswer: It is not what Sentry documents, or no longer of what was decided on.
    """
    following = next_cursor(response) if asked.action.paging else None
    if following is not None and not is_cursor(following):
        raise unexpected(request, response, "the cursor of the next page is malformed")
    answer: Answer[M] = Answer(
        operation=operation,
        status=response.status,
        request_id=request_id_of(response),
        next=following,
    )
    if response.status == _NO_CONTENT and _NO_CONTENT in asked.action.successes:
        return answer if model is not Changes else attrs.evolve(answer, items=(structure({}, model),))
    if not asked.endpoint.lists:
        return attrs.evolve(answer, items=(_single(asked, operation, request, response, model),))
    value = decoded(request, response)
    if not is_list(value):
        raise unexpected(request, response, "the body is not a list")
    if asked.action.scope == "project":
        items = tuple(structured(request, response, item, model) for item in value)
        return attrs.evolve(answer, items=items)
    shown = yield from _visible(operation, value, model)
    return attrs.evolve(answer, items=shown, withheld=len(value) - len(shown))


def _single(asked: Asked, operation: Operation, request: Request, response: Response, model: type[M]) -> M:
    """One thing; nothing else may have become of it since it was decided on."""
    value = decoded(request, response)
    if asked.action.scope == "org" and is_object(value):
        value = _cut(value, frozenset())
    item = structured(request, response, value, model)
    if not set(projects_of(item)) <= set(operation.projects or ()):
        raise unexpected(request, response, "it is of another project than was decided on")
    return item


def _visible(operation: Operation, items: list[JsonValue], model: type[M]) -> Flow[tuple[M, ...]]:
    """The items of a list whose organization and projects can be told, and are allowed."""
    found = [(item, read) for item in items for read in _readable(item, model)]
    names = [name for item, read in found for name in (*projects_of(read), *_embedded(item, read))]
    projects = yield from _allowed(operation, _in_project, filter(is_project_slug, names))
    orgs = yield from _allowed(operation, _in_org, [name for _, read in found for name in _listed_org(read)])
    return tuple(
        structure(_cut(item, projects), model)
        for item, read in found
        if projects.issuperset(projects_of(read))
        and orgs.issuperset(_listed_org(read))
        and (projects_of(read) or not isinstance(read, _OF_PROJECTS))
    )


def _allowed(
    operation: Operation, narrowed: Callable[[Operation, str], Operation], names: Iterable[str]
) -> Flow[frozenset[str]]:
    """Which of the names are allowed, asked once each."""
    allowed: set[str] = set()
    for name in dict.fromkeys(names):
        try:
            yield from check(SERVICE, narrowed(operation, name))
        except Denied:
            continue
        allowed.add(name)
    return frozenset(allowed)


def _in_project(operation: Operation, slug: str) -> Operation:
    return attrs.evolve(operation, projects=(slug,))


def _in_org(operation: Operation, slug: str) -> Operation:
    return attrs.evolve(operation, org=slug)


def _readable(item: JsonValue, model: type[M]) -> Iterator[M]:
    """What cannot be told to be of a project is not shown."""
    try:
        yield structure(item, model)
    except PayloadError:
        return


def _listed_org(item: object) -> tuple[str, ...]:
    return (item.slug,) if isinstance(item, Organization) else ()


def _embedded(item: JsonValue, read: object) -> tuple[str, ...]:
    """The slugs of the projects that a team or member mentions."""
    mentioned = item.get("projects") if is_object(item) and isinstance(read, Team | Member) else None
    return tuple(filter(None, map(_slug, mentioned))) if is_list(mentioned) else ()


def _slug(mention: JsonValue) -> str | None:
    """The slug of a project as others mention it: an object, or the slug alone."""
    slug = mention.get("slug") if is_object(mention) else mention
    return slug if isinstance(slug, str) else None


def _cut(item: JsonValue, projects: AbstractSet[str]) -> JsonValue:
    """An object without the other projects that it mentions, itself or through its teams."""
    if not is_object(item):
        return item
    cut = dict(item)
    mentioned, teams = item.get("projects"), item.get("teams")
    if is_list(mentioned):
        cut["projects"] = [mention for mention in mentioned if _slug(mention) in projects]
    if is_list(teams):
        cut["teams"] = [_cut(team, projects) for team in teams]
    return cut
