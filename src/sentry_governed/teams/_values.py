"""What a teams file declares and what routing answers."""

from __future__ import annotations

import attrs

from sentry_governed._yaml import quoted
from sentry_governed.teams._facts import Facts
from sentry_governed.teams._rules import Rule
from sentry_governed.teams._terms import Term
from sentry_governed.teams._verdicts import verdict_on


@attrs.frozen
class Team:
    """A team and where its tasks go; `str(team)` is its name.

    Attributes:
        name: Unique in its file.
        asana_backlog_id: The gid of its backlog project.
        asana_sprint_portfolio_id: The gid of its portfolio of sprint projects.
        asana_sandbox_portfolio_id: The gid of its portfolio of projects for development environments.
        asana_team_id: The gid of the team's option in the custom field that names teams, not of an Asana
            team.
    """

    name: str
    asana_backlog_id: str | None = None
    asana_sprint_portfolio_id: str | None = None
    asana_sandbox_portfolio_id: str | None = None
    asana_team_id: str | None = None

    def __str__(self) -> str:
        return self.name


@attrs.frozen
class Match:
    """A rule that matches, whose it is and where it stands.

    Attributes:
        team: The owner.
        rule: The rule, all of whose terms hold.
        location: Its `Matchers` key, such as `teams.yaml:42:7`, counted from 1.
    """

    team: Team
    rule: Rule
    location: str

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the rule."""
        return self.rule.terms


@attrs.frozen
class Ignore:
    """A rule for events that need no task.

    Attributes:
        rule: The rule.
        reason: Why, in the words of the file.
        location: Its `Matchers` key, such as `teams.yaml:42:7`, counted from 1.
    """

    rule: Rule
    reason: str
    location: str


@attrs.frozen
class Route:
    """Who owns an event, and why.

    Attributes:
        team: The owner, also of an event that is ignored.
        match: The rule that won, or None when the default team owns it.
        ignore: The rule that says that this event needs no task, or None.
    """

    team: Team
    match: Match | None = None
    ignore: Ignore | None = None
    _facts: Facts = attrs.field(factory=Facts, repr=False, eq=False)
    _unmatched: str = attrs.field(default="no rule matched", alias="unmatched")

    @property
    def is_default(self) -> bool:
        """Whether no rule matched."""
        return self.match is None

    @property
    def ignored(self) -> bool:
        """Whether the file says that this event needs no task."""
        return self.ignore is not None

    @property
    def reason(self) -> str:
        """Why, in one line: the ignore rule's Reason, or each term with what it saw, or that none matched."""
        if self.ignore is not None:
            return self.ignore.reason
        if self.match is None:
            return f"{self._unmatched}, so the default team {quoted(self.team.name)} owns it"
        seen = ", ".join(str(verdict_on(term, self._facts)) for term in self.match.terms)
        return f"{self.match.location} matched: {seen}"
