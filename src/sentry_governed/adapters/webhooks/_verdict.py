"""What a request to the webhook is: one pure function behind every way in."""

from __future__ import annotations

import hashlib
import json
from typing import Final, Literal, TypeAlias

import attrs

from sentry_governed._values import InboxMessage
from sentry_governed.alerts import Headers, Ignored, Source, WebhookSecrets, read_verified, verify
from sentry_governed.errors import ConfigError, PayloadError, SignatureError

VerdictName: TypeAlias = Literal["kept", "ignored", "quarantined", "refused", "too_large", "unavailable"]

MAX_BYTES: Final = 4 * 1024 * 1024
TIMEOUT: Final = 0.8
_LONGEST_TIMEOUT: Final = 30.0
_RESOURCES: Final = ("event_alert", "error", "issue")

STATUS: Final[dict[VerdictName, int]] = {
    "kept": 202,
    "ignored": 202,
    "quarantined": 202,
    "refused": 401,
    "too_large": 413,
    "unavailable": 503,
}
METHOD_NOT_ALLOWED: Final = 405


@attrs.frozen
class Verdict:
    """What a request comes to.

    Attributes:
        name: `kept` and `quarantined` hold once the message is on the inbox; else it is `unavailable`.
        source: Who sent it; `unknown` where nobody vouches for that.
        message: What is put on the inbox, or None.
    """

    name: VerdictName
    source: Source | Literal["unknown"] = "unknown"
    message: InboxMessage | None = None

    @property
    def unavailable(self) -> Verdict:
        """The same where the inbox did not take it."""
        return Verdict("unavailable", self.source)


TOO_LARGE: Final = Verdict("too_large")
REFUSED: Final = Verdict("refused")
UNAVAILABLE: Final = Verdict("unavailable")


def check_bounds(max_bytes: int, timeout: float) -> None:
    """Refuse bounds that are none.

    Raises:
        ConfigError: `max_bytes` is not positive, or the timeout is not above 0 and at most 30 seconds.
    """
    if max_bytes < 1:
        raise ConfigError(f"max_bytes of a webhook is at least 1, not {max_bytes!r}")
    if not 0 < timeout <= _LONGEST_TIMEOUT:
        raise ConfigError(f"timeout of a webhook is above 0 and at most 30 seconds, not {timeout!r}")


def verdict_of(
    body: bytes, headers: Headers, *, secrets: WebhookSecrets, max_bytes: int, received_at: float
) -> Verdict:
    """Judge a request by its exact bytes."""
    if len(body) > max_bytes:
        return TOO_LARGE
    try:
        source, resources = verify(body, headers, secrets)
    except SignatureError:
        return REFUSED
    resource = resources[0] if len(resources) == 1 and resources[0] in _RESOURCES else None
    problem = key = None
    try:
        found = read_verified(body, source, resources, max_bytes=max_bytes)
    except PayloadError as error:
        problem = str(error)
    else:
        if isinstance(found, Ignored):
            return Verdict("ignored", source)
        key = found.key
    message = InboxMessage(
        source=source,
        resource=resource,
        body=body,
        key=key,
        received_at=received_at,
        sha256=hashlib.sha256(body).hexdigest(),
        problem=problem,
    )
    return Verdict("kept" if problem is None else "quarantined", source, message)


def answer_of(word: str) -> bytes:
    """The body of the answer: a word, and nothing about why."""
    return json.dumps({"verdict": word}).encode()
