"""The frozen values that the public Protocols mention."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from sentry_governed._operation import Operation

Pairs: TypeAlias = tuple[tuple[str, str], ...]


@attrs.frozen
class Request:
    """One HTTP request, without its origin and without credentials: the sender adds both.

    Attributes:
        method: Upper case.
        template: A path below the service's base URL with `{name}` segments, such as
            `/organizations/{org}/issues/`. A parameter is always a whole segment.
        params: The values of the template's names; they are percent-encoded when sent.
        query: Name and value pairs; a name may repeat.
        body: The exact bytes of a JSON body, or None.
        idempotent: Whether sending it twice is the same as once. It decides what may be retried.
    """

    method: str
    template: str
    params: Pairs = ()
    query: Pairs = ()
    body: bytes | None = attrs.field(default=None, repr=False)
    idempotent: bool = False


@attrs.frozen
class Response:
    """A whole HTTP response.

    Attributes:
        status: The status code; redirects are never followed, so it may be a 3xx.
        headers: Names in lower case, in the order received; a name may repeat.
        body: The decoded bytes.
    """

    status: int
    headers: Pairs = attrs.field(default=(), repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """The first value of a header by its lower-case name, or None."""
        return next((value for key, value in self.headers if key == name), None)


def _nobody_listens(_outcome: int | BaseException) -> None:
    """The default of a permit that nobody records."""


@attrs.frozen
class Permit:
    """An authorizer's yes to one operation.

    Attributes:
        operation: What was allowed.
        on_completed: Told the status code, or the error, exactly once after the send it allowed.
            It should not raise: what was sent cannot be taken back.
    """

    operation: Operation
    on_completed: Callable[[int | BaseException], None] = attrs.field(default=_nobody_listens, repr=False)

    def completed(self, outcome: int | BaseException) -> None:
        """Report how the allowed send ended."""
        self.on_completed(outcome)


@attrs.frozen
class LedgerRecord:
    """One record of a ledger, which is a compare-and-set store of small texts.

    Attributes:
        key: `[A-Za-z0-9._-]{1,200}`.
        value: Opaque to the ledger.
        version: Grows with each write of the key; pass it back as `expected`.
        expires_at: Seconds since the epoch after which the ledger may forget the record.
    """

    key: str
    value: str = attrs.field(repr=False)
    version: int
    expires_at: float
