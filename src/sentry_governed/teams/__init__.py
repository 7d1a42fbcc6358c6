"""Which team owns an alert: terms, rules and `teams.yaml`."""

from sentry_governed.teams._rules import Rule
from sentry_governed.teams._teams import Teams
from sentry_governed.teams._terms import Term
from sentry_governed.teams._values import Ignore, Match, Route, Team

__all__ = ["Ignore", "Match", "Route", "Rule", "Team", "Teams", "Term"]
