"""Requests to the webhook, inboxes that do as they are told, and who watched."""

import threading

import attrs

from sentry_governed import InboxError, InboxMessage, WebhookSecrets
from sentry_governed.adapters._watch import Unwatched
from sentry_governed.testing import datadog_alert, datadog_webhook, sentry_event_alert, sign_webhook

SENTRY, DATADOG = "sentry-client-secret", "datadog-token"
SECRETS = WebhookSecrets(sentry=SENTRY, datadog=DATADOG)
MAX_BYTES = 100_000

Pairs = list[tuple[str, str]]


@attrs.frozen
class Asked:
    """A request, and what it comes to."""

    name: str
    body: bytes
    headers: Pairs
    verdict: str

    @property
    def status(self) -> int:
        """The status that says so."""
        return {"refused": 401, "too_large": 413}.get(self.verdict, 202)


def _asked() -> list[Asked]:
    body, headers = sign_webhook(sentry_event_alert(title="Fehler: \u00e4"), SENTRY)
    sentry = list(headers.items())
    resource, signature = ("Sentry-Hook-Resource", "event_alert"), sentry[-1]
    unsigned = [pair for pair in sentry if pair[0] != "Sentry-Hook-Signature"]
    without = [pair for pair in sentry if pair[0] != "Sentry-Hook-Resource"]
    alert, datadog = datadog_webhook(datadog_alert(), DATADOG)
    bare, bare_headers = datadog_webhook({"id": "1"}, DATADOG)
    raw = '{"a": \u00e4'.encode() + b"\xff\xfe"
    junk, junk_headers = sign_webhook(raw, SENTRY, resource="event_alert")
    empty, empty_headers = sign_webhook(b"", SENTRY, resource="event_alert")
    large, large_headers = sign_webhook(b" " * (MAX_BYTES + 1), SENTRY, resource="event_alert")
    comment, comment_headers = sign_webhook({"action": "created", "data": {}}, SENTRY, resource="comment")
    return [
        Asked("sentry", body, sentry, "kept"),
        Asked("datadog", alert, list(datadog.items()), "kept"),
        Asked("unknown resource", comment, list(comment_headers.items()), "ignored"),
        Asked("unsigned", body, unsigned, "refused"),
        Asked("wrong signature", body + b" ", sentry, "refused"),
        Asked("upper case signature", body, [*unsigned, (signature[0], signature[1].upper())], "refused"),
        Asked("two signatures", body, [*sentry, signature], "refused"),
        Asked("both senders", body, [*sentry, *datadog.items()], "refused"),
        Asked("wrong token", alert, [("datadog-secret-token", "x")], "refused"),
        Asked("nobody", b"{}", [], "refused"),
        Asked("no resource", body, without, "quarantined"),
        Asked("two resources", body, [*sentry, resource], "quarantined"),
        Asked("template", bare, list(bare_headers.items()), "quarantined"),
        Asked("junk", junk, list(junk_headers.items()), "quarantined"),
        Asked("empty", empty, list(empty_headers.items()), "quarantined"),
        Asked("too large", large, list(large_headers.items()), "too_large"),
    ]


ASKED = _asked()


class ListInbox:
    """Keeps messages in a list."""

    def __init__(self) -> None:
        self.messages: list[InboxMessage] = []

    def put(self, message: InboxMessage) -> None:
        self.messages.append(message)


class AsyncListInbox(ListInbox):
    """The same for asyncio."""

    async def put(self, message: InboxMessage) -> None:  # type: ignore[override]  # the other Protocol
        self.messages.append(message)


class FailingInbox:
    """Keeps nothing, and says so."""

    def put(self, message: InboxMessage) -> None:
        raise InboxError("the disk is full of secrets")


class SlowInbox(ListInbox):
    """Keeps a message once it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def put(self, message: InboxMessage) -> None:
        self.go_on.wait(10.0)
        super().put(message)


@attrs.define
class Watching(Unwatched):
    """Remembers the verdicts."""

    verdicts: list[tuple[str, str]] = attrs.Factory(list)

    def received(self, source: str, verdict: str) -> None:
        self.verdicts.append((source, verdict))


def source(asked: Asked) -> str:
    """Who is known to have sent it."""
    if asked.verdict in {"refused", "too_large"}:
        return "unknown"
    return "datadog" if any(name == "datadog-secret-token" for name, _ in asked.headers) else "sentry"
