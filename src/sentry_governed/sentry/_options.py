"""What the typed methods take by keyword: the parameters of the catalogue, with types. None is not given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, TypedDict

from sentry_governed.typing import JsonValue

Moment: TypeAlias = str | datetime
Names: TypeAlias = str | Sequence[str]
StatsPeriod: TypeAlias = Literal["1h", "1d", "2d", "7d", "14d", "24h", "30d", "48h", "90d"]
Archived: TypeAlias = Literal["archived_forever", "archived_until_condition_met", "archived_until_escalating"]


class InOrg(TypedDict, total=False):
    """The organization, by slug or numeric id, where it is not the configured one."""

    org: str | None


class InProject(InOrg, total=False):
    """The project it is believed to belong to: refused when Sentry says otherwise."""

    project: str | None


class Paged(TypedDict, total=False):
    """How many items a page has, at most 100."""

    per_page: int | None


class Period(TypedDict, total=False):
    """From when to when; `stats_period` is such as `24h` and wins."""

    stats_period: str | None
    start: Moment | None
    end: Moment | None


class OrganizationSearch(Paged, total=False):
    """Which organizations."""

    owner: bool | None
    query: str | None
    sort_by: Literal["events", "members"] | None


class NameSearch(InOrg, Paged, total=False):
    """Only those whose name or slug matches."""

    query: str | None


class TeamSearch(NameSearch, total=False):
    """Which teams; `detailed="0"` leaves out their projects."""

    detailed: Literal["0", "1"] | None


class MemberSearch(InOrg, Paged, total=False):
    """Which members."""


class IssueSearch(InOrg, Period, total=False):
    """Which issues; a `query` left out is `is:unresolved`, an empty one is all of them."""

    project: Names | None
    query: str | None
    group: Names | None
    environment: Names | None
    sort: Literal["date", "freq", "inbox", "new", "recommended", "trends", "user"] | None
    expand: Names | None
    collapse: Names | None
    view_id: str | None
    group_stats_period: Literal["", "14d", "24h", "auto"] | None
    short_id_lookup: Literal["0", "1"] | None
    limit: int | None


class IssueRead(InProject, total=False):
    """What to include of an issue."""

    environment: Names | None
    expand: Names | None
    collapse: Names | None


class OfEnvironments(InProject, total=False):
    """Only these environments."""

    environment: Names | None


class TagRead(OfEnvironments, total=False):
    """Which tag; left out, all of them."""

    key: str | None


class EventSearch(InProject, Period, Paged, total=False):
    """Which events: those of an issue, or of a project; `query` and `environment` go with an issue only."""

    issue_id: str | None
    query: str | None
    environment: Names | None
    full: bool | None
    sample: bool | None


class Resolve(TypedDict, total=False):
    """What resolves an issue: now, or a release, the next release, or a commit of a repository."""

    in_release: str | None
    in_next_release: bool | None
    commit: str | None
    repository: str | None


class Conditions(TypedDict, total=False):
    """Until when an issue is archived; durations and windows are in minutes."""

    ignore_duration: int | None
    ignore_count: int | None
    ignore_window: int | None
    ignore_user_count: int | None
    ignore_user_window: int | None


class IssueResolve(InProject, Resolve, total=False):
    """See `Resolve`."""


class IssueArchive(InProject, Conditions, total=False):
    """For ever when nothing is given, until a condition is met when one is."""

    substatus: Archived | None


class IssueFields(Resolve, Conditions, total=False):
    """What to change of an issue."""

    status: Literal["ignored", "resolved", "resolvedInNextRelease", "unresolved"] | None
    substatus: Archived | Literal["escalating", "new", "ongoing", "regressed"] | None
    assigned_to: str | None
    priority: Literal["high", "low", "medium"] | None
    has_seen: bool | None
    is_bookmarked: bool | None
    is_subscribed: bool | None
    inbox: bool | None


class IssueUpdate(InProject, IssueFields, total=False):
    """What to change of one issue."""


class IssuesUpdate(InOrg, IssueFields, total=False):
    """What to change of several issues, which all have to be of these projects where some are named."""

    project: Names | None


class ReleaseSearch(InOrg, Paged, total=False):
    """Which releases; `query` is a part of the version."""

    project: Names | None
    environment: Names | None
    query: str | None


class ReleaseRead(InProject, total=False):
    """Which figures to include of a release."""

    health: bool | None
    adoption_stages: bool | None
    summary_stats_period: StatsPeriod | None
    health_stats_period: StatsPeriod | None


class ReleaseFields(InProject, total=False):
    """What a release says of itself."""

    ref: str | None
    url: str | None
    date_released: Moment | None
    commits: Sequence[Mapping[str, JsonValue]] | None
    refs: Sequence[Mapping[str, JsonValue]] | None


class ReleaseCreate(ReleaseFields, total=False):
    """What a new release says of itself."""

    status: Literal["archived", "open"] | None
    owner: str | None


class DeployList(InProject, Paged, total=False):
    """Which deploys."""


class DeployCreate(InProject, total=False):
    """What a deploy says of itself; it is of all the release's projects when none are named."""

    projects: Names | None
    name: str | None
    url: str | None
    date_started: Moment | None
    date_finished: Moment | None
