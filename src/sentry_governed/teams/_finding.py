"""What linting a teams file finds."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

import attrs

Severity: TypeAlias = Literal["error", "warning", "note"]
"""How bad a finding is, the worst first."""

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)


class Check(NamedTuple):
    """One thing that is looked for."""

    severity: Severity
    meaning: str


CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "contradiction": Check("error", "A rule asks for what cannot hold together, so it never matches."),
        "never-found": Check("error", "A regex is found in no value, as it asks for more behind its end."),
        "unreachable-rule": Check("error", "A better rule matches whatever this one does, so it never wins."),
        "duplicate-rule": Check("error", "A rule has the terms of another one, which always wins."),
        "conflict": Check(
            "warning", "Rules of two teams that rank the same match one event; only their order decides."
        ),
        "unreachable-ignore": Check("warning", "An earlier ignore rule takes whatever this one would."),
        "ignored-rule": Check("warning", "Whatever a rule matches is ignored, so it never makes a task."),
        "several-values": Check("warning", "A rule matches only where one tag has several values."),
        "regex-flags": Check("warning", "`/re/i` is a literal; flags go in front, `/(?i)re/`."),
        "literal-regex": Check("warning", "A literal looks like a regex without its slashes."),
        "unused-alias": Check("warning", "An alias prefix that no rule can make use of."),
        "shared-id": Check("warning", "Two teams have the same Asana id."),
        "id-not-digits": Check("warning", "An Asana id has other characters than digits."),
        "no-default": Check("warning", "No default team, so a router refuses the file."),
        "always-found": Check("note", "A regex is found in every value; the key alone says the same."),
        "exact-regex": Check("note", "A regex that finds one text only; the text alone is plainer."),
        "text-regex": Check("note", "A regex that is a plain text, which is found within other text too."),
        "cut-regex": Check("note", "A regex sees fewer than 1,024 characters of a value."),
        "repeated-term": Check("note", "A rule has the same term twice; it counts once."),
        "team-without-rules": Check("note", "A team that owns nothing and is not the default."),
        "missing-id": Check("note", "A team without an Asana id, so some tasks go elsewhere."),
    }
)
"""Everything that is looked for, by its code."""


@attrs.frozen
class Finding:
    """One thing in a teams file that is wrong, or probably not what was meant.

    Attributes:
        code: Its name in the documentation, such as `unreachable-rule`.
        location: Where, such as `teams.yaml:42:7`: a rule's `Matchers`, a team's name, or an alias.
        message: What is the matter, in one line.
        hint: What to do.
        team: The team that it is about, or None.
        related: Where the other rule stands, of two.
        witness: Tags of an event that show it, or None. Routing them shows it.
    """

    code: str
    location: str
    message: str
    hint: str = attrs.field(kw_only=True)
    team: str | None = attrs.field(default=None, kw_only=True)
    related: str | None = attrs.field(default=None, kw_only=True)
    witness: Mapping[str, tuple[str, ...]] | None = attrs.field(default=None, kw_only=True, hash=False)

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return CHECKS[self.code].severity

    @property
    def place(self) -> tuple[int, int]:
        """Its line and column, counted from 1."""
        _, line, column = self.location.rsplit(":", 2)
        return int(line), int(column)

    def __str__(self) -> str:
        return f"{self.location}: {self.severity}: {self.message} ({self.hint}) [{self.code}]"
