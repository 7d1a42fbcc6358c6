"""Which team owns an alert: terms, rules and `teams.yaml`."""

from typing import TYPE_CHECKING

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

_LATER = {
    **dict.fromkeys(("Diff", "Move", "Outcome", "RuleChanges", "Witness"), "_difference"),
    **dict.fromkeys(("Backtest", "IgnoreCount", "RuleCount", "TeamCount", "Unrouted"), "_backtest"),
    **dict.fromkeys(
        ("Change", "Edit", "Explanation", "Fact", "Judged", "RunnerUp", "WhyNot"), "_explanation"
    ),
    **dict.fromkeys(("CHECKS", "SEVERITIES", "Check", "Finding", "Severity"), "_finding"),
    "Verdict": "_verdicts",
    "file_schema": "_schema",
}


def __getattr__(name: str) -> object:
    """What routing does not need is loaded when it is asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return value
