"""What a fake Sentry holds, and how Sentry writes it as JSON."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import attrs

from sentry_governed._values import Pairs
from sentry_governed.testing._wire import Record
from sentry_governed.typing import JsonValue


def iso(seconds: float) -> str:
    """A moment as Sentry writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@attrs.frozen
class FakeOrg:
    """An organization."""

    id: str
    slug: str
    name: str
    created_at: float

    def record(self, web: str) -> Record:
        """As JSON."""
        return {
            "id": self.id,
            "slug": self.slug,
            "name": self.name,
            "dateCreated": iso(self.created_at),
            "status": {"id": "active", "name": "active"},
            "links": {"organizationUrl": f"{web}/organizations/{self.slug}", "regionUrl": web},
        }


@attrs.frozen
class FakeSentryProject:
    """A project of an organization; `org` is the slug."""

    id: str
    slug: str
    org: str
    platform: str
    created_at: float

    def reference(self) -> Record:
        """As other objects mention it."""
        return {"id": self.id, "slug": self.slug, "name": self.slug, "platform": self.platform}

    def record(self) -> Record:
        """As JSON."""
        return {
            **self.reference(),
            "dateCreated": iso(self.created_at),
            "isMember": True,
            "hasAccess": True,
            "teams": [],
            "environments": [],
        }


@attrs.frozen
class FakeIssue:
    """An issue; `org` and `project` are slugs, times are in seconds since the epoch."""

    id: str
    org: str
    project: str
    short_id: str
    title: str
    level: str
    first_seen: float
    last_seen: float
    culprit: str = ""
    status: str = "unresolved"
    substatus: str | None = "new"
    status_details: Mapping[str, JsonValue] = attrs.field(factory=dict[str, JsonValue])
    priority: str = "medium"
    assigned_to: str | None = None

    def record(self, project: FakeSentryProject, web: str, counts: Mapping[str, JsonValue]) -> Record:
        """As JSON; `counts` are properties that other objects decide."""
        return {
            "id": self.id,
            "shortId": self.short_id,
            "title": self.title,
            "culprit": self.culprit,
            "level": self.level,
            "logger": None,
            "status": self.status,
            "substatus": self.substatus,
            "statusDetails": self.status_details,
            "priority": self.priority,
            "project": project.reference(),
            "platform": project.platform,
            "type": "error",
            "issueType": "error",
            "issueCategory": "error",
            "metadata": {"title": self.title},
            "assignedTo": self._assignee(),
            "annotations": [],
            "isPublic": False,
            "isUnhandled": False,
            "userCount": 0,
            "firstSeen": iso(self.first_seen),
            "lastSeen": iso(self.last_seen),
            "permalink": f"{web}/organizations/{self.org}/issues/{self.id}/",
            **counts,
        }

    def _assignee(self) -> Record | None:
        if not self.assigned_to:
            return None
        kind, _, name = self.assigned_to.rpartition(":")
        return {"type": kind or "user", "id": name, "name": name}


@attrs.frozen
class FakeEvent:
    """An event of an issue; `tags` are pairs, and a key may repeat."""

    id: str
    issue: str
    title: str
    message: str
    created_at: float
    tags: Pairs = ()

    def tag(self, key: str) -> str | None:
        """The first value of a tag."""
        return next((value for name, value in self.tags if name == key), None)

    def record(self, project: FakeSentryProject) -> Record:
        """As JSON."""
        release = self.tag("release")
        return {
            "id": self.id,
            "eventID": self.id,
            "groupID": self.issue,
            "projectID": project.id,
            "event.type": "error",
            "title": self.title,
            "message": self.message,
            "location": None,
            "culprit": "",
            "user": None,
            "tags": [{"key": key, "value": value} for key, value in self.tags],
            "platform": project.platform,
            "dateCreated": iso(self.created_at),
            "dateReceived": iso(self.created_at),
            "metadata": {"title": self.title},
            "contexts": {},
            "entries": [],
            "errors": [],
            "release": None if release is None else {"version": release},
            "nextEventID": None,
            "previousEventID": None,
        }


