"""Layer 1: what can be asked of Sentry, always through an authorizer.

The clients bring the HTTP library with them, so they are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_governed._lazy import later
from sentry_governed.sentry._asked import INTEGRATION, SERVICE
from sentry_governed.sentry._by_name import ActionResult, Preview
from sentry_governed.sentry._calls import Link, comment, latest_event, link, list_issues, list_links
from sentry_governed.sentry._config import Installation, SentryConfig
from sentry_governed.sentry._models import (
    Changes,
    Event,
    EventPlace,
    ExternalIssue,
    Issue,
    IssueTag,
    Note,
    Page,
    ProjectRef,
    ShortId,
    Tag,
    TagValue,
)
from sentry_governed.sentry._organizations import (
    Deploy,
    Member,
    MemberUser,
    Organization,
    OwnershipRules,
    Project,
    Release,
    Team,
)
from sentry_governed.sentry._pager import AsyncPager, Pager

if TYPE_CHECKING:
    from sentry_governed.sentry._async_client import AsyncSentryClient as AsyncSentryClient
    from sentry_governed.sentry._client import SentryClient as SentryClient

__all__ = [
    "INTEGRATION",
    "SERVICE",
    "ActionResult",
    "AsyncPager",
    "AsyncSentryClient",
    "Changes",
    "Deploy",
    "Event",
    "EventPlace",
    "ExternalIssue",
    "Installation",
    "Issue",
    "IssueTag",
    "Link",
    "Member",
    "MemberUser",
    "Note",
    "Organization",
    "OwnershipRules",
    "Page",
    "Pager",
    "Preview",
    "Project",
    "ProjectRef",
    "Release",
    "SentryClient",
    "SentryConfig",
    "ShortId",
    "Tag",
    "TagValue",
    "Team",
    "comment",
    "latest_event",
    "link",
    "list_issues",
    "list_links",
]

__getattr__ = later(
    __name__,
    {
        "_async_client": "AsyncSentryClient",
        "_client": "SentryClient",
    },
)
