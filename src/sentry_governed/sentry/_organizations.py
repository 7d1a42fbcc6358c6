"""What Sentry answers with about organizations, and what they hold beside issues."""

from __future__ import annotations

from datetime import datetime

import attrs

from sentry_governed._convert import Id
from sentry_governed.sentry._models import EventPlace, Issue, ProjectRef, Raw, ShortId
from sentry_governed.typing import JsonValue


@attrs.frozen(kw_only=True)
class Organization:
    """An organization; decisions rest on the slug.

    Attributes:
        slug: Its name in paths.
        id: Its numeric id.
        name: Its name for people.
        date_created: In UTC.
        raw: The object as it came, without the projects and teams that some servers include.
    """

    slug: str
    id: Id = ""
    name: str = ""
    date_created: datetime | None = None
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen(kw_only=True)
class Project:
    """A project; decisions rest on the slug.

    Attributes:
        slug: Its name in paths.
        id: Its numeric id.
        name: Its name for people.
        platform: Such as `python`.
        date_created: In UTC.
        raw: The object as it came.
    """

    slug: str
    id: Id = ""
    name: str = ""
    platform: str = ""
    date_created: datetime | None = None
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen(kw_only=True)
class Team:
    """A team.

    Attributes:
        slug: Its name in paths.
        id: Its numeric id.
        name: Its name for people.
        member_count: How many people are in it.
        projects: Those of its projects that policy allows.
        raw: The object as it came, with the same projects only.
    """

    slug: str
    id: Id = ""
    name: str = ""
    member_count: int = 0
    projects: tuple[ProjectRef, ...] = ()
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen(kw_only=True)
class MemberUser:
    """The user behind a member; `id` is what an issue is assigned to, as `user:<id>`."""

    id: Id
    name: str = ""
    email: str = ""


@attrs.frozen(kw_only=True)
class Member:
    """A member of an organization.

    Attributes:
        id: Of the membership, and not of the user.
        email: Where invitations go.
        name: For people.
        pending: Whether the invitation is still open.
        user: None before the invitation is accepted.
        raw: The object as it came, with only those of its projects that policy allows.
    """

    id: Id
    email: str = ""
    name: str = ""
    pending: bool = False
    user: MemberUser | None = None
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen(kw_only=True)
class OwnershipRules:
    """The ownership rules of a project.

    Attributes:
        text: The rules as people write them.
        fallthrough: Whether everybody owns what no rule matches.
        auto_assignment: What is done with an owner, such as `Auto Assign to Issue Owner`.
        is_active: Whether the rules are in use.
        last_updated: In UTC.
        raw: The object as it came.
    """

    text: str = attrs.field(default="", metadata={"key": "raw"})
    fallthrough: bool = False
    auto_assignment: str = ""
    is_active: bool = False
    last_updated: datetime | None = None
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


@attrs.frozen(kw_only=True)
class Release:
    """A release, which belongs to the whole organization and may span several projects.

    Attributes:
        version: Its name.
        projects: What it is for.
        short_version: Its name for people.
        status: `open` or `archived`.
        ref: The commit or tag that was released.
        url: Where a person reads about it.
        date_created: In UTC.
        date_released: In UTC.
        raw: The object as it came.
    """

    version: str
    projects: tuple[ProjectRef, ...]
    short_version: str = ""
    status: str = ""
    ref: str = ""
    url: str = ""
    date_created: datetime | None = None
    date_released: datetime | None = None
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)

    @property
    def project_slugs(self) -> tuple[str, ...]:
        """The slugs of its projects, each once."""
        return tuple(dict.fromkeys(project.slug for project in self.projects))


@attrs.frozen(kw_only=True)
class Deploy:
    """A deploy of a release.

    Attributes:
        id: Its numeric id.
        environment: Where to.
        name: What it is called.
        url: Where a person reads about it.
        date_started: In UTC.
        date_finished: In UTC.
        raw: The object as it came.
    """

    id: Id
    environment: str = ""
    name: str = ""
    url: str = ""
    date_started: datetime | None = None
    date_finished: datetime | None = None
    raw: Raw = attrs.field(factory=dict[str, JsonValue], repr=False, eq=False)


def projects_of(item: object) -> tuple[str, ...]:
    """The slugs of the projects that an item is of."""
    match item:
        case Project():
            return (item.slug,)
        case Issue():
            return (item.project.slug,)
        case Release():
            return item.project_slugs
        case ShortId():
            return tuple(dict.fromkeys((item.project_slug, item.group.project.slug)))
        case EventPlace():
            return (item.project_slug,)
        case _:
            return ()