@attrs.frozen
class FakeNote:
    """A comment on an issue."""

    id: str
    text: str
    author: str = attrs.field(repr=False)
    created_at: float = 0.0

    def record(self, issue: str) -> Record:
        """As JSON."""
        return {
            "id": self.id,
            "type": "note",
            "issue": issue,
            "user": {"id": "1", "name": "Fake User"},
            "data": {"text": self.text},
            "dateCreated": iso(self.created_at),
        }


@attrs.frozen
class FakeRelease:
    """A release of an organization; `projects` are slugs, times are in seconds since the epoch."""

    id: int
    org: str
    version: str
    projects: tuple[str, ...]
    created_at: float
    fields: Mapping[str, JsonValue] = attrs.field(factory=dict[str, JsonValue])

    def record(self, projects: Sequence[FakeSentryProject], deploys: int) -> Record:
        """As JSON; unlike other objects its id, and those of its projects, are numbers."""
        return {
            "id": self.id,
            "version": self.version,
            "shortVersion": self.version,
            "versionInfo": {"package": None, "version": {"raw": self.version}, "description": self.version},
            "status": "open",
            "ref": None,
            "url": None,
            "dateCreated": iso(self.created_at),
            "dateReleased": None,
            "newGroups": 0,
            "commitCount": 0,
            "authors": [],
            "lastDeploy": None,
            **self.fields,
            "deployCount": deploys,
            "projects": [
                {**project.reference(), "id": int(project.id), "newGroups": 0} for project in projects
            ],
        }


@attrs.frozen
class FakeDeploy:
    """A deploy of a release; `projects` are slugs."""

    id: str
    org: str
    version: str
    environment: str
    projects: tuple[str, ...]
    finished_at: float
    name: str | None = None
    url: str | None = None

    def record(self) -> Record:
        """As JSON, which does not tell the projects."""
        return {
            "id": self.id,
            "environment": self.environment,
            "name": self.name,
            "url": self.url,
            "dateStarted": None,
            "dateFinished": iso(self.finished_at),
        }


@attrs.frozen
class FakeTeam:
    """A team of an organization; `projects` are slugs."""

    id: str
    org: str
    slug: str
    projects: tuple[str, ...]

    def record(self) -> Record:
        """As JSON, without its projects."""
        return {"id": self.id, "slug": self.slug, "name": self.slug, "memberCount": 1, "isMember": True}


@attrs.frozen
class FakeMember:
    """A member of an organization; `user` is the id of the user, or None for an open invitation."""

    id: str
    org: str
    email: str
    user: str | None

    def record(self) -> Record:
        """As JSON."""
        user: Record = {"id": self.user, "name": self.email, "email": self.email}
        return {
            "id": self.id,
            "email": self.email,
            "name": self.email,
            "pending": self.user is None,
            "user": None if self.user is None else user,
        }


@attrs.frozen
class FakeInstallation:
    """An internal integration that is installed in an organization."""

    uuid: str
    org: str
    app_slug: str
    token: str = attrs.field(repr=False)

    def record(self) -> Record:
        """As JSON."""
        return {
            "uuid": self.uuid,
            "app": {"uuid": self.uuid[::-1], "slug": self.app_slug},
            "organization": {"slug": self.org},
            "status": "installed",
        }


@attrs.frozen
class FakeExternalIssue:
    """A link from an issue to something outside; Sentry keeps one for an issue and integration."""

    id: str
    issue: str
    service_type: str
    project: str
    identifier: str
    web_url: str

    def record(self) -> Record:
        """As JSON."""
        return {
            "id": self.id,
            "issueId": self.issue,
            "serviceType": self.service_type,
            "displayName": html.escape(f"{self.project}#{self.identifier}"),
            "webUrl": self.web_url,
        }
