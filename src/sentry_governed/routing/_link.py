"""Pointing from Sentry to a task: the first of an issue as its external link, later ones as comments."""

from __future__ import annotations

from sentry_governed._http.flow import Flow
from sentry_governed.alerts import Alert
from sentry_governed.errors import BadRequest, Denied, NoAccess, NotFound, RequestRefused
from sentry_governed.routing._enrich import SentrySide
from sentry_governed.routing._records import Chain, TaskRecord
from sentry_governed.sentry import Link, comment, link, list_links

_REFUSED = (BadRequest, NoAccess, NotFound, Denied, RequestRefused)


def link_back(alert: Alert, sentry: SentrySide | None, record: TaskRecord, chain: Chain) -> Flow[str | None]:
    """Link the task in Sentry; the answer is why that cannot be, or None.

    Without a client or an installation there is nothing to link with, and nothing is said about it.
    """
    if sentry is None or sentry.installation is None:
        return None
    org = sentry.org_of(alert)
    if org is None or alert.project is None or alert.issue_id is None:
        return "not linked: the alert is of another organization, or names no project"
    issue = (org, alert.project, alert.issue_id)
    try:
        if chain.root == record.task:
            yield from _link_root(sentry.installation, issue, record)
        else:
            yield from comment(*issue, f"Asana task for a later event: {record.url}")
    except _REFUSED as error:
        return f"sentry refused the link: {error}"
    return None


def _link_root(installation: str, issue: tuple[str, str, str], record: TaskRecord) -> Flow[None]:
    """An earlier attempt may have made the link: where Sentry then refuses a second one, it is there."""
    target = Link(web_url=record.url, display_project="Asana", identifier=record.task)
    try:
        yield from link(installation, *issue, target)
    except BadRequest as error:
        refusal = error
    else:
        return
    links = yield from list_links(*issue)
    if all(found.web_url != record.url for found in links):
        raise refusal
