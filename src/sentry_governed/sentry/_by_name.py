"""Any action by its name: what the typed methods do, for callers that have data and no types."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Final, TypeVar, cast

import attrs

from sentry_governed._decision import Decision
from sentry_governed._http.flow import Flow, Send, check, now
from sentry_governed._http.path import render
from sentry_governed._operation import Operation
from sentry_governed._values import Pairs, Permit, Request
from sentry_governed.sentry import _models as m
from sentry_governed.sentry import _organizations as o
from sentry_governed.sentry._asked import Asked
from sentry_governed.sentry._models import Raw
from sentry_governed.sentry._perform import perform
from sentry_governed.typing import JsonValue

T = TypeVar("T")

MODELS: Final[Mapping[str, type[object]]] = {
    "events.latest": m.Event,
    "events.list": m.Event,
    "events.resolve": m.EventPlace,
    "external_issues.create": m.ExternalIssue,
    "external_issues.delete": m.ExternalIssue,
    "external_issues.list": m.ExternalIssue,
    "issues.assign": m.Issue,
    "issues.comment": m.Note,
    "issues.get": m.Issue,
    "issues.ignore": m.Issue,
    "issues.list": m.Issue,
    "issues.mute": m.Issue,
    "issues.resolve": m.Issue,
    "issues.tags": m.IssueTag,
    "issues.unmute": m.Issue,
    "issues.unresolve": m.Issue,
    "issues.update": m.Issue,
    "issues.update_many": m.Changes,
    "members.list": o.Member,
    "organizations.get": o.Organization,
    "organizations.list": o.Organization,
    "ownership.get": o.OwnershipRules,
    "projects.get": o.Project,
    "projects.list": o.Project,
    "releases.create": o.Release,
    "releases.deploys.create": o.Deploy,
    "releases.deploys.list": o.Deploy,
    "releases.get": o.Release,
    "releases.list": o.Release,
    "releases.update": o.Release,
    "shortids.resolve": m.ShortId,
    "teams.list": o.Team,
}
"""What the answer of each action, or each item of it, is made into."""


@attrs.frozen(kw_only=True)
class ActionResult:
    """What came of an action.

    Attributes:
        action: The action's name.
        org: The organization's slug as it was established, or None where none is concerned.
        project: The project's slug as it was established, or None where it is none or several.
        status_code: Of the last response.
        request_id: Sentry's name for the last request, or None.
        duration_ms: Of the whole call, lookups and waits included.
        result: What Sentry answered, as JSON, without what policy withholds; None where it says nothing.
        cursor: Of the next page, or None at the end.
        withheld: How many items of a list were left out.
    """

    action: str
    org: str | None
    project: str | None
    status_code: int
    request_id: str | None
    duration_ms: int
    result: JsonValue = attrs.field(repr=False)
    cursor: str | None = None
    withheld: int = 0


@attrs.frozen(kw_only=True)
class Preview:
    """The request that an action would send, after its facts are known and policy has not refused it.

    Attributes:
        action: The action's name.
        operation: What was decided on.
        method: The HTTP method.
        template: The path with `{name}` segments.
        path: The path as it would be sent, below the base URL.
        query: Name and value pairs.
        body: The exact text of the JSON body, or None.
        decision: What the guard says of it, where it tells; it may still ask for an approval.
    """

    action: str
    operation: Operation
    method: str
    template: str
    path: str
    query: Pairs = ()
    body: str | None = attrs.field(default=None, repr=False)
    decision: Decision | None = None

    @property
    def org(self) -> str | None:
        """The organization's slug as it was established."""
        return self.operation.org

    @property
    def projects(self) -> tuple[str, ...] | None:
        """The slugs of the projects as they were established."""
        return self.operation.projects


def call(asked: Asked) -> Flow[ActionResult]:
    """Do what is asked, and tell it as JSON."""
    begun = yield from now()
    answer = yield from perform(asked, MODELS[asked.action.name])
    raws = [cast("Raw", getattr(item, "raw", {})) for item in answer.items]
    projects = answer.operation.projects or ()
    return ActionResult(
        action=asked.action.name,
        org=answer.operation.org,
        project=projects[0] if len(projects) == 1 else None,
        status_code=answer.status,
        request_id=answer.request_id,
        duration_ms=round(max(0.0, (yield from now()) - begun) * 1000),
        result=raws if asked.endpoint.lists else raws[0] if raws else None,
        cursor=answer.next,
        withheld=answer.withheld,
    )


def rehearse(asked: Asked) -> Flow[Preview]:
    """Do what is asked up to the request that it is all about, which is decided on and not sent.

    Raises:
        Denied: Policy refuses it, and not only until it is approved.
    """
    decided, request = yield from _up_to_act(perform(asked, MODELS[asked.action.name]))
    return Preview(
        action=asked.action.name,
        operation=decided.operation,
        method=request.method,
        template=request.template,
        path=render(request),
        query=request.query,
        body=None if request.body is None else request.body.decode(),
        decision=decided.decision,
    )


def _up_to_act(flow: Flow[T]) -> Flow[tuple[Permit, Request]]:
    """Drive a flow up to the send by which it acts, or to its end where a lookup is the answer already."""
    answer: object = None
    failure: Exception | None = None
    decided: list[Permit] = []
    last: list[Request] = []
    with closing(flow):
        while True:
            try:
                step = flow.send(answer) if failure is None else flow.throw(failure)
            except StopIteration:
                return decided[-1], last[-1]
            if isinstance(step, Send):
                if step.operation.stage == "act":
                    return (yield from check(step.service, step.operation)), step.request
                last.append(step.request)
            answer, failure = None, None
            try:
                answer = yield step
            except Exception as error:  # noqa: BLE001 - the flow is the one to deal with it
                failure = error
            if isinstance(answer, Permit):
                decided.append(answer)
