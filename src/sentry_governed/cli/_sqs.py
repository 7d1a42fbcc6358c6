"""`sentry-governed sqs ...`: look after queues of Amazon SQS."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

import attrs
import click
from rich.console import Console
from rich.progress import Progress

from sentry_governed.adapters._aws import Access
from sentry_governed.adapters._sqs_doctor import Finding, examine
from sentry_governed.adapters._sqs_queue import Queue, open_named, open_queue, redrive_of
from sentry_governed.adapters._sqs_redrive import Step, target_of
from sentry_governed.adapters._sqs_redrive import redrive as moving
from sentry_governed.cli._io import as_json_text, printable, refusals, show
from sentry_governed.errors import ConfigError, InboxError, SentryGovernedError
from sentry_governed.typing import JsonValue

_WAITING = "ApproximateNumberOfMessages"


@click.group()
def sqs() -> None:
    """Look after queues of Amazon SQS.

    Credentials and the region come from where AWS's own tools find them.
    """


def _reached(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where SQS is."""
    region = click.option("--region", metavar="NAME", help="The AWS region, where no URL says it.")
    endpoint = click.option("--endpoint-url", metavar="URL", help="Where SQS is instead, as for an emulator.")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
    return region(endpoint(as_json(command)))


def _queue(given: str, region: str | None, endpoint_url: str | None) -> Queue:
    """The queue of a URL or of a name."""
    access = Access(region=region, endpoint_url=endpoint_url, connect_timeout=5, read_timeout=30, attempts=5)
    return open_queue(given, None, access, what="the queue") if "/" in given else open_named(given, access)


@sqs.command()
@click.option("--from", "source", metavar="QUEUE", required=True, help="The dead letters: URL or name.")
@click.option("--to", "target", metavar="QUEUE", help="Where they go. Default: the only source queue.")
@click.option("--dry-run", is_flag=True, help="Only say what would be moved.")
@_reached
@refusals
def redrive(
    *,
    source: str,
    target: str | None,
    dry_run: bool,
    region: str | None,
    endpoint_url: str | None,
    as_json: bool,
) -> None:
    """Move dead letters back to be worked on.

    Each message is sent on and then deleted, so stopping half way loses nothing. What is given up again
    meanwhile is left. A task that was made already is not made again.

    Exit codes: 0 done, 1 refused or stopped half way (what was moved is printed), 2 wrong usage.
    """
    dead = _queue(source, region, endpoint_url)
    to = _queue(target, region, endpoint_url) if target else target_of(dead)
    if dead.url == to.url:
        raise click.UsageError("--from and --to are the same queue")
    waiting = int(dead.settings().get(_WAITING, 0))
    counts: Counter[Step] = Counter()
    problem = None if dry_run else _moved(moving(dead, to, started=time.time()), counts, waiting)
    told: dict[str, JsonValue] = {
        "from": dead.url,
        "to": to.url,
        "waiting": waiting,
        "moved": counts["moved"],
        "left": counts["left"],
    }
    if as_json:
        click.echo(as_json_text({**told, "dry_run": dry_run, "problem": problem}))
    else:
        show([f"{name:11}{value}" for name, value in told.items()])
    if problem is not None:
        click.echo(printable(problem), err=True)
        sys.exit(1)


def _moved(steps: Iterator[Step], counts: Counter[Step], waiting: int) -> str | None:
    """Why it was not finished, or None."""
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("moving", total=waiting)
        try:
            for step in steps:
                counts[step] += 1
                progress.advance(bar)
        except KeyboardInterrupt:
            return "stopped half way; start it again to move the rest"
        except SentryGovernedError as error:
            return f"stopped half way; start it again to move the rest: {error}"
    return None


@sqs.command()
@click.argument("queue")
@click.option("--function-timeout", metavar="SECONDS", type=click.IntRange(1, 900), help="Of the function.")
@click.option(
    "--batch-window",
    metavar="SECONDS",
    type=click.IntRange(0, 300),
    default=0,
    help="For which Lambda gathers a batch.",
)
@_reached
@refusals
def doctor(
    *,
    queue: str,
    function_timeout: int | None,
    batch_window: int,
    region: str | None,
    endpoint_url: str | None,
    as_json: bool,
) -> None:
    """Name what in the settings of QUEUE, its URL or its name, would lose work.

    Nothing is changed and no message is read.

    Exit codes: 0 nothing, 1 something (each problem is printed) or refused, 2 wrong usage.
    """
    asked = _queue(queue, region, endpoint_url)
    settings = asked.settings()
    dead, dead_settings = _dead_letters(asked)
    findings = list(
        examine(settings, dead_settings, function_timeout=function_timeout, batch_window=batch_window)
    )
    waiting = int((dead_settings or {}).get(_WAITING, 0))
    if as_json:
        told = {"queue": asked.url, "dead_letter_queue": dead, "dead_letters": waiting}
        click.echo(as_json_text({**told, "problems": [attrs.asdict(finding) for finding in findings]}))
    else:
        _tell(asked.url, dead, waiting, findings)
    sys.exit(1 if findings else 0)


def _dead_letters(queue: Queue) -> tuple[str | None, dict[str, str] | None]:
    """The dead-letter queue's URL and settings, as far as they can be read."""
    redrive = redrive_of(queue.settings())
    if redrive is None:
        return None, None
    try:
        dead = queue.of_arn(redrive.target)
        return dead.url, dead.settings()
    except (ConfigError, InboxError):
        return None, None


def _tell(queue: str, dead: str | None, waiting: int, findings: list[Finding]) -> None:
    show([f"queue      {queue}", f"dead       {dead or 'none'}", f"waiting    {waiting} dead letters"])
    for finding in findings:
        show([f"problem    {finding.problem}", f"  fix      {finding.advice}"])
    if not findings:
        show(["ok         nothing here would lose work"])
