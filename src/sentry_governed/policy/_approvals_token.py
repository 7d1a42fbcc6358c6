"""What a token says, and how it is signed and read."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

import attrs

from sentry_governed._secret import Secret
from sentry_governed.errors import ApprovalRefused
from sentry_governed.policy._keys import same, sign

_TOKEN: Final = re.compile(r"sga1\.([0-9a-f]{16})\.([A-Za-z0-9_-]{1,4096})\.([0-9a-f]{64})")


@attrs.frozen(kw_only=True)
class Grant:
    """One person's yes to one request.

    Attributes:
        id: Random, and told apart from every other; it is for the audit and no secret.
        request_hash: The request's hash.
        policy_digest: The policy that asked.
        issued_at: In seconds since the epoch.
        expires_at: In seconds since the epoch.
        approver: Who said yes, or None where that is not known.
    """

    id: str
    request_hash: str
    policy_digest: str
    issued_at: float
    expires_at: float
    approver: str | None

    @property
    def name(self) -> str:
        """What the audit calls it."""
        return self.id if self.approver is None else f"{self.id} by {self.approver}"


def key_id(key: Secret) -> str:
    """A short name for a key, from which it cannot be guessed."""
    return sign(key, "approval key", b"")[:16]


def write_token(grant: Grant, key: Secret) -> str:
    """Sign a grant."""
    said = json.dumps(attrs.asdict(grant), separators=(",", ":")).encode()
    signed = f"sga1.{key_id(key)}.{urlsafe_b64encode(said).decode().rstrip('=')}"
    return f"{signed}.{_signature(signed, key)}"


def read_token(token: str, keys: Mapping[str, Secret]) -> Grant:
    """Read a token that one of the keys, by their ids, has signed.

    Raises:
        ApprovalRefused: It is anything else. The message does not quote it.
    """
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise ApprovalRefused("the approval is not a token of this library; copy the whole of it")
    key = keys.get(found[1])
    if key is None:
        raise ApprovalRefused(f"the approval is signed with a key that is not known here ({found[1]})")
    signed, _, signature = token.rpartition(".")
    if not same(signature, _signature(signed, key)):
        raise ApprovalRefused("the approval was changed: its signature is not that of its content")
    padding = "=" * (-len(found[2]) % 4)
    return Grant(**json.loads(urlsafe_b64decode(found[2] + padding)))


def _signature(signed: str, key: Secret) -> str:
    return sign(key, "approval", signed.encode())
