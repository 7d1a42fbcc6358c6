"""`sentry-governed serve`: the webhook endpoint, and with a SQLite inbox the workers too, in one process."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

import click

from sentry_governed.cli._io import readable, refusals
from sentry_governed.settings import Settings, check_service, open_service

if TYPE_CHECKING:
    from sentry_governed.settings import Service

_BY_SIGNAL = 128


@click.command()
@click.option("--config", required=True, type=readable(), help="The configuration file.")
@click.option("--check", is_flag=True, help="Say everything that is wrong, and exit without serving.")
@refusals
def serve(*, config: str, check: bool) -> None:
    """Receive webhooks and make tasks of them, until SIGTERM or SIGINT.

    Every POST is taken for a webhook, whatever its path. /healthz says whether the process lives, /readyz
    whether it can do its work, /metrics what it has done. The log is JSON lines on standard error.

    With a SQLite inbox the workers run in the same process. With another inbox this is the endpoint alone;
    run `sentry-governed worker` beside it.

    On the first signal it takes nothing new and finishes what was begun, for as long as `drain` says; what is
    not finished then is begun again after the next start. A second signal ends it at once. Either way no
    alert is lost and no task is made twice.

    Exit codes: 0 stopped as it was told to, 1 the configuration was refused (every problem is printed) or a
    part of it failed, 2 wrong usage, 128 and the signal's number after a second signal.
    """
    settings = Settings.load(config)
    if check:
        check_service(settings)
        click.echo("everything is in order")
        return
    with open_service(settings) as service:
        run_until_told(service)


def run_until_told(service: Service) -> None:
    """Run it until a signal, and exit with what became of it."""
    from sentry_governed.adapters._logs import log_to

    told: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        if told:
            os._exit(_BY_SIGNAL + number)
        told.append(number)
        service.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    log_to()
    ended = service.run()
    code = 1 if ended.failed else 0
    if ended.late:
        sys.stderr.flush()
        os._exit(code)  # what is late would be waited for; it is begun again after the next start
    sys.exit(code)
