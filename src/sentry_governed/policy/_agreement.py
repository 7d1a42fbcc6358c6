"""Whether a request is what its operation says: what the request itself tells is never taken from a claim."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, TypeAlias, TypeGuard

import attrs

from sentry_governed._actions import ACTIONS, Action, Where, find, implied
from sentry_governed._grammar import is_id, is_project_slug
from sentry_governed._operation import Operation
from sentry_governed._values import Request
from sentry_governed.typing import JsonValue

_Body: TypeAlias = Mapping[str, JsonValue]

_NO_BODY: Final[_Body] = MappingProxyType({})
_ORG_READ: Final = find("organizations.get")
_RESOURCES: Final = frozenset({"issue_id", "version"})
_READS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        endpoint.template: action
        for action in ACTIONS.values()
        if action.method == "GET"
        for endpoint in action.endpoints
        if "org" in endpoint.path_names
    }
)


class Disagreement(Exception):
    """The request is not what the operation says."""


@attrs.frozen
class _Shape:
    """What an action's request may hold, by the names on the wire."""

    query: frozenset[str]
    body: frozenset[str]
    projects: frozenset[tuple[Where, str]]
    resources: frozenset[str]


@cache
def _shape(action: str) -> _Shape:
    parameters = find(action).parameters
    tops = {(known.where, known.wire.partition(".")[0]) for known in parameters}
    return _Shape(
        query=frozenset(name for where, name in tops if where == "query"),
        body=frozenset(name for where, name in tops if where == "body")
        | {name for name, _ in find(action).fixed},
        projects=frozenset((known.where, known.wire) for known in parameters if known.kind == "project"),
        resources=frozenset(
            known.wire for known in parameters if known.name in _RESOURCES and known.where == "body"
        ),
    )


def is_org_lookup(operation: Operation, request: Request | None) -> bool:
    """Whether it does no more than ask for the slug of an organization that is known by its number."""
    if request is None or operation.stage != "lookup" or operation.org is not None:
        return False
    template = _ORG_READ.endpoints[0].template
    bare = Request(_ORG_READ.method, template, request.params, idempotent=request.idempotent)
    return request == bare and [(name, is_id(value)) for name, value in request.params] == [("org", True)]


def agreed(operation: Operation, request: Request) -> Operation:
    """The operation, completed by what the request itself says of it.

    Raises:
        Disagreement: The request is not one of the action's, or names something else than the operation.
    """
    asked = ACTIONS.get(operation.action)
    if asked is None:
        return operation  # refused by any policy
    is_lookup = operation.stage == "lookup"
    action = _read(request) if is_lookup else _acted(asked, request)
    path = dict(request.params)
    if len(path) != len(request.params):
        raise Disagreement("the request has a parameter twice")
    if "org" in path and _lower(path["org"]) != _lower(operation.org or ""):
        raise Disagreement("the request is for another organization than the operation")
    shape = _shape(action.name)
    if request.body is not None and not shape.body:
        raise Disagreement(f"{action.name} has no body")
    body = _body(request)
    _known_names(action, shape, request, body)
    sent = {path.get(name) for name in _RESOURCES} | {
        str(body[name]) for name in shape.resources & body.keys()
    }
    if not sent <= {None, operation.resource}:
        raise Disagreement("the request is for another resource than the operation")
    if action.name == "issues.update_many":
        _by_ids(request)
    named = tuple(_projects(shape, request, path, body, is_lookup=is_lookup))
    further = () if is_lookup else implied(action.name, body)
    return attrs.evolve(
        operation,
        implied=tuple(sorted({*operation.implied, *further})),
        projects=_settled(operation, named, is_lookup=is_lookup),
    )


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else text


def _read(request: Request) -> Action:
    """The action whose request a lookup is."""
    action = _READS.get(request.template)
    if action is None or request.method != action.method:
        raise Disagreement(f"{request.method} {request.template} is not a lookup")
    return action


def _acted(asked: Action, request: Request) -> Action:
    templates = {endpoint.template for endpoint in asked.endpoints}
    if request.method != asked.method or request.template not in templates:
        raise Disagreement(f"{request.method} {request.template} is not how {asked.name} is done")
    return asked


def _body(request: Request) -> _Body:
    if request.body is None:
        return _NO_BODY
    try:
        body: object = json.loads(request.body.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        body = None
    if not _is_object(body):
        raise Disagreement("the body is not one JSON object in UTF-8")
    return body


def _is_object(value: object) -> TypeGuard[dict[str, JsonValue]]:
    return isinstance(value, dict)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Disagreement("the body has a field twice")
    return found


def _known_names(action: Action, shape: _Shape, request: Request, body: _Body) -> None:
    """What the catalogue does not know of cannot be judged."""
    strange = {name for name, _ in request.query} - shape.query | (body.keys() - shape.body)
    if strange:
        raise Disagreement(f"{action.name} does not know of {min(strange)[:60]!a}")


def _by_ids(request: Request) -> None:
    """Without ids it would change every issue that matches."""
    ids = [value for name, value in request.query if name == "id"]
    if not ids or not all(map(is_id, ids)):
        raise Disagreement("the issues to change are not named by their ids")


def _projects(
    shape: _Shape, request: Request, path: Mapping[str, str], body: _Body, *, is_lookup: bool
) -> Iterator[str]:
    """The projects that a request names.

    A number may stand for any project. It may be looked up, and in a query it only narrows what is asked.
    """
    for where, name in shape.projects:
        if where == "path" and name in path and not (is_lookup and is_id(path[name])):
            yield _lower(path[name])
        elif where == "query":
            slugs = (_lower(value) for key, value in request.query if key == name)
            yield from filter(is_project_slug, slugs)
        elif where == "body" and name in body:
            values = body[name]
            yield from (_lower(str(value)) for value in (values if isinstance(values, list) else [values]))


def _settled(operation: Operation, named: tuple[str, ...], *, is_lookup: bool) -> tuple[str, ...] | None:
    """The projects to decide on: those of the operation, and those that a request names beyond them.

    Where the operation has to establish its projects, the request must not go beyond them.
    """
    known = operation.projects or ()
    further = [project for project in named if project not in {_lower(name) for name in known}]
    if further and operation.scope == "project" and not is_lookup:
        raise Disagreement("the request names a project that the operation does not")
    return (*known, *sorted(further)) or None
