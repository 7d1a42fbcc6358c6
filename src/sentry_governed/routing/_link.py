"""Pointing from Sentry to a task: the first of an issue as its external link, later ones as comments."""

from __future__ import annotations

from sentry_governed._http.flow import Flow
from sentry_governed.alerts import Alert
from sentry_governed.errors import BadRequest, SentryGovernedError
from sentry_governed.routing._enrich import IssueRef, SentrySide
from sentry_governed.routing._failures import stays
from sentry_governed.routing._records import TaskRecord
from sentry_governed.sentry import Link, comment, link, list_links


def link_back(
    alert: Alert, sentry: SentrySide, installation: str, record: TaskRecord, *, is_root: bool
) -> Flow[str | None]:
    """Link the task in Sentry; the answer is why that cannot be, or None."""
    issue = sentry.issue_of(alert)
    if isinstance(issue, str):
        return f"not linked in sentry: {issue}"
    try:
        if is_root:
            yield from _link_root(installation, issue, record)
        else:
            text = f"Asana task for a later event: {record.url}"
            yield from comment(issue.org, issue.project, issue.issue, text)
    except SentryGovernedError as error:
        if not stays(error):
            raise
        return f"not linked in sentry: {error}"
    return None


def _link_root(installation: str, issue: IssueRef, record: TaskRecord) -> Flow[None]:
    """An earlier attempt may have made the link: where Sentry then refuses a second one, it is there."""
    target = Link(web_url=record.url, display_project="Asana", identifier=record.task)
    try:
        yield from link(installation, issue.org, issue.project, issue.issue, target)
    except BadRequest as error:
        refusal = error
    else:
        return
    links = yield from list_links(issue.org, issue.project, issue.issue)
    if all(found.web_url != record.url for found in links):
        raise refusal
