"""The one flow behind every action: establish the facts, decide on them, send, and show what is allowed."""

from __future__ import annotations

import re
from typing import Final, TypeVar

import attrs

from sentry_governed._convert import structure
from sentry_governed._http.flow import Flow, check
from sentry_governed._operation import Operation
from sentry_governed._values import Request, Response
from sentry_governed.errors import BadRequest, Denied, ProjectMoved, Redirected
from sentry_governed.sentry._answers import Answer, answered
from sentry_governed.sentry._asked import SERVICE, Asked
from sentry_governed.sentry._facts import Facts, establish

M = TypeVar("M")

_POSTED: Final = "already posted that comment"
_NEW_SLUG: Final = re.compile(r"\bslug: ([a-z0-9_-]{1,100})(?:;|\Z)")


def perform(asked: Asked, model: type[M], known: Facts | None = None) -> Flow[Answer[M]]:
    """Do what is asked, once its facts are known and policy allows it.

    Args:
        asked: The action and its values.
        model: What the answer, or each item of it, is made into.
        known: The facts, where a verified alert has told them already.

    Raises:
        ClaimRefused: Sentry says otherwise than the caller.
        Denied: Policy refused.
        ApiError: Sentry says no; the class says how.
        TransportError: There is no whole answer.
    """
    facts = known or (yield from establish(asked))
    operation = facts.asked.operation("act", facts.projects, facts.resource)
    if facts.read is None:
        got = yield from _sent(facts.asked, operation)
    else:
        yield from check(SERVICE, operation)
        got = facts.read
    if isinstance(got, BadRequest):
        note = structure({"existed": True}, model)
        return Answer(operation=operation, status=got.status, request_id=got.request_id, items=(note,))
    request, response = got
    return (yield from answered(facts.asked, operation, request, response, model))


def _sent(asked: Asked, operation: Operation) -> Flow[tuple[Request, Response] | BadRequest]:
    """The answer; that a comment is there already is one too, as the refusal that says so."""
    request = asked.request()
    refusal: BadRequest | Redirected
    try:
        return request, (yield from asked.send(operation, request))
    except (BadRequest, Redirected) as error:
        refusal = error
    if isinstance(refusal, Redirected):
        raise (yield from _moved(asked, operation, refusal))
    if asked.action.name == "issues.comment" and _POSTED in refusal.detail:
        return refusal
    raise refusal


def _moved(asked: Asked, operation: Operation, redirected: Redirected) -> Flow[Redirected]:
    """The error that names a project's new slug, unless that is none the caller may know."""
    found = _NEW_SLUG.search(redirected.detail)
    if found is None or "project" not in asked.endpoint.path_names:
        return redirected
    try:
        yield from check(SERVICE, attrs.evolve(operation, projects=(found[1],)))
    except Denied:
        return Redirected(redirected.method, redirected.template, redirected.status, "")
    return ProjectMoved(
        redirected.method,
        redirected.template,
        redirected.status,
        f"project '{asked.text('project')}' is now '{found[1]}'; use the new name",
        redirected.request_id,
    )
