"""Layer 1: what can be asked of Sentry, always through an authorizer.

The clients bring the HTTP library with them, so they are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_governed.sentry._calls import (
    INTEGRATION,
    SERVICE,
    IssueSearch,
    Link,
    comment,
    comment_on,
    get_issue,
    latest_event,
    latest_event_of,
    link,
    link_to,
    list_issues,
    list_links,
    list_links_of,
)
from sentry_governed.sentry._config import Installation, SentryConfig
from sentry_governed.sentry._models import Event, ExternalIssue, Issue, Note, Page, ProjectRef, Tag
from sentry_governed.sentry._pager import AsyncPager, Pager

if TYPE_CHECKING:
    from sentry_governed.sentry._async_client import AsyncSentryClient as AsyncSentryClient
    from sentry_governed.sentry._client import SentryClient as SentryClient

__all__ = [
    "INTEGRATION",
    "SERVICE",
    "AsyncPager",
    "AsyncSentryClient",
    "Event",
    "ExternalIssue",
    "Installation",
    "Issue",
    "IssueSearch",
    "Link",
    "Note",
    "Page",
    "Pager",
    "ProjectRef",
    "SentryClient",
    "SentryConfig",
    "Tag",
    "comment",
    "comment_on",
    "get_issue",
    "latest_event",
    "latest_event_of",
    "link",
    "link_to",
    "list_issues",
    "list_links",
    "list_links_of",
]

_HOME_OF = {"AsyncSentryClient": "_async_client", "SentryClient": "_client"}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value
