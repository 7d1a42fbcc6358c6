"""What a SQLite inbox keeps: the tables, and the values that its rows make."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import attrs

from sentry_governed._values import InboxMessage

InboxState: TypeAlias = Literal["waiting", "dead", "quarantined"]

_COUNT_ONE_MORE: Final = """
    INSERT INTO counts VALUES (NEW.state, 1, length(NEW.body))
    ON CONFLICT (state) DO UPDATE SET messages = messages + 1, bytes = bytes + excluded.bytes;"""
_COUNT_ONE_LESS: Final = """
    UPDATE counts SET messages = messages - 1, bytes = bytes - length(OLD.body) WHERE state = OLD.state;"""

SCHEMA: Final = (
    # AUTOINCREMENT never hands out a number twice, so that an old one never means another message.
    """CREATE TABLE messages (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        state TEXT NOT NULL,
        source TEXT NOT NULL,
        resource TEXT,
        key TEXT,
        received_at REAL NOT NULL,
        sha256 TEXT NOT NULL,
        trimmed INTEGER NOT NULL,
        problem TEXT,
        due REAL NOT NULL,
        owner TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT '',
        body BLOB NOT NULL
    )""",
    "CREATE INDEX messages_by_turn ON messages (state, due, number)",
    "CREATE INDEX messages_by_age ON messages (state, received_at)",
    "CREATE INDEX messages_by_hash ON messages (sha256)",
    """CREATE TABLE counts (
        state TEXT PRIMARY KEY, messages INTEGER NOT NULL, bytes INTEGER NOT NULL
    ) WITHOUT ROWID""",
    f"CREATE TRIGGER count_new AFTER INSERT ON messages BEGIN {_COUNT_ONE_MORE} END",
    f"CREATE TRIGGER count_gone AFTER DELETE ON messages BEGIN {_COUNT_ONE_LESS} END",
    f"""CREATE TRIGGER count_moved AFTER UPDATE OF state ON messages
    BEGIN {_COUNT_ONE_LESS} {_COUNT_ONE_MORE} END""",
)

_MESSAGE: Final = "source, resource, key, received_at, sha256, trimmed, problem"
TAKEN: Final = f"number, attempts, {_MESSAGE}, body"
SHOWN: Final = f"number, state, attempts, due, owner IS NOT NULL, reason, length(body), {_MESSAGE}"


@attrs.frozen
class Delivery:
    """A message that one worker holds, until its lease lapses.

    Attributes:
        number: The message's number in the inbox.
        message: What is to be handled.
        attempts: How often it was taken, this time included; what was deferred is not counted.
        is_last: Whether an attempt that fails now makes it a dead letter.
        owner: Tells this lease from a later one of the same message.
    """

    number: int
    message: InboxMessage
    attempts: int
    is_last: bool
    owner: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class InboxItem:
    """A message in an inbox, as an operator sees it.

    Attributes:
        number: Its number; no other message ever has the same.
        state: `waiting` for a worker, or put aside: `dead`, or `quarantined` because nothing could read it.
        leased: Whether a worker holds it now.
        attempts: How often a worker took it; what was deferred is not counted.
        due: From when a worker may take it, in seconds since the epoch; the end of the lease while one lasts.
        reason: Why it is where it is, in one line, or empty.
        size: Bytes of the body.
        message: The message; a list leaves its body out.
    """

    number: int
    state: InboxState
    leased: bool
    attempts: int
    due: float
    reason: str
    size: int
    message: InboxMessage


@attrs.frozen(kw_only=True)
class InboxStats:
    """How full an inbox is.

    Attributes:
        waiting: Messages that wait for a worker, those that one holds among them.
        leased: Messages that a worker holds.
        dead: Dead letters.
        quarantined: Messages that nothing could read.
        oldest_age: Seconds since the oldest waiting message was received; None when none waits.
        waiting_bytes: What the bodies of the waiting messages take.
    """

    waiting: int
    leased: int
    dead: int
    quarantined: int
    oldest_age: float | None
    waiting_bytes: int


def read_message(row: tuple[object, ...], body: bytes) -> InboxMessage:
    """The message whose columns these are."""
    source, resource, key, received_at, sha256, trimmed, problem = row
    return InboxMessage(
        source="datadog" if source == "datadog" else "sentry",
        resource=_text(resource),
        body=body,
        key=_text(key),
        received_at=float(str(received_at)),
        sha256=str(sha256),
        trimmed=bool(trimmed),
        problem=_text(problem),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
