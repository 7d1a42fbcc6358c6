"""What the library asks of the objects that users bring: public Protocols and aliases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._operation import Operation
from sentry_governed._values import AuditRecord, InboxMessage, LedgerRecord, Permit, Request, Response

__all__ = [
    "Approvals",
    "AsyncInbox",
    "AsyncLedger",
    "AsyncSender",
    "AuditSink",
    "Authorizer",
    "Clock",
    "HasFacts",
    "Inbox",
    "JsonValue",
    "Ledger",
    "Sender",
    "TagValue",
    "Tags",
]

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""Anything that JSON can say."""

TagValue: TypeAlias = str | int | float | bool | Sequence[str | int | float | bool | None] | None
"""A tag's value: True and False read `true` and `false`, None is absent, an empty string is present."""

Tags: TypeAlias = Mapping[str, TagValue]
"""What rules are matched against."""


@runtime_checkable
class HasFacts(Protocol):
    """Anything with facts that rules can be matched against, such as an alert."""

    @property
    def facts(self) -> Tags:
        """Tags and payload facts by name."""
        ...


class Sender(Protocol):
    """Sends one request to one service; whatever it does not raise is the service's answer."""

    def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """Send it, spending at most `timeout` seconds in total (None: the sender's own bound).

        Raises:
            TransportError: There is no whole answer; the subclass says whether it may have been applied.
        """
        ...


class AsyncSender(Protocol):
    """`Sender` for asyncio."""

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """See `Sender.send`; a cancelled send closes its connection."""
        ...


class Authorizer(Protocol):
    """Decides whether an operation may go ahead.

    An authorizer that never waits may declare `blocking = False`; the asynchronous driver then calls it
    directly instead of in a thread.
    """

    def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
        """Allow by returning a permit.

        Args:
            operation: What is asked.
            request: The exact request about to be sent, or None for a check that sends nothing.
            approval: The approval token that the caller brought along.

        Raises:
            Denied: Nothing may be sent.
        """
        ...


class Approvals(Protocol):
    """Knows whether a person has approved a request.

    One that never waits may declare `blocking = False`.
    """

    def consume(self, token: str | None, request: ApprovalRequest) -> str:
        """Use an approval up: it allows this one send, whatever comes of it.

        Args:
            token: What the caller brought along, or None. An object that asks in the process ignores it.
            request: The exact request about to be sent, after its facts are known.

        Returns:
            The approval's id, and who gave it where that is known, for the audit. It is not a secret.

        Raises:
            ApprovalRequired: Nobody has approved it yet.
            ApprovalRefused: The approval is not for this request, is spent or expired, or was declined.
        """
        ...


class AuditSink(Protocol):
    """Where the records of decisions and of their outcomes go.

    One that never waits may declare `blocking = False`.
    """

    def write(self, record: AuditRecord) -> None:
        """Record it; the `decided` record of a write is durable on return.

        Raises:
            AuditError: It could not be recorded; whatever it was to allow must not happen.
        """
        ...


class Ledger(Protocol):
    """A durable compare-and-set store; it knows nothing of what its values mean."""

    def get(self, key: str) -> LedgerRecord | None:
        """The record, or None when there is none (an expired one counts as none)."""
        ...

    def put(self, key: str, value: str, *, expected: int | None, expires_at: float) -> LedgerRecord | None:
        """Write it if the key's version is still `expected` (None: the key is absent).

        Returns the new record, or None when somebody else was faster. The write is durable on return.
        """
        ...


class AsyncLedger(Protocol):
    """`Ledger` for asyncio."""

    async def get(self, key: str) -> LedgerRecord | None:
        """See `Ledger.get`."""
        ...

    async def put(
        self, key: str, value: str, *, expected: int | None, expires_at: float
    ) -> LedgerRecord | None:
        """See `Ledger.put`."""
        ...


class Inbox(Protocol):
    """Where authentic webhooks wait for a worker, so that the sender need not."""

    def put(self, message: InboxMessage) -> None:
        """Keep it; it is durable on return, also when it says that it belongs in quarantine.

        Putting a message again, or one with the key of another, is allowed: whoever routes it knows.

        Raises:
            InboxError: It may not have been kept; the sender must be told to send it again.
        """
        ...


class AsyncInbox(Protocol):
    """`Inbox` for asyncio."""

    async def put(self, message: InboxMessage) -> None:
        """See `Inbox.put`."""
        ...


class Clock(Protocol):
    """Where the library gets the time from."""

    def time(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...
