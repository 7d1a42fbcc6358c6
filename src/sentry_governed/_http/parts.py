"""Small parts that clients are put together from."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import cast

import attrs

from sentry_governed._operation import Operation
from sentry_governed._values import Permit, Request
from sentry_governed.errors import ConfigError
from sentry_governed.typing import AsyncSender, Sender


@attrs.frozen
class Unjudged:
    """The authorizer of a service that policy does not judge."""

    blocking = False

    def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
        """Allow it."""
        del request, approval
        return Permit(operation)


def as_sender(sender: Sender | AsyncSender) -> Sender:
    """What a program brought as its own sender, for threads.

    Raises:
        ConfigError: It is for asyncio.
    """
    if iscoroutinefunction(sender.send):
        raise ConfigError("sender is an AsyncSender and this client is for threads; use the asynchronous one")
    return cast(Sender, sender)


def as_async_sender(sender: Sender | AsyncSender) -> AsyncSender:
    """What a program brought as its own sender, for asyncio.

    Raises:
        ConfigError: It is for threads.
    """
    if not iscoroutinefunction(sender.send):
        raise ConfigError("sender is for threads and this client is asynchronous; bring an AsyncSender")
    return cast(AsyncSender, sender)
