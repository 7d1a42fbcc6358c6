"""The calls of Sentry's API as flows, for a driver that binds `sentry` and, for links, `sentry-integration`.

Each comes in two forms. One takes the project as a fact, from a verified alert; the other (`find_...`,
`..._on`) reads the issue first, and acts on the project and the id in the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, TypeVar

import attrs

from sentry_governed._actions import Action, Endpoint, find
from sentry_governed._convert import is_list, structure
from sentry_governed._grammar import is_id, is_org_slug, is_project_slug
from sentry_governed._http.answers import ask, decoded, structured, unexpected
from sentry_governed._http.flow import Flow, check
from sentry_governed._operation import Operation, Stage
from sentry_governed._values import Pairs, Request, Response
from sentry_governed.errors import BadRequest, Denied, PayloadError, RequestRefused
from sentry_governed.sentry._links import next_cursor
from sentry_governed.sentry._models import Event, ExternalIssue, Issue, Note, Page
from sentry_governed.typing import JsonValue

T = TypeVar("T")

SERVICE: Final = "sentry"
INTEGRATION: Final = "sentry-integration"
_POSTED: Final = "already posted that comment"


@attrs.frozen(kw_only=True)
class IssueSearch:
    """Which issues to list.

    Attributes:
        projects: Slugs or numeric ids; empty for all that the token reaches.
        query: Sentry's search; None is `is:unresolved`, an empty text is everything.
        environments: Only these; empty for all.
        stats_period: How far back, such as `24h` or `14d`; None leaves it to Sentry.
        sort: `date`, `new`, `freq`, ...; None is `date`.
        limit: Items in a page, at most 100.
    """

    projects: tuple[str, ...] = ()
    query: str | None = None
    environments: tuple[str, ...] = ()
    stats_period: str | None = None
    sort: str | None = None
    limit: int = 100

    def to_query(self, cursor: str | None) -> Pairs:
        """The query of one page."""
        single = {
            "query": self.query,
            "statsPeriod": self.stats_period,
            "sort": self.sort,
            "limit": str(self.limit),
            "cursor": cursor,
        }
        return (
            *(("project", project) for project in self.projects),
            *(("environment", environment) for environment in self.environments),
            *((name, value) for name, value in single.items() if value is not None),
        )


def list_issues(org: str, search: IssueSearch, cursor: str | None = None) -> Flow[Page[Issue]]:
    """One page of an organization's issues; those of projects that policy denies are withheld."""
    asked = _Asked.of("issues.list", org, search.projects or None)
    request = asked.request((("org", org),), query=search.to_query(cursor))
    response = yield from asked.send(request)
    items = decoded(request, response)
    if not is_list(items):
        raise unexpected(request, response, "the body is not a list")
    issues = list(_readable(items))
    allowed: set[str] = set()
    for project in dict.fromkeys(issue.project.slug for issue in issues):
        try:
            yield from check(SERVICE, attrs.evolve(asked.operation, projects=(project,)))
        except Denied:
            continue
        allowed.add(project)
    shown = tuple(issue for issue in issues if issue.project.slug in allowed)
    return Page(items=shown, next=next_cursor(response), withheld=len(items) - len(shown))


def get_issue(org: str, issue_id: str) -> Flow[Issue]:
    """Read an issue; it is handed on once reading it is allowed in its project."""
    issue = yield from _looked_up("issues.get", org, issue_id)
    yield from check(SERVICE, _Asked.of("issues.get", org, (issue.project.slug,), issue.id).operation)
    return issue


def latest_event(org: str, project: str, issue_id: str) -> Flow[Event]:
    """Read the latest event of an issue that is known to be the project's."""
    asked = _Asked.of("events.latest", org, (project,), issue_id)
    request = asked.request((("org", org), ("issue_id", issue_id)))
    response = yield from asked.send(request)
    return structured(request, response, decoded(request, response), Event)


def latest_event_of(org: str, issue_id: str) -> Flow[Event]:
    """Read the latest event of an issue."""
    issue = yield from _looked_up("events.latest", org, issue_id)
    return (yield from latest_event(org, issue.project.slug, issue.id))


def comment(org: str, project: str, issue_id: str, text: str) -> Flow[Note]:
    """Comment on an issue that is known to be the project's.

    Sentry refuses the same text from the same user for an hour; that is a result here, not an error.
    """
    asked = _Asked.of("issues.comment", org, (project,), issue_id)
    request = asked.request((("org", org), ("issue_id", issue_id)), body={"text": text})
    try:
        response = yield from asked.send(request)
    except BadRequest as refusal:
        if _POSTED not in refusal.detail:
            raise
        return Note(existed=True)
    return structured(request, response, decoded(request, response), Note)


def comment_on(org: str, issue_id: str, text: str) -> Flow[Note]:
    """Comment on an issue."""
    issue = yield from _looked_up("issues.comment", org, issue_id)
    return (yield from comment(org, issue.project.slug, issue.id, text))


