"""`sentry-governed demo`: the whole way from a webhook to a task, with nothing but this package."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

import attrs
import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sentry_governed.cli._demo_play import Report, Row, play
from sentry_governed.cli._demo_stage import PRIORITIES, PRIORITY_FIELD, TEAM_FIELD, Sabotage, Stage, stage
from sentry_governed.cli._io import as_json_text
from sentry_governed.testing import FakeTask

_PLAIN_WIDTH: Final = 100


@click.command()
@click.option(
    "--sabotage",
    type=click.Choice(get_args(Sabotage)),
    help="Break a promise on purpose, and see that it shows: Asana refuses one task, the two workers do not "
    "share their ledger, or Sentry refuses links.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
def demo(*, sabotage: Sabotage | None, as_json: bool) -> None:
    """Watch signed webhooks become Asana tasks: once each, chained, and linked back in Sentry.

    No account and no network is needed. A fake Sentry and a fake Asana run on ports of this machine, and
    everything between them is the real code: signatures are verified, teams.yaml says who owns an alert, two
    workers share a ledger, and every call goes over HTTP. Some deliveries go wrong on purpose: one comes
    twice, one is forged, Asana asks one to wait, and the reply to one is lost after its task was made.

    The table says for each delivery who owns it and why, where its task is, and how it ended. Below it is a
    task as Asana shows it, and what both services hold in the end.

    Exit codes: 0 everything is as promised, 1 something differs, 2 wrong usage.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder), sabotage) as ready:
        report = play(ready)
        seconds = time.monotonic() - started
        if as_json:
            click.echo(_json(report, seconds))
        else:
            _show(ready, report, seconds)
    sys.exit(1 if report.differs else 0)


def _json(report: Report, seconds: float) -> str:
    return as_json_text(
        {
            "kept": not report.differs,
            "seconds": round(seconds, 2),
            "lost": report.lost,
            **attrs.asdict(report),
        }
    )


def _show(ready: Stage, report: Report, seconds: float) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PLAIN_WIDTH)
    numbers = {task.gid: f"#{number}" for number, task in enumerate(ready.asana.tasks, start=1)}
    console.print(_table(report.rows, numbers))
    console.print()
    shown = next((task for task in ready.asana.tasks if task.gid == report.rows[2].task), None)
    if shown:
        console.print(f"Task {numbers[shown.gid]} as Asana shows it", style="bold")
        for label, text in _page(ready, shown):
            console.print(Text.assemble((f"  {label:<9} ", "cyan"), text), soft_wrap=True)
        console.print()
    for difference in report.differs:
        console.print(Text(f"Not as promised: {difference}", "bold red"))
    console.print(Text(_summary(report, seconds), "bold red" if report.differs else "bold green"))


def _table(rows: Sequence[Row], numbers: Mapping[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, expand=True)
    table.add_column("", justify="right", width=2)
    table.add_column("Alert", min_width=25)
    table.add_column("Team", width=9)
    table.add_column("Why", overflow="fold", ratio=1)
    table.add_column("Placement", width=18)
    table.add_column("Outcome", width=9)
    table.add_column("Task", width=4)
    for row in rows:
        table.add_row(
            str(row.number),
            Text.assemble(row.alert, "\n", (row.shows, "dim")),
            row.team or "-",
            Text(row.why),
            "\n".join(row.placement) or "-",
            Text(row.outcome, "bold red" if row.differs else "green"),
            numbers.get(row.task or "", "-"),
        )
    return table


def _page(ready: Stage, task: FakeTask) -> Iterator[tuple[str, str]]:
    """The lines of a task's page, each with its label."""
    owner = task.custom_fields[TEAM_FIELD]
    yield "Name", task.name
    yield "Projects", ", ".join(ready.projects[gid] for gid in task.projects)
    yield "Team", next(team.name for team in ready.teams.teams if team.asana_team_id == owner)
    yield "Priority", PRIORITIES[str(task.custom_fields[PRIORITY_FIELD])]
    for number, line in enumerate(task.notes.splitlines()):
        yield "" if number else "Notes", line


def _summary(report: Report, seconds: float) -> str:
    return (
        f"{'Something differs' if report.differs else 'All promises kept'} in {seconds:.1f} s: "
        f"{report.promised} tasks promised, {report.made} made, {report.twice} twice, {report.lost} lost; "
        f"Sentry links {report.linked} issues to their task and names {report.commented} later one."
    )
