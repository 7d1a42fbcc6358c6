"""Who says yes to a write that policy does not allow on its own."""

from __future__ import annotations

import math
import os
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

from sentry_governed._approval_request import ApprovalRequest
from sentry_governed._secret import Secret
from sentry_governed.errors import ApprovalRefused, ApprovalRequired, ConfigError
from sentry_governed.policy._approvals_spent import Spent, SpentInFile, SpentInMemory
from sentry_governed.policy._approvals_token import Grant, key_id, read_token, write_token
from sentry_governed.policy._keys import check_key, same
from sentry_governed.typing import Clock

_LONGEST_NAME: Final = 200


class SignedApprovals:
    """Approvals as tokens that whoever has a key can issue, anywhere.

    A token allows one send of one exact request under one policy, until it expires. It is spent by that
    send, whatever comes of it.

    Args:
        keys: At least 32 characters each. The first signs, all are accepted: put a new key in front, and drop
            the old one once its tokens have expired.
        store: The SQLite file in which processes note what is spent; with None one process notes it in
            memory. Tokens that are older than the file or the memory are refused.
        max_age: The longest time in seconds that a token may be good for.
        skew: How many seconds the clocks of who issues and who accepts may differ.
        clock: Says what has expired.

    Raises:
        ConfigError: There is no key, one is too short or there twice, a time is out of bounds, or the file
            cannot be used.
    """

    def __init__(
        self,
        keys: Sequence[Secret],
        *,
        store: str | os.PathLike[str] | None = None,
        max_age: float = 3600.0,
        skew: float = 5.0,
        clock: Clock = time,
    ) -> None:
        self._keys = {key_id(key): key for key in keys}
        if not keys or len(self._keys) != len(keys):
            raise ConfigError("approvals need at least one key, and none twice")
        for key in keys:
            check_key(key, "an approval key")
        if not 0 <= skew < max_age < math.inf:
            raise ConfigError(f"max_age={max_age} and skew={skew} do not fit; give 0 <= skew < max_age")
        self._first = keys[0]
        self._max_age = max_age
        self._skew = skew
        self._clock = clock
        now = clock.time()
        self._spent: Spent = SpentInMemory(now) if store is None else SpentInFile(store, now)
        self.blocking = store is not None

    def issue(self, request: ApprovalRequest, *, expires_in: float, approver: str | None = None) -> str:
        """Approve a request: make the token that its caller brings along.

        Args:
            request: What is approved; show it to the approver first.
            expires_in: Seconds that the token is good for.
            approver: Who approves it. It is needed where the request says who asks, and cannot be the same.

        Raises:
            ApprovalRefused: The time is out of bounds, or nobody else than who asks approves it.
        """
        if not 0 < expires_in <= self._max_age:
            raise ApprovalRefused(
                f"an approval cannot be good for {expires_in:g} s, only up to {self._max_age:g}"
            )
        _check_approver(request, approver)
        now = self._clock.time()
        grant = Grant(
            id=secrets.token_hex(8),
            request_hash=request.hash,
            policy_digest=request.policy_digest,
            issued_at=now,
            expires_at=now + expires_in,
            approver=approver,
        )
        return write_token(grant, self._first)

    def consume(self, token: str | None, request: ApprovalRequest) -> str:
        """See `Approvals.consume`.

        Raises:
            ApprovalRequired: There is no token.
            ApprovalRefused: The token was changed, is for another request or policy, has expired, is spent,
                or that cannot be known.
        """
        if token is None:
            raise ApprovalRequired(request)
        grant = read_token(token, self._keys)
        now = self._clock.time()
        _check_request(grant, request)
        self._check_times(grant, now)
        if not self._spent.spend(grant, now=now):
            raise ApprovalRefused(f"the approval {grant.id} is spent; ask for a new one")
        return grant.name

    def _check_times(self, grant: Grant, now: float) -> None:
        if now >= grant.expires_at + self._skew:
            raise ApprovalRefused(f"the approval {grant.id} has expired; ask for a new one")
        if now < grant.issued_at - self._skew:
            raise ApprovalRefused(f"the approval {grant.id} is from the future; set the clocks")
        if grant.expires_at > grant.issued_at + self._max_age:
            raise ApprovalRefused(f"the approval {grant.id} is good for longer than {self._max_age:g} s")


class CallbackApprovals:
    """Asks a function of your program, while the call waits.

    Args:
        ask: Told the exact request; only True approves it.
    """

    blocking = True

    def __init__(self, ask: Callable[[ApprovalRequest], bool]) -> None:
        self._ask = ask

    def consume(self, token: str | None, request: ApprovalRequest) -> str:
        """See `Approvals.consume`; a token is ignored.

        Raises:
            ApprovalRefused: The function did not say yes. What it raises itself goes to the caller.
        """
        del token
        if self._ask(request) is not True:
            raise ApprovalRefused(f"the request {request.hash[:12]} was declined")
        return secrets.token_hex(8)


def _check_request(grant: Grant, request: ApprovalRequest) -> None:
    if not same(grant.policy_digest, request.policy_digest):
        raise ApprovalRefused(f"the policy has changed since the approval {grant.id}; ask for a new one")
    if not same(grant.request_hash, request.hash):
        raise ApprovalRefused(
            f"the approval {grant.id} is for the request {grant.request_hash[:12]}, not for "
            f"{request.hash[:12]}: it was changed, or what it acts on has moved"
        )
    _check_approver(request, grant.approver)


def _check_approver(request: ApprovalRequest, approver: str | None) -> None:
    if approver is not None and not (approver.isprintable() and 0 < len(approver.strip()) <= _LONGEST_NAME):
        raise ApprovalRefused(f"an approver's name has 1 to {_LONGEST_NAME} printable characters")
    if request.principal is None:
        return
    if approver is None:
        raise ApprovalRefused(
            f"{request.principal!r} asks for it, so the approval has to say who approves it"
        )
    if approver.strip().casefold() == request.principal.strip().casefold():
        raise ApprovalRefused(f"{request.principal!r} cannot approve a request of their own")