def list_links(org: str, project: str, issue_id: str) -> Flow[tuple[ExternalIssue, ...]]:
    """List what an issue, known to be the project's, is linked to elsewhere."""
    asked = _Asked.of("external_issues.list", org, (project,), issue_id)
    request = asked.request((("org", org), ("issue_id", issue_id)))
    response = yield from asked.send(request)
    items = decoded(request, response)
    if not is_list(items):
        raise unexpected(request, response, "the body is not a list")
    return tuple(structured(request, response, item, ExternalIssue) for item in items)


def list_links_of(org: str, issue_id: str) -> Flow[tuple[ExternalIssue, ...]]:
    """List what an issue is linked to elsewhere."""
    issue = yield from _looked_up("external_issues.list", org, issue_id)
    return (yield from list_links(org, issue.project.slug, issue.id))


@attrs.frozen(kw_only=True)
class Link:
    """A link to make.

    Attributes:
        web_url: Where it leads.
        display_project: Shown before the `#`.
        identifier: Shown after the `#`.
    """

    web_url: str
    display_project: str
    identifier: str


def link(installation: str, org: str, project: str, issue_id: str, target: Link) -> Flow[ExternalIssue]:
    """Link an issue that is known to be the project's, with the token of an integration.

    Sentry keeps one link for an issue and integration: another one replaces it.

    Args:
        installation: The uuid of the integration's installation in the organization.
        org: The organization's slug.
        project: The project's slug.
        issue_id: The issue's numeric id.
        target: What it is linked to.
    """
    asked = _Asked.of("external_issues.create", org, (project,), issue_id)
    body: JsonValue = {
        "issueId": int(issue_id),
        "webUrl": target.web_url,
        "project": target.display_project,
        "identifier": target.identifier,
    }
    request = asked.request((("installation", installation),), body=body)
    response = yield from asked.send(request)
    return structured(request, response, decoded(request, response), ExternalIssue)


def link_to(installation: str, org: str, issue_id: str, target: Link) -> Flow[ExternalIssue]:
    """Link an issue, with the token of an integration.

    The issue is read with the same token, which belongs to one organization: so the answer also proves that
    the installation is that organization's.
    """
    issue = yield from _looked_up("external_issues.create", org, issue_id)
    return (yield from link(installation, org, issue.project.slug, issue.id, target))


@attrs.frozen
class _Asked:
    """An action of the catalogue together with what is established about it."""

    action: Action
    operation: Operation

    @classmethod
    def of(
        cls,
        name: str,
        org: str,
        projects: tuple[str, ...] | None,
        resource: str | None = None,
        stage: Stage = "act",
    ) -> _Asked:
        """What is not a slug establishes nothing: a numeric id may stand for any.

        Raises:
            RequestRefused: The resource is not an issue's numeric id.
        """
        action = find(name)
        if resource is not None and not is_id(resource):
            problem = "the issue is not named by its numeric id"
            raise RequestRefused(action.method, action.endpoints[0].template, problem)
        are_slugs = projects is not None and all(map(is_project_slug, projects))
        operation = Operation(
            action.name,
            action.intent,
            action.scope,
            service=action.service,
            stage=stage,
            implied=action.implies,
            org=org if is_org_slug(org) else None,
            projects=projects if are_slugs else None,
            resource=resource,
        )
        return cls(action, operation)

    @property
    def endpoint(self) -> Endpoint:
        """Where it goes."""
        return self.action.endpoints[0]

    def request(self, params: Pairs, *, query: Pairs = (), body: JsonValue = None) -> Request:
        """The request of the action itself."""
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        action = self.action
        return Request(action.method, self.endpoint.template, params, query, content, action.idempotent)

    def send(self, request: Request) -> Flow[Response]:
        """Send it as whoever the catalogue says."""
        service = INTEGRATION if self.action.integration_token else SERVICE
        scopes = self.endpoint.token_scopes
        return (yield from ask(service, self.operation, request, token_scopes=scopes))


def _looked_up(name: str, org: str, issue_id: str) -> Flow[Issue]:
    """The issue that an action is about; nothing of it may be handed on before the action is decided."""
    asked = _Asked.of(name, org, None, issue_id, "lookup")
    read = find("issues.get")
    endpoint = read.endpoints[0]
    params = (("org", org), ("issue_id", issue_id))
    request = Request(read.method, endpoint.template, params, idempotent=True)
    service = INTEGRATION if asked.action.integration_token else SERVICE
    response = yield from ask(service, asked.operation, request, token_scopes=endpoint.token_scopes)
    return structured(request, response, decoded(request, response), Issue)


def _readable(items: Iterable[object]) -> Iterable[Issue]:
    """What cannot be told to be of a project is not shown."""
    for item in items:
        try:
            yield structure(item, Issue)
        except PayloadError:
            continue
