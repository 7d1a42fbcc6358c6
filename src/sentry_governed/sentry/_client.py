"""The client of Sentry: one line a call, over the flows that everybody shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

from sentry_governed._http import Endpoint, Flow, HttpSender, RetryingSender, RetryPolicy, Service, run
from sentry_governed._http.changes import Watch, WatchedSender
from sentry_governed._http.parts import as_sender
from sentry_governed.sentry import _calls as calls
from sentry_governed.sentry._calls import IssueSearch, Link
from sentry_governed.sentry._changes import announced
from sentry_governed.sentry._config import SentryConfig, several
from sentry_governed.sentry._models import Event, ExternalIssue, Issue, Note, Page
from sentry_governed.sentry._pager import Pager
from sentry_governed.typing import Authorizer, Sender

T = TypeVar("T")


class Runner(Protocol):
    """Drives a flow under the client's authorizer."""

    def __call__(self, flow: Flow[T], *, approval: str | None = None) -> T:
        """Drive it."""
        ...


class Issues:
    """The actions on issues."""

    def __init__(self, run: Runner, config: SentryConfig) -> None:
        self._run = run
        self._config = config

    def get(self, issue_id: str, *, org: str | None = None) -> Issue:
        """Read an issue by its numeric id."""
        return self._run(calls.get_issue(self._config.org_for(org), issue_id))

    def list(
        self,
        *,
        org: str | None = None,
        project: str | Sequence[str] = (),
        query: str | None = None,
        environment: str | Sequence[str] = (),
        stats_period: str | None = None,
        max_items: int | None = None,
    ) -> Pager[Issue]:
        """List issues, newest first; nothing is sent before it is iterated over.

        Args:
            org: The organization's slug, where it is not the configured one.
            project: Only these projects, by slug or numeric id.
            query: Sentry's search; None is `is:unresolved`, an empty text is everything.
            environment: Only these environments.
            stats_period: How far back, such as `24h` or `14d`.
            max_items: Where to stop; None for all of them.
        """
        chosen = self._config.org_for(org)
        search = IssueSearch(
            projects=several(project),
            query=query,
            environments=several(environment),
            stats_period=stats_period,
        )

        def fetch(cursor: str | None) -> Page[Issue]:
            return self._run(calls.list_issues(chosen, search, cursor))

        return Pager(fetch, "issues.list", max_items=max_items)

    def comment(
        self, issue_id: str, text: str, *, org: str | None = None, approval: str | None = None
    ) -> Note:
        """Comment on an issue; `Note.existed` says that the same text was there already."""
        flow = calls.comment_on(self._config.org_for(org), issue_id, text)
        return self._run(flow, approval=approval)


class Events:
    """The actions on events."""

    def __init__(self, run: Runner, config: SentryConfig) -> None:
        self._run = run
        self._config = config

    def latest(self, issue_id: str, *, org: str | None = None) -> Event:
        """Read the latest event of an issue."""
        return self._run(calls.latest_event_of(self._config.org_for(org), issue_id))


class ExternalIssues:
    """The actions on links from issues to elsewhere."""

    def __init__(self, run: Runner, config: SentryConfig) -> None:
        self._run = run
        self._config = config

    def list(self, issue_id: str, *, org: str | None = None) -> tuple[ExternalIssue, ...]:
        """List what an issue is linked to."""
        return self._run(calls.list_links_of(self._config.org_for(org), issue_id))

    def create(
        self, issue_id: str, target: Link, *, org: str | None = None, approval: str | None = None
    ) -> ExternalIssue:
        """Link an issue, as the configured integration; another link of it is replaced."""
        flow = calls.link_to(self._config.installation, self._config.org_for(org), issue_id, target)
        return self._run(flow, approval=approval)


class SentryClient:
    """Sentry, for threads.

    Every call is decided by the guard before it leaves, on what Sentry says and not on what the caller
    claims: a call on an issue reads the issue first. Every method raises `Denied` when the guard refuses,
    `ApiError` when Sentry says no, by kind, and `TransportError` when there is no whole answer.

    Args:
        config: How Sentry is reached.
        guard: Decides; `AllowAll()` is the explicit opt-out.

    Attributes:
        config: How it was made.
        services: For a driver of one's own: the senders and the guard, by the names that flows use.
        issues: The actions on issues.
        events: The actions on events.
        external_issues: The actions on links from issues to elsewhere.
    """

    def __init__(self, config: SentryConfig, *, guard: Authorizer) -> None:
        self.config = config
        self._https: list[HttpSender] = []
        watch = Watch(announced, config.on_change)
        services = {calls.SERVICE: Service(self._sender(config.endpoint, watch), guard)}
        if config.integration_endpoint is not None:
            sender = self._sender(config.integration_endpoint, watch)
            services[calls.INTEGRATION] = Service(sender, guard)
        self.services: Mapping[str, Service] = services
        self.issues = Issues(self.run, config)
        self.events = Events(self.run, config)
        self.external_issues = ExternalIssues(self.run, config)

    def _sender(self, endpoint: Endpoint, watch: Watch) -> Sender:
        if self.config.sender is not None:
            return WatchedSender(as_sender(self.config.sender), watch)
        http = HttpSender(endpoint)
        self._https.append(http)
        return RetryingSender(WatchedSender(http, watch), RetryPolicy(budget=self.config.patience))

    def run(self, flow: Flow[T], *, approval: str | None = None, deadline: float | None = None) -> T:
        """Drive a flow; `deadline` is an instant on `time.monotonic()`."""
        return run(flow, self.services, approval=approval, deadline=deadline)

    def close(self) -> None:
        """Close all connections."""
        for http in self._https:
            http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
