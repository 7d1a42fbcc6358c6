"""What the router remembers of a key and of an issue, and how it is written down."""

from __future__ import annotations

import json
from typing import Literal, TypeAlias, get_args

import attrs

from sentry_governed._convert import is_list, is_object
from sentry_governed.errors import LedgerError

State: TypeAlias = Literal["reserved", "creating", "created", "linked", "done", "unknown", "failed"]
Mode: TypeAlias = Literal["task", "comment"]

_REMEMBERED = 50


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
        attempts: How often the fate of a POST was unknown.
        task: The task's gid.
        url: Where a person opens the task.
        team: The owning team's name.
        reason: Why that team.
        notes: What could not be done as configured.
    """

    state: State
    fence: int = 1
    owner: str = ""
    lease_until: float = 0.0
    mode: Mode = "task"
    target: str | None = None
    projects: tuple[str, ...] = ()
    digest: str = ""
    creating_at: float = 0.0
    attempts: int = 0
    task: str = ""
    url: str = ""
    team: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()


@attrs.frozen
class Chain:
    """The tasks of one Sentry issue.

    Attributes:
        root: The first task: Sentry's external link points at it.
        latest: The newest task.
        tasks: The newest gids, so that adding one twice changes nothing.
    """

    root: str
    latest: str
    tasks: tuple[str, ...] = ()

    def with_task(self, task: str) -> Chain:
        """The chain with one more task at its end."""
        return attrs.evolve(self, latest=task, tasks=(*self.tasks, task)[-_REMEMBERED:])


def encode(record: TaskRecord | Chain) -> str:
    """The text that a ledger keeps."""
    return json.dumps(attrs.asdict(record), separators=(",", ":"), sort_keys=True)


def decode_task(key: str, text: str) -> TaskRecord:
    """Read a record back.

    Raises:
        LedgerError: It is not one; something else writes to the same ledger.
    """
    fields = _fields(key, text, TaskRecord)
    if fields["state"] not in get_args(State):
        raise LedgerError(f"ledger record {key} has the unknown state {fields['state']!r}")
    return TaskRecord(**fields)  # type: ignore[arg-type]  # names checked above, the rest is our own writing


def decode_chain(key: str, text: str) -> Chain:
    """Read a chain back; raises like `decode_task`."""
    return Chain(**_fields(key, text, Chain))  # type: ignore[arg-type]  # as above


def _fields(key: str, text: str, kind: type[TaskRecord | Chain]) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    names = {field.name for field in attrs.fields(kind)}
    if not is_object(found) or set(found) != names:
        raise LedgerError(f"ledger record {key} is not a {kind.__name__}")
    return {name: tuple(value) if is_list(value) else value for name, value in found.items()}
