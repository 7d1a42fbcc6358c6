"""From settings to an inbox that is ready to use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

from sentry_governed.settings._needs import Needs, needs_of
from sentry_governed.settings._settings import Settings
from sentry_governed.settings._stores import any_inbox, sync_inbox

if TYPE_CHECKING:
    from sentry_governed.settings._stores import AnyInbox, SyncInbox


def open_inbox(settings: Settings, *, secrets: Mapping[str, str] | None = None) -> SyncInbox:
    """Open the inbox of a configuration file; nothing is made or connected before it is used.

    Args:
        settings: What the file says.
        secrets: As for `open_router`.

    Returns:
        A `SqliteInbox` or an `SqsInbox`; `close` it in the end.

    Raises:
        SettingsError: There is no inbox, it cannot be used by threads, or a secret is missing.
    """
    needs = needs_of(settings, secrets)
    del secrets  # as in open_router
    inbox = cache(partial(needs.inbox, sync_inbox))
    needs.check(inbox)
    return inbox()


def open_async_inbox(settings: Settings, *, secrets: Mapping[str, str] | None = None) -> AnyInbox:
    """`open_inbox` for asyncio: an `AsyncInbox` for NATS, to be closed with `aclose`, else the same."""
    needs = needs_of(settings, secrets)
    del secrets  # as in open_router
    return inbox_of(needs)


def inbox_of(needs: Needs) -> AnyInbox:
    """See `open_async_inbox`."""
    inbox = cache(partial(needs.inbox, any_inbox))
    needs.check(inbox)
    return inbox()
