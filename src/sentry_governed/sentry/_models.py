"""What Sentry answers with. Ids are text; `raw` holds the whole object, whatever else is in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar

import attrs

from sentry_governed._convert import Id
from sentry_governed.typing import JsonValue

T = TypeVar("T")
Raw: TypeAlias = Mapping[str, JsonValue]


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: A short page is not the last one.
        next: The cursor of the page after it, or None at the end.
        withheld: How many items were left out: policy denies their project, or it cannot be told.
    """

    items: tuple[T, ...]
    next: str | None = None
    withheld: int = 0


@attrs.frozen(kw_only=True)
class ProjectRef:
    """A project as other objects name it; decisions rest on the slug."""

    slug: str
    id: Id = ""
    name: str = ""


@attrs.frozen(kw_only=True)
class Issue:
    """An issue.

    Attributes:
        id: The canonical id: a merged issue answers with that of the one it was merged into.
        project: Where it belongs.
        short_id: Such as `WEB-1A`.
        title: One line.
        culprit: Where in the code.
        permalink: Where a person opens it.
        level: `fatal`, `error`, `warning`, `info`, `debug`, `sample`, or `unknown`.
        status: `unresolved`, `resolved`, `ignored`, ...
        substatus: `new`, `ongoing`, `escalating`, `regressed`, `archived_forever`, ...
        priority: `high`, `medium`, `low`, or empty.
        first_seen: In UTC.
        last_seen: In UTC.
        raw: The object as it came.
    """

    id: Id
    project: ProjectRef
    short_id: str = ""
    title: str = ""
    culprit: str = ""
    permalink: str = ""
    level: str = ""
    status: str = ""
    substatus: str = ""
    priority: str = ""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen
class Tag:
    """One value of a tag."""

    key: str = ""
    value: str | None = None


@attrs.frozen(kw_only=True)
class Event:
    """An event.

    Attributes:
        id: 32 hexadecimal digits.
        group_id: Its issue.
        project_id: Its project's numeric id.
        title: One line.
        message: What was logged; often empty.
        culprit: Where in the code.
        platform: Such as `python`.
        date_created: In UTC.
        tags: In the order received; a key may repeat.
        raw: The object as it came. It may hold personal data.
    """

    id: str = attrs.field(metadata={"key": "eventID"})
    group_id: Id = attrs.field(default="", metadata={"key": "groupID"})
    project_id: Id = attrs.field(default="", metadata={"key": "projectID"})
    title: str = ""
    message: str = attrs.field(default="", repr=False)
    culprit: str = ""
    platform: str = ""
    date_created: datetime | None = None
    tags: tuple[Tag, ...] = attrs.field(default=(), repr=False)
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)

    @property
    def tag_values(self) -> dict[str, tuple[str, ...]]:
        """Every value of each tag; a tag without a value counts as absent."""
        values: dict[str, list[str]] = {}
        for tag in self.tags:
            if tag.key and tag.value is not None:
                values.setdefault(tag.key, []).append(tag.value)
        return {key: tuple(found) for key, found in values.items()}


@attrs.frozen(kw_only=True)
class Note:
    """A comment on an issue.

    Attributes:
        id: Its id; empty when Sentry only said that it is already there.
        date_created: In UTC.
        existed: Whether the same text had been posted by the same user within the hour.
        raw: The object as it came.
    """

    id: Id = ""
    date_created: datetime | None = None
    existed: bool = False
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen(kw_only=True)
class ExternalIssue:
    """What an issue is linked to elsewhere.

    Attributes:
        id: The link's id.
        issue_id: The issue.
        service_type: The integration's slug.
        display_name: `project#identifier`, with markup characters escaped by Sentry.
        web_url: Where the link leads.
        raw: The object as it came.
    """

    id: Id
    issue_id: Id = ""
    service_type: str = ""
    display_name: str = ""
    web_url: str = ""
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen
class TagValue:
    """One of the most frequent values of a tag, and how often it was seen."""

    value: str | None = None
    count: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@attrs.frozen(kw_only=True)
class IssueTag:
    """A tag of an issue.

    Attributes:
        key: The tag's key.
        name: Its name for people.
        total_values: How many events have it.
        unique_values: How many different values it has.
        top_values: The most frequent ones.
        raw: The object as it came.
    """

    key: str
    name: str = ""
    total_values: int = 0
    unique_values: int = 0
    top_values: tuple[TagValue, ...] = ()
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen(kw_only=True)
class ShortId:
    """The issue that a short id belongs to.

    Attributes:
        organization_slug: The organization.
        project_slug: The project.
        group: The issue.
        short_id: As Sentry writes it.
        raw: The object as it came.
    """

    organization_slug: str
    project_slug: str
    group: Issue
    short_id: str = ""
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen(kw_only=True)
class EventPlace:
    """Where an event belongs.

    Attributes:
        organization_slug: The organization.
        project_slug: The project.
        group_id: The issue.
        event_id: The event.
        raw: The object as it came, with the event.
    """

    organization_slug: str
    project_slug: str
    group_id: Id
    event_id: str = ""
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen(kw_only=True)
class Changes:
    """What Sentry says that it changed in each of several issues; empty when there was nothing to change."""

    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False)
