"""`sentry-governed teams ...`: what can be asked of a teams file."""

from __future__ import annotations

import click

from sentry_governed.cli._teams_backtest import backtest
from sentry_governed.cli._teams_check import check
from sentry_governed.cli._teams_diff import diff
from sentry_governed.cli._teams_explain import explain
from sentry_governed.cli._teams_lint import lint
from sentry_governed.cli._teams_schema import schema
from sentry_governed.cli._teams_test import test


@click.group()
def teams() -> None:
    """Work on a teams.yaml."""


teams.add_command(backtest)
teams.add_command(check)
teams.add_command(explain)
teams.add_command(schema)
teams.add_command(test)
teams.add_command(lint)
teams.add_command(diff)
