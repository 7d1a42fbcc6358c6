"""What type checkers see of the clients of Sentry. Never executed: mypy and pyright read it."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import assert_type

import sentry_governed.sentry as s
from sentry_governed import AllowAll, Secret


def threads(config: s.SentryConfig, moment: datetime) -> None:
    """The client for threads."""
    with s.SentryClient(config, guard=AllowAll()) as sentry:
        assert_type(sentry.issues.list(project="web", query="is:unresolved", start=moment), s.Pager[s.Issue])
        for issue in sentry.issues.list(project=["web", "api"], max_items=5):
            assert_type(issue, s.Issue)
        assert_type(sentry.issues.list().pages(), Iterator[s.Page[s.Issue]])
        assert_type(sentry.issues.resolve("1", in_release="1.2.3", approval="token"), s.Issue)
        assert_type(sentry.issues.ignore("1", ignore_duration=60, project="web", org=None), s.Issue)
        assert_type(sentry.issues.update_many(["1", "2"], status="resolved"), s.Changes)
        assert_type(sentry.issues.tags("1", key="service"), tuple[s.IssueTag, ...])
        assert_type(sentry.issues.comment("1", "hello"), s.Note)
        assert_type(sentry.events.list(issue_id="1", full=True), s.Pager[s.Event])
        assert_type(sentry.events.resolve("ab" * 16), s.EventPlace)
        assert_type(sentry.shortids.resolve("WEB-1A").group, s.Issue)
        assert_type(sentry.releases.create("1.0", ["web"], commits=[{"id": "abc"}]), s.Release)
        assert_type(sentry.releases.deploys.create("1.0", "production", projects="web"), s.Deploy)
        assert_type(sentry.releases.deploys.list("1.0"), s.Pager[s.Deploy])
        assert_type(sentry.organizations.list(), s.Pager[s.Organization])
        assert_type(sentry.projects.get("web"), s.Project)
        assert_type(sentry.teams.list(detailed="0"), s.Pager[s.Team])
        assert_type(sentry.members.list(), s.Pager[s.Member])
        assert_type(sentry.ownership.get("web").text, str)
        assert_type(sentry.external_issues.list("1"), tuple[s.ExternalIssue, ...])
        link = s.Link(web_url="https://x/", display_project="p", identifier="1")
        assert_type(sentry.external_issues.create("1", link), s.ExternalIssue)
        assert_type(sentry.call("issues.get", {"id": 1}), s.ActionResult)
        assert_type(sentry.call("issues.get", {"id": 1}, dry_run=False, deadline=1.0), s.ActionResult)
        assert_type(sentry.call("issues.get", {"id": 1}, dry_run=bool(1)), s.ActionResult | s.Preview)
        assert_type(sentry.call("issues.get", {"id": 1}, dry_run=True), s.Preview)


async def loop(config: s.SentryConfig) -> None:
    """The client for asyncio."""
    async with s.AsyncSentryClient(config, guard=AllowAll()) as sentry:
        assert_type(sentry.issues.list(), s.AsyncPager[s.Issue])
        async for issue in sentry.issues.list():
            assert_type(issue, s.Issue)
        assert_type(sentry.issues.list().pages(), AsyncIterator[s.Page[s.Issue]])
        assert_type(await sentry.issues.resolve("1", in_next_release=True), s.Issue)
        assert_type(await sentry.releases.update("1.0", ref="main"), s.Release)
        assert_type(await sentry.call("issues.get", {"id": 1}), s.ActionResult)
        assert_type(await sentry.call("issues.get", {"id": 1}, dry_run=True), s.Preview)


def configuration() -> None:
    """How it is reached."""
    config = s.SentryConfig(token=Secret("t"), org="my-org", base_url="https://sentry.example.com/sentry")
    assert_type(config.org, str | None)
