"""`sentry-governed audit ...`: is an audit file as it was written?"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import attrs
import click

from sentry_governed.cli._io import as_json_text, readable
from sentry_governed.cli._key import key_from
from sentry_governed.errors import AuditError
from sentry_governed.policy import AuditProblem, AuditReport, verify_audit


@click.group()
def audit() -> None:
    """Check audit files."""


@audit.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=readable())
@click.option(
    "--key-env",
    metavar="NAME",
    default="SENTRY_GOVERNED_AUDIT_KEY",
    show_default=True,
    help="The environment variable that holds the key.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, stable for machines.")
def verify(*, files: tuple[str, ...], key_env: str, as_json: bool) -> None:
    """Find whatever was cut, edited, moved or put into an audit file, and say where.

    The head file, FILE.head, has to be beside it. Several files, oldest first, must each continue the one
    before. Nothing is changed; a writer that is at work is waited for.

    Exit codes: 0 intact, 1 not intact (every problem is printed), 2 wrong usage, a key that cannot be used or
    a file that cannot be read.
    """
    try:
        reports = [verify_audit(file, key_from(key_env)) for file in files]
    except AuditError as error:
        raise click.UsageError(str(error)) from None
    reports = [*reports[:1], *(_joined(*pair) for pair in pairwise(reports))]
    intact = all(report.intact for report in reports)
    if as_json:
        told = [{**attrs.asdict(report), "intact": report.intact} for report in reports]
        click.echo(as_json_text({"intact": intact, "files": told}))
    else:
        for file, report in zip(files, reports, strict=True):
            _show(Path(file), report)
    sys.exit(0 if intact else 1)


def _joined(earlier: AuditReport, report: AuditReport) -> AuditReport:
    if report.start == earlier.end or not report.start:
        return report
    break_ = AuditProblem(1, f"it does not continue {earlier.file}, which is cut or not the file before it")
    return attrs.evolve(report, problems=(break_, *report.problems))


def _show(file: Path, report: AuditReport) -> None:
    for problem in report.problems:
        place = f"{file}:{problem.line}" if problem.line else f"{file}.head"
        click.echo(f"{place}: {problem.message}", err=True)
    if report.unfinished:
        click.echo(
            f"{file}: {report.unfinished}; a writer was stopped, and the next one will repair it", err=True
        )
    if report.intact:
        repairs = f", {report.recovered} of them repairs after a stopped writer" if report.recovered else ""
        click.echo(f"{file}: intact, {report.records} records{repairs}")
