"""`sentry-governed worker ...`: works a queue off."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

import click

from sentry_governed.cli._io import readable, refusals
from sentry_governed.cli._serve import run_until_told
from sentry_governed.settings import Settings, open_worker

P = ParamSpec("P")


@click.group()
def worker() -> None:
    """Make tasks of what a queue holds, until SIGTERM or SIGINT.

    `sentry-governed serve` fills the queue, or an AWS Lambda function does. Run as many workers as you like;
    they share the ledger. Signals, log and exit codes are those of `serve`.
    """


def _options(command: Callable[P, None]) -> Callable[P, None]:
    @click.option("--config", required=True, type=readable(), help="The configuration file.")
    @click.option(
        "--metrics-port",
        type=click.IntRange(0, 65_535),
        help="Answer /healthz, /readyz and /metrics there; 0 is any free port.",
    )
    @click.option(
        "--metrics-host", default="127.0.0.1", show_default=True, help="The address for --metrics-port."
    )
    @refusals
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        command(*args, **kwargs)

    return wrapped


@worker.command()
@_options
def sqs(*, config: str, metrics_port: int | None, metrics_host: str) -> None:
    """Work off the SQS queue that the configuration's inbox is.

    Exit codes: 0 stopped as it was told to, 1 the configuration was refused (every problem is printed) or the
    worker failed, 2 wrong usage, 128 and the signal's number after a second signal.
    """
    listen = None if metrics_port is None else (metrics_host, metrics_port)
    with open_worker(Settings.load(config), "sqs", listen=listen) as service:
        run_until_told(service)


@worker.command()
@_options
def nats(*, config: str, metrics_port: int | None, metrics_host: str) -> None:
    """Work off the NATS stream that the configuration's inbox is.

    Exit codes: 0 stopped as it was told to, 1 the configuration was refused (every problem is printed), the
    worker failed or the connection was closed for good, 2 wrong usage, 128 and the signal's number after a
    second signal.
    """
    listen = None if metrics_port is None else (metrics_host, metrics_port)
    with open_worker(Settings.load(config), "nats", listen=listen) as service:
        run_until_told(service)
