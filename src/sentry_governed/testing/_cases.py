"""A case of a rule file's tests: what comes in, and what is expected to become of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from sentry_governed.alerts import Alert, Ignored
from sentry_governed.asana import Priority
from sentry_governed.errors import ConfigError, TeamsFileError
from sentry_governed.teams import Match, Rule
from sentry_governed.typing import Tags

_PLACE: Final = re.compile(r"((.+:)?[1-9][0-9]*:)?[1-9][0-9]*")

Plan: TypeAlias = tuple[tuple[str, ...], ...]
"""Where a task goes: choices in order, each with the steps that belong together."""


def _view(tags: Tags | None) -> Tags | None:
    if tags is None:
        return None
    if not _is_mapping(tags):
        raise ConfigError(f"tags is a mapping, not {type(tags).__name__}")
    return MappingProxyType(dict(tags))


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def rule_of(rule: Rule | str | None) -> Rule | str | None:
    """A rule, of terms in brackets, or the place of one.

    Raises:
        ConfigError: The text is neither.
    """
    if not isinstance(rule, str):
        return rule
    if rule.startswith("["):
        return _rule_in_brackets(rule)
    if not _PLACE.fullmatch(rule):
        raise ConfigError(f"rule {rule!r} is neither [terms] nor a place such as teams.yaml:42:7, 42:7 or 42")
    return rule


def _rule_in_brackets(text: str) -> Rule:
    try:
        return Rule.parse(text)
    except TeamsFileError as error:
        problem = "; ".join(each.message for each in error.problems)
    raise ConfigError(f"rule {text!r}: {problem}")


def plan_of(placement: str | Sequence[str | Sequence[str]] | None) -> Plan | None:
    """A plan, of one step or of choices.

    Raises:
        ConfigError: It is empty, or holds a choice without steps.
    """
    if placement is None:
        return None
    choices = [placement] if isinstance(placement, str) else placement
    plan = tuple((choice,) if isinstance(choice, str) else tuple(choice) for choice in choices)
    if not plan or not all(plan):
        raise ConfigError("placement is empty; name at least one step")
    return plan


def _priority(priority: str | None) -> Priority | None:
    if priority is None:
        return None
    if priority not in list(Priority):
        raise ConfigError(f"priority is {', '.join(Priority)}, not {priority!r}")
    return Priority(priority)


@attrs.frozen
class Case:
    """An alert, or only its tags, and what is expected to become of it.

    What is left out of the expectations is not looked at, but for `ignored`: only a case that expects it
    passes with an alert that is ignored.

    Attributes:
        name: What failures call it.
        tags: The facts that rules see. For placement and priority `level`, `environment` and `source` among
            them count as the alert's own.
        alert: The alert, in place of tags. An `Ignored` one makes no alert, so it has no owner.
        team: The owner's name.
        rule: The rule that wins: its terms in brackets, in any order, or its place, such as
            `teams.yaml:42:7`, `42:7` or `42`; folders do not count.
        default: Whether the default team owns it since no rule matched.
        ignored: Whether it needs no task, or the reason why it needs none.
        placement: The plan: choices in order, each one step or the steps that belong together. A step is a
            gid, or its name without the team's, such as `sprint portfolio`. Steps without an id and choices
            that are never tried are no part of it.
        priority: `high`, `medium` or `low`.
        location: Where the case stands in its file, or an empty text.

    Raises:
        ConfigError: There are both tags and an alert, or neither; nothing is expected; or a value cannot be
            used.
    """

    name: str
    tags: Tags | None = attrs.field(default=None, converter=_view, kw_only=True)
    alert: Alert | Ignored | None = attrs.field(default=None, kw_only=True)
    team: str | None = attrs.field(default=None, kw_only=True)
    rule: Rule | str | None = attrs.field(default=None, converter=rule_of, kw_only=True)
    default: bool | None = attrs.field(default=None, kw_only=True)
    ignored: bool | str | None = attrs.field(default=None, kw_only=True)
    placement: Plan | None = attrs.field(default=None, converter=plan_of, kw_only=True)
    priority: Priority | None = attrs.field(default=None, converter=_priority, kw_only=True)
    location: str = attrs.field(default="", eq=False, repr=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if (self.tags is None) is (self.alert is None):
            raise ConfigError(f"case {self.name!r} needs either tags or a payload")
        expected = (self.team, self.rule, self.default, self.ignored, self.placement, self.priority)
        if all(value is None for value in expected):
            raise ConfigError(
                f"case {self.name!r} expects nothing; "
                "state team, rule, default, ignored, placement or priority"
            )

    def __str__(self) -> str:
        return self.name

    @property
    def needs_builder(self) -> bool:
        """Whether it says something about the task, which only a builder can tell."""
        return self.placement is not None or self.priority is not None


def is_rule(expected: Rule | str, found: Match) -> bool:
    """Whether a rule is the one that a case names."""
    if isinstance(expected, Rule):
        return set(expected.terms) == set(found.rule.terms)
    *source, line, column = found.location.rsplit(":", 2)
    parts = expected.rsplit(":", 2)
    if len(parts) == 1:
        return parts == [line]
    if len(parts) == 2:  # noqa: PLR2004 - line and column
        return parts == [line, column]
    return [_basename(parts[0]), *parts[1:]] == [_basename(source[0]), line, column]


def _basename(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]
