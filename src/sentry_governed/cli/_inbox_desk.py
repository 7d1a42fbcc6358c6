"""What an operator does to an inbox, whichever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, cast

import attrs

from sentry_governed.errors import InboxError
from sentry_governed.settings import NatsStream, Settings, SqliteFile, open_async_inbox, open_inbox

if TYPE_CHECKING:
    from sentry_governed.adapters.nats import JetStreamInbox
    from sentry_governed.adapters.sqlite import InboxItem, InboxState, SqliteInbox
    from sentry_governed.settings._nats import NatsInboxLater


class Desk(Protocol):
    """See `SqliteInbox` for each."""

    def list(
        self, state: InboxState | None = None, *, limit: int = 100, after: int = 0
    ) -> tuple[InboxItem, ...]:
        """Some messages, without their bodies."""
        ...

    def show(self, number: int) -> InboxItem | None:
        """One message, with its body."""
        ...

    def retry(self, number: int) -> bool:
        """Have it handled again."""
        ...

    def discard(self, number: int) -> bool:
        """Remove it for good."""
        ...


@attrs.frozen
class _JetStreamDesk:
    """A desk on an event loop of its own."""

    _inbox: JetStreamInbox
    _runner: asyncio.Runner

    def list(
        self, state: InboxState | None = None, *, limit: int = 100, after: int = 0
    ) -> tuple[InboxItem, ...]:
        return self._runner.run(self._inbox.list(state, limit=limit, after=after))

    def show(self, number: int) -> InboxItem | None:
        return self._runner.run(self._inbox.show(number))

    def retry(self, number: int) -> bool:
        return self._runner.run(self._inbox.retry(number))

    def discard(self, number: int) -> bool:
        return self._runner.run(self._inbox.discard(number))


@contextmanager
def desk_of(config: str) -> Generator[Desk]:
    """The inbox of a configuration file; nothing is made that is not there."""
    settings = Settings.load(config)
    place = settings.inbox
    if isinstance(place, NatsStream):
        later = cast("NatsInboxLater", open_async_inbox(settings))
        with asyncio.Runner() as runner:
            try:
                yield _JetStreamDesk(runner.run(later.connected(create=False)), runner)
            finally:
                runner.run(later.aclose())
        return
    if isinstance(place, SqliteFile) and not (settings.folder / place.path).is_file():
        raise InboxError(f"there is no file {settings.folder / place.path}: nothing was received yet")
    if place is not None and not isinstance(place, SqliteFile):
        where = f"{config}:{place.line}:{place.column}"
        raise InboxError(f"{where}: a queue of SQS cannot be looked into; see sentry-governed sqs")
    with cast("SqliteInbox", open_inbox(settings)) as opened:
        yield opened
