"""The keys of a teams file: what reads one, and what describes it to editors, both go by these tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import attrs

Shape: TypeAlias = Literal[
    "name",
    "id",
    "rules",
    "matchers",
    "priority",
    "reason",
    "version",
    "default",
    "aliases",
    "ignores",
    "teams",
    "prefixes",
]
"""What kind of value a key has."""

VERSION: Final = "1"
PREFIX: Final = r"[A-Za-z0-9_.\-]+"
PRIORITY_DIGITS: Final = 9
PRIORITY: Final = rf"[+-]?[0-9]{{1,{PRIORITY_DIGITS}}}"


def _snake(key: Key) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key.name).lower()


@attrs.frozen
class Key:
    """One key of a mapping.

    Attributes:
        name: As it is documented.
        shape: What kind of value it has.
        means: What it says, in a sentence.
        missing: What is wrong where it is left out, and what to do; None where it may be left out.
        snake: The name in snake_case, another spelling of the same key.
    """

    name: str
    shape: Shape
    means: str
    missing: tuple[str, str] | None = None
    snake: str = attrs.field(init=False, default=attrs.Factory(_snake, takes_self=True))

    @property
    def spellings(self) -> tuple[str, ...]:
        """The name, and the snake_case one if it is another."""
        return tuple(dict.fromkeys((self.name, self.snake)))


def _spellings(section: Section) -> Mapping[str, str]:
    return MappingProxyType({spelling: key.snake for key in section.keys for spelling in key.spellings})


def _needed(section: Section) -> tuple[tuple[str, str, str], ...]:
    return tuple((key.snake, *key.missing) for key in section.keys if key.missing)


@attrs.frozen
class Section:
    """A mapping of known keys.

    Attributes:
        what: What it is, in words.
        keys: All that it may have.
        spellings: Every spelling of these keys, to the snake_case one.
        needed: The keys that may not be left out, in snake_case, each with what is said where it is.
    """

    what: str
    keys: tuple[Key, ...]
    spellings: Mapping[str, str] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_spellings, takes_self=True)
    )
    needed: tuple[tuple[str, str, str], ...] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_needed, takes_self=True)
    )


_NO_MATCHERS: Final = ("a rule without Matchers", "write Matchers: [key:value]")
_MATCHERS: Final = Key("Matchers", "matchers", "The terms, all of which have to hold.", _NO_MATCHERS)

NAME: Final = Key(
    "Name", "name", "The team's name, unique in the file.", ("a team without a Name", "add Name: ...")
)
TEAM: Final = Section(
    "A team and its rules.",
    (
        NAME,
        Key("AsanaBacklogId", "id", "The gid of the team's backlog project."),
        Key("AsanaSprintPortfolioId", "id", "The gid of the team's portfolio of sprint projects."),
        Key("AsanaSandboxPortfolioId", "id", "The gid of the team's portfolio for development."),
        Key("AsanaTeamId", "id", "The gid of the team's option in the team custom field."),
        Key("Entities", "rules", "The team's rules; any one of them makes an event the team's."),
    ),
)
RULE: Final = Section(
    "A rule: it matches when all its terms hold.",
    (_MATCHERS, Key("Priority", "priority", "The rule with the highest one wins; 0 where none is given.")),
)
IGNORE: Final = Section(
    "A rule for events that need no task.",
    (
        _MATCHERS,
        Key(
            "Reason", "reason", "Why they need none.", ("an ignore rule without a Reason", "add Reason: ...")
        ),
    ),
)
ALIASES: Final = Section(
    "Other names of the same tags.",
    (Key("prefixes", "prefixes", "A rule on service also looks at zap_service if zap_ is among them."),),
)
FILE: Final = Section(
    "Which team owns an alert.",
    (
        Key("version", "version", "The version of the format."),
        Key("default", "default", "The name of the team that owns what no rule matches."),
        Key("aliases", "aliases", ALIASES.what),
        Key("ignore", "ignores", "Rules for events that need no task; the first that matches counts."),
        Key("teams", "teams", "All teams.", ("no teams", "add teams: and a list of them")),
    ),
)
