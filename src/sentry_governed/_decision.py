"""What policy says about one operation."""

from __future__ import annotations

from enum import StrEnum

import attrs

from sentry_governed._operation import Operation


class Effect(StrEnum):
    """Whether an operation may go ahead."""

    ALLOW = "allow"
    DENY = "deny"
    REQUIRE_APPROVAL = "require_approval"


@attrs.frozen
class Decision:
    """What policy says about one operation, and why.

    Attributes:
        effect: Whether it may go ahead.
        reason: One line: which rule says so, or what is not established.
        rule: The list and pattern that decided, such as `denied_projects: my-org/secret-*`; the list alone
            where none of its patterns matches; None where no rule had to.
        operation: What was decided on.
        policy_digest: The policy that decided.
    """

    effect: Effect
    reason: str
    rule: str | None
    operation: Operation
    policy_digest: str
