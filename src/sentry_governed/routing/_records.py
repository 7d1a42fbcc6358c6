"""What the router remembers of a key and of an issue, and how it is written down."""

from __future__ import annotations

import json
import math
from typing import Final, Literal, TypeAlias, TypeVar, get_args

import attrs

from sentry_governed._convert import JsonObject, is_list, is_object
from sentry_governed.errors import LedgerError
from sentry_governed.routing._outcome import Shadowed

State: TypeAlias = Literal["reserved", "creating", "created", "linked", "done", "unknown", "failed"]
Mode: TypeAlias = Literal["task", "comment"]

_REMEMBERED = 50

R = TypeVar("R", bound="TaskRecord | Chain")

_is_text = attrs.validators.instance_of(str)
_are_texts = attrs.validators.deep_iterable(_is_text, attrs.validators.instance_of(tuple))
_is_count = attrs.validators.instance_of(int)


def _shadow(value: object) -> Shadowed | None:
    """Read a shadow back."""
    if value is None or isinstance(value, Shadowed):
        return value
    if not is_object(value):
        raise TypeError("a shadow is an object")
    names = {field.name for field in attrs.fields(Shadowed)}
    return Shadowed(**{name: each for name, each in value.items() if name in names})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # it validates


def _is_time(_record: object, field: attrs.Attribute[float], value: object) -> None:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{field.name} is not a time")


@attrs.frozen
class TaskRecord:
    """How far the work on one key has come.

    Attributes:
        state: `reserved` and `creating` are held under a lease; a lapsed `creating` means `unknown`.
        fence: Grows with each change of hands.
        owner: The holder's nonce.
        lease_until: Seconds since the epoch.
        mode: Whether the key becomes a task of its own or a comment on `target`.
        target: The task that is commented on.
        projects: Where the task may have been created, for looking it up.
        digest: The draft's digest, written before it is sent.
        creating_at: When the POST was about to be sent, in seconds since the epoch.
        posted_by: When a POST of unknown fate had ended, whichever worker's clock one asks.
        attempts: How often the fate of a POST was still unknown when a delivery ended.
        task: The task's gid.
        url: Where a person opens the task.
        team: The owning team's name.
        reason: Why that team.
        notes: What could not be done as configured.
        shadow: What the shadow rules would have done otherwise.
    """

    state: State = attrs.field(validator=attrs.validators.in_(get_args(State)))
    fence: int = attrs.field(default=1, validator=_is_count)
    owner: str = attrs.field(default="", validator=_is_text)
    lease_until: float = attrs.field(default=0.0, validator=_is_time)
    mode: Mode = attrs.field(default="task", validator=attrs.validators.in_(get_args(Mode)))
    target: str | None = attrs.field(default=None, validator=attrs.validators.optional(_is_text))
    projects: tuple[str, ...] = attrs.field(default=(), validator=_are_texts)
    digest: str = attrs.field(default="", validator=_is_text)
    creating_at: float = attrs.field(default=0.0, validator=_is_time)
    posted_by: float = attrs.field(default=0.0, validator=_is_time)
    attempts: int = attrs.field(default=0, validator=_is_count)
    task: str = attrs.field(default="", validator=_is_text)
    url: str = attrs.field(default="", validator=_is_text)
    team: str = attrs.field(default="", validator=_is_text)
    reason: str = attrs.field(default="", validator=_is_text)
    notes: tuple[str, ...] = attrs.field(default=(), validator=_are_texts)
    shadow: Shadowed | None = attrs.field(default=None, converter=_shadow)

    @property
    def is_made(self) -> bool:
        """Whether the task or the comment is there, with steps left to do."""
        return self.state in {"created", "linked"}

    @property
    def is_open(self) -> bool:
        """Whether a task may be there."""
        return self.state not in {"reserved", "failed"}


@attrs.frozen
class Chain:
    """The tasks of one Sentry issue, or who is about to make the first one.

    Attributes:
        root: The first task: Sentry's external link points at it. Empty while there is none.
        latest: The newest task.
        tasks: The newest gids, so that adding one twice changes nothing.
        holder: The key of an alert that may become the first task, or has.
        held_until: Seconds since the epoch.
        alone: Whether the issue's other alerts wait for it meanwhile.
    """

    root: str = attrs.field(validator=_is_text)
    latest: str = attrs.field(validator=_is_text)
    tasks: tuple[str, ...] = attrs.field(default=(), validator=_are_texts)
    holder: str = attrs.field(default="", validator=_is_text)
    held_until: float = attrs.field(default=0.0, validator=_is_time)
    alone: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    def with_task(self, task: str) -> Chain:
        """The chain with one more task at its end."""
        tasks = (*self.tasks, task)[-_REMEMBERED:]
        return Chain(self.root or task, task, tasks, self.holder)


NO_TASKS: Final = Chain("", "")
"""An issue that nobody has made a task for."""


def encode(record: TaskRecord | Chain) -> str:
    """The text that a ledger keeps."""
    return json.dumps(attrs.asdict(record), separators=(",", ":"), sort_keys=True)


def decode_task(key: str, text: str) -> TaskRecord:
    """Read a record back, one that an older or a newer version has written too.

    Raises:
        LedgerError: It is not one; something else writes to the same ledger.
    """
    return _decode(key, text, TaskRecord)


def decode_chain(key: str, text: str) -> Chain:
    """Read a chain back; raises like `decode_task`."""
    return _decode(key, text, Chain)


def _decode(key: str, text: str, kind: type[R]) -> R:
    names = {field.name for field in attrs.fields(kind)}
    found = {name: value for name, value in _object(text).items() if name in names}
    given = {name: tuple(value) if is_list(value) else value for name, value in found.items()}
    try:
        return kind(**given)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # it validates
    except (TypeError, ValueError):
        pass
    raise LedgerError(f"ledger record {key} is not a {kind.__name__}; does something else write there?")


def _object(text: str) -> JsonObject:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if is_object(found) else {}
