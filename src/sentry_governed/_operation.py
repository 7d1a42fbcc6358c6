"""The word that every layer shares for "what is asked, and by whom it must be allowed"."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

Intent: TypeAlias = Literal["read", "write"]
Scope: TypeAlias = Literal["none", "org", "project"]
Stage: TypeAlias = Literal["lookup", "act"]


@attrs.frozen
class Claim:
    """What the caller named, as it was written, for the audit record: nothing is decided on it.

    Attributes:
        org: The organization.
        projects: The projects.
        resource: The thing to be acted on.
    """

    org: str | None = None
    projects: tuple[str, ...] | None = None
    resource: str | None = None


@attrs.frozen
class Operation:
    """What is asked, in the terms that an authorizer decides on.

    Attributes:
        action: The action's name in the catalogue, such as `issues.resolve`.
        intent: Whether anything changes.
        scope: What must be established before the action may be allowed.
        service: The name the driver knows the service by; policy judges `sentry` only.
        stage: A `lookup` only establishes facts, its response reaches nobody before an `act` is decided.
        implied: Further actions that must be allowed too.
        org: The organization's slug, or None while it is not established.
        projects: Every project concerned, or None while they are not established.
        resource: The canonical id of the thing acted on; in a lookup, the id that was asked for.
        claimed: What the caller named, or None where that was not kept.
    """

    action: str
    intent: Intent
    scope: Scope
    service: str = "sentry"
    stage: Stage = "act"
    implied: tuple[str, ...] = ()
    org: str | None = None
    projects: tuple[str, ...] | None = None
    resource: str | None = None
    claimed: Claim | None = None
