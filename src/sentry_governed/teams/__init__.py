"""Which team owns an alert: terms, rules and `teams.yaml`."""

from typing import TYPE_CHECKING

from sentry_governed._lazy import later
from sentry_governed.teams._rules import Rule
from sentry_governed.teams._teams import Teams, backtest
from sentry_governed.teams._terms import Term
from sentry_governed.teams._values import Ignore, Match, Route, Team

if TYPE_CHECKING:
    from sentry_governed.teams._backtest import Backtest as Backtest
    from sentry_governed.teams._backtest import IgnoreCount as IgnoreCount
    from sentry_governed.teams._backtest import RuleCount as RuleCount
    from sentry_governed.teams._backtest import TeamCount as TeamCount
    from sentry_governed.teams._backtest import Unrouted as Unrouted
    from sentry_governed.teams._difference import Diff as Diff
    from sentry_governed.teams._difference import Move as Move
    from sentry_governed.teams._difference import Outcome as Outcome
    from sentry_governed.teams._difference import RuleChanges as RuleChanges
    from sentry_governed.teams._difference import Witness as Witness
    from sentry_governed.teams._explanation import Change as Change
    from sentry_governed.teams._explanation import Edit as Edit
    from sentry_governed.teams._explanation import Explanation as Explanation
    from sentry_governed.teams._explanation import Fact as Fact
    from sentry_governed.teams._explanation import Judged as Judged
    from sentry_governed.teams._explanation import RunnerUp as RunnerUp
    from sentry_governed.teams._explanation import WhyNot as WhyNot
    from sentry_governed.teams._finding import CHECKS as CHECKS
    from sentry_governed.teams._finding import SEVERITIES as SEVERITIES
    from sentry_governed.teams._finding import Check as Check
    from sentry_governed.teams._finding import Finding as Finding
    from sentry_governed.teams._finding import Severity as Severity
    from sentry_governed.teams._schema import file_schema as file_schema
    from sentry_governed.teams._verdicts import Verdict as Verdict

__all__ = [
    "CHECKS",
    "SEVERITIES",
    "Backtest",
    "Change",
    "Check",
    "Diff",
    "Edit",
    "Explanation",
    "Fact",
    "Finding",
    "Ignore",
    "IgnoreCount",
    "Judged",
    "Match",
    "Move",
    "Outcome",
    "Route",
    "Rule",
    "RuleChanges",
    "RuleCount",
    "RunnerUp",
    "Severity",
    "Team",
    "TeamCount",
    "Teams",
    "Term",
    "Unrouted",
    "Verdict",
    "WhyNot",
    "Witness",
    "backtest",
    "file_schema",
]

__getattr__ = later(
    __name__,
    {
        "_difference": "Diff Move Outcome RuleChanges Witness",
        "_backtest": "Backtest IgnoreCount RuleCount TeamCount Unrouted",
        "_explanation": "Change Edit Explanation Fact Judged RunnerUp WhyNot",
        "_finding": "CHECKS Check Finding SEVERITIES Severity",
        "_verdicts": "Verdict",
        "_schema": "file_schema",
    },
)
