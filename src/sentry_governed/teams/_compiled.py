"""What the tools for a file work on: what it declares, and its rules made ready to match."""

from __future__ import annotations

import attrs

from sentry_governed.teams._engine import Index
from sentry_governed.teams._facts import Facts, facts_of
from sentry_governed.teams._file import Declared
from sentry_governed.teams._values import Ignore, Match
from sentry_governed.typing import HasFacts, Tags


@attrs.frozen
class Compiled:
    """One file."""

    source: str
    declared: Declared
    rules: Index[Match]
    ignores: Index[Ignore]

    def facts(self, tags: Tags | HasFacts) -> Facts:
        """The facts of an event, as this file's aliases see them."""
        return facts_of(tags, self.declared.prefixes)
