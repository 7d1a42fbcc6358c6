"""The client of Sentry: one line a call, over the flows that everybody shares."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self, TypeVar, overload

from sentry_governed._http import Endpoint, Flow, HttpSender, RetryingSender, RetryPolicy, Service, run
from sentry_governed._http.changes import Watch, WatchedSender
from sentry_governed._http.parts import as_sender
from sentry_governed.sentry import _resources as resources
from sentry_governed.sentry._asked import INTEGRATION, SERVICE, Asked
from sentry_governed.sentry._by_name import ActionResult, Preview, rehearse
from sentry_governed.sentry._by_name import call as by_name
from sentry_governed.sentry._changes import announced
from sentry_governed.sentry._config import SentryConfig
from sentry_governed.typing import Authorizer, Sender

T = TypeVar("T")


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
        events: The actions on events.
        external_issues: The actions on links from issues to elsewhere.
        issues: The actions on issues.
        members: The actions on members.
        organizations: The actions on organizations.
        ownership: The actions on ownership rules.
        projects: The actions on projects.
        releases: The actions on releases; those on their deploys are in `releases.deploys`.
        shortids: The actions on short ids.
        teams: The actions on teams.
    """

    def __init__(self, config: SentryConfig, *, guard: Authorizer) -> None:
        self.config = config
        self._https: list[HttpSender] = []
        watch = Watch(announced, config.on_change)
        services = {SERVICE: Service(self._sender(config.endpoint, watch), guard)}
        if config.integration_endpoint is not None:
            sender = self._sender(config.integration_endpoint, watch)
            services[INTEGRATION] = Service(sender, guard)
        self.services: Mapping[str, Service] = services
        desk = resources.Desk(self.run, config)
        self.events = resources.Events(desk)
        self.external_issues = resources.ExternalIssues(desk)
        self.issues = resources.Issues(desk)
        self.members = resources.Members(desk)
        self.organizations = resources.Organizations(desk)
        self.ownership = resources.Ownership(desk)
        self.projects = resources.Projects(desk)
        self.releases = resources.Releases(desk)
        self.shortids = resources.ShortIds(desk)
        self.teams = resources.Teams(desk)

    def _sender(self, endpoint: Endpoint, watch: Watch) -> Sender:
        if self.config.sender is not None:
            return WatchedSender(as_sender(self.config.sender), watch)
        http = HttpSender(endpoint)
        self._https.append(http)
        return RetryingSender(WatchedSender(http, watch), RetryPolicy(budget=self.config.patience))

    @overload
    def call(
        self,
        action: str,
        params: Mapping[str, object],
        *,
        approval: str | None = None,
        dry_run: Literal[False] = False,
        deadline: float | None = None,
    ) -> ActionResult: ...

    @overload
    def call(
        self,
        action: str,
        params: Mapping[str, object],
        *,
        approval: str | None = None,
        dry_run: Literal[True],
        deadline: float | None = None,
    ) -> Preview: ...

    @overload
    def call(
        self,
        action: str,
        params: Mapping[str, object],
        *,
        approval: str | None = None,
        dry_run: bool,
        deadline: float | None = None,
    ) -> ActionResult | Preview: ...

    def call(
        self,
        action: str,
        params: Mapping[str, object],
        *,
        approval: str | None = None,
        dry_run: bool = False,
        deadline: float | None = None,
    ) -> ActionResult | Preview:
        """Do any action of the catalogue by its name.

        Args:
            action: Such as `issues.resolve`.
            params: Its parameters by any of their spellings; unknown ones are refused.
            approval: What a person gave for exactly this request.
            dry_run: Find out whose it is, decide, and show the request instead of sending it.
            deadline: An instant on `time.monotonic()` after which nothing is sent any more.

        Raises:
            ConfigError: There is no such action.
            RequestRefused: The parameters cannot be used.
        """
        asked = Asked.of(action, params, self.config.defaults(action))
        if dry_run:
            return self.run(rehearse(asked), approval=approval, deadline=deadline)
        return self.run(by_name(asked), approval=approval, deadline=deadline)

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
