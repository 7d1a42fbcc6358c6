"""The explicit opt-out."""

from __future__ import annotations

import attrs

from sentry_governed._operation import Operation
from sentry_governed._values import Permit, Request


@attrs.frozen
class AllowAll:
    """An authorizer that allows everything and records nothing.

    It is for services that policy does not judge (Asana, Datadog) and for programs that are governed
    elsewhere. There is no default that amounts to it: it has to be asked for by name.
    """

    blocking = False

    def authorize(self, operation: Operation, request: Request | None, approval: str | None) -> Permit:
        """Allow it."""
        del request, approval
        return Permit(operation)
