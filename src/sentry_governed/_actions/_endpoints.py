"""The paths of the API, and what it asks of a token."""

from __future__ import annotations

from typing import Final

from sentry_governed._actions._action import Endpoint

API: Final = "/api/0"
ORG: Final = f"{API}/organizations/{{org}}"
ISSUE: Final = f"{ORG}/issues/{{issue_id}}"
RELEASE: Final = f"{ORG}/releases/{{version}}"
PROJECT: Final = f"{API}/projects/{{org}}/{{project}}"
LINKS: Final = f"{API}/sentry-app-installations/{{installation}}/external-issues"

ORG_READ: Final = ("org:read", "org:write", "org:admin")
PROJECT_READ: Final = ("project:read", "project:write", "project:admin")
MEMBER_READ: Final = ("member:read", "member:write", "member:admin")
EVENT_READ: Final = ("event:read", "event:write", "event:admin")
EVENT_WRITE: Final = ("event:write", "event:admin")
RELEASE_READ: Final = (*PROJECT_READ, "project:releases", "org:ci")
RELEASE_WRITE: Final = ("project:write", "project:admin", "project:releases", "org:ci")


def at(path: str, token_scopes: tuple[str, ...], *, lists: bool = False) -> tuple[Endpoint, ...]:
    """The one endpoint at a path that lacks its closing slash."""
    return (Endpoint(f"{path}/", token_scopes, lists),)
