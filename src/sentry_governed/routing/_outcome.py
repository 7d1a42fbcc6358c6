"""How handling one alert can end: a closed union, so that an adapter can settle each on purpose."""

from __future__ import annotations

from typing import TypeAlias

import attrs

_is_text = attrs.validators.instance_of(str)


@attrs.frozen
class Shadowed:
    """What the shadow rules would have done otherwise; nothing was done about it.

    Its text is `ignored`, the team's name, or `no answer`.

    Attributes:
        team: The owner's name; None where they name none, and `reason` says why.
        reason: Why that team, or why it is ignored.
        ignored: Whether no task would have been made.
    """

    team: str | None = attrs.field(validator=attrs.validators.optional(_is_text))
    reason: str = attrs.field(validator=_is_text)
    ignored: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    def __str__(self) -> str:
        return "ignored" if self.ignored else self.team or "no answer"


@attrs.frozen
class Created:
    """A task was created; acknowledge the delivery.

    Attributes:
        key: The alert's key.
        task: The task's gid.
        url: Where a person opens the task.
        team: The owning team's name.
        reason: Why that team.
        projects: The gids of the projects it was put in.
        notes: What could not be done as configured, such as a link that Sentry refused for good.
        shadow: What the shadow rules would have done otherwise; None where both agree or there are none.
    """

    key: str
    task: str
    url: str
    team: str
    reason: str
    projects: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    shadow: Shadowed | None = None


@attrs.frozen
class Commented:
    """A repeat was added to an earlier task as a comment; acknowledge the delivery."""

    key: str
    task: str
    url: str
    team: str
    reason: str
    notes: tuple[str, ...] = ()
    shadow: Shadowed | None = None


@attrs.frozen
class Duplicate:
    """An earlier delivery already made the task; acknowledge the delivery."""

    key: str
    task: str
    url: str
    notes: tuple[str, ...] = ()
    shadow: Shadowed | None = None


@attrs.frozen
class Skipped:
    """Nothing is to be done; acknowledge the delivery."""

    reason: str
    key: str | None = None
    shadow: Shadowed | None = None


@attrs.frozen
class Deferred:
    """It could not be finished now; deliver it again after `retry_after` seconds."""

    key: str
    retry_after: float
    reason: str


@attrs.frozen
class Uncertain:
    """A task may or may not have been created; deliver it again after `retry_after` seconds.

    On the last delivery put it aside for a person, who looks for the key in Asana.

    Attributes:
        key: The alert's key.
        retry_after: Seconds until the question can be settled.
        attempts: How often this key has been uncertain, this time included.
        reason: What happened, in a few words.
    """

    key: str
    retry_after: float
    attempts: int
    reason: str


@attrs.frozen
class Rejected:
    """This alert can never become a task as things are; put it aside for a person."""

    key: str
    problem: str
    shadow: Shadowed | None = None


Outcome: TypeAlias = Created | Commented | Duplicate | Skipped | Deferred | Uncertain | Rejected
