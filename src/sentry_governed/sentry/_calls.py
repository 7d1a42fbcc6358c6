"""What a router asks of Sentry, as flows for a driver that binds `sentry` and `sentry-integration`.

The organization, project and issue are taken as facts, from a verified alert or from a list that policy has
looked through: nothing is looked up before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import attrs

from sentry_governed._grammar import is_id
from sentry_governed._http.flow import Flow
from sentry_governed.errors import RequestRefused
from sentry_governed.sentry._asked import Asked
from sentry_governed.sentry._facts import Facts
from sentry_governed.sentry._models import Event, ExternalIssue, Issue, Note, Page
from sentry_governed.sentry._perform import perform

M = TypeVar("M")


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

    @property
    def values(self) -> Mapping[str, str]:
        """As the parameters of `external_issues.create`."""
        return {
            "web_url": self.web_url,
            "display_project": self.display_project,
            "identifier": self.identifier,
        }


def list_issues(org: str, projects: Sequence[str], query: str, cursor: str | None) -> Flow[Page[Issue]]:
    """One page of an organization's issues that match a search, by when they were first seen, newest first.

    Args:
        org: The organization's slug.
        projects: Slugs or ids; none for all.
        query: The search.
        cursor: Of the page, or None for the first one.
    """
    given = {"org": org, "query": query, "sort": "new", "limit": 100}
    optional = {"project": list(projects), "cursor": cursor}
    asked = Asked.of("issues.list", {**given, **{name: value for name, value in optional.items() if value}})
    return (yield from perform(asked, Issue)).page


def latest_event(org: str, project: str, issue_id: str) -> Flow[Event]:
    """Read the latest event of an issue that is known to be the project's."""
    return (yield from _known("events.latest", Event, org, project, issue_id, {}))[0]


def comment(org: str, project: str, issue_id: str, text: str) -> Flow[Note]:
    """Comment on an issue that is known to be the project's.

    Sentry refuses the same text from the same user for an hour; that is a result here, not an error.
    """
    return (yield from _known("issues.comment", Note, org, project, issue_id, {"text": text}))[0]


def list_links(org: str, project: str, issue_id: str) -> Flow[tuple[ExternalIssue, ...]]:
    """List what an issue, known to be the project's, is linked to elsewhere."""
    return (yield from _known("external_issues.list", ExternalIssue, org, project, issue_id, {}))


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
    values = {"installation": installation, **target.values}
    return (yield from _known("external_issues.create", ExternalIssue, org, project, issue_id, values))[0]


def _known(
    action: str, model: type[M], org: str, project: str, issue_id: str, values: Mapping[str, str]
) -> Flow[tuple[M, ...]]:
    asked = Asked.of(action, {"org": org, "project": project, "issue_id": issue_id, **values})
    if not is_id(issue_id):
        problem = "the issue is not named by its numeric id"
        raise RequestRefused(asked.action.method, asked.endpoint.template, problem)
    answer = yield from perform(asked, model, Facts(asked, (project,), issue_id))
    return answer.items
