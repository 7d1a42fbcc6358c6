"""The command tree."""

from __future__ import annotations

import click

from sentry_governed.cli._action import action
from sentry_governed.cli._approve import approve
from sentry_governed.cli._asana import asana
from sentry_governed.cli._audit import audit
from sentry_governed.cli._demo import demo
from sentry_governed.cli._handle import handle
from sentry_governed.cli._inbox import inbox
from sentry_governed.cli._policy import policy
from sentry_governed.cli._reconcile import reconcile
from sentry_governed.cli._route import route
from sentry_governed.cli._serve import serve
from sentry_governed.cli._sqs import sqs
from sentry_governed.cli._teams import teams
from sentry_governed.cli._worker import worker


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 a file or payload was refused (every problem is printed), 2 wrong usage, "
    "3 try again later, or with an approval.",
)
@click.version_option(package_name="sentry-governed", prog_name="sentry-governed")
def app() -> None:
    """Route Sentry and Datadog alerts to the team that owns them, and act on Sentry under policy.

    Start with `sentry-governed demo`: it plays the whole way from webhooks to tasks on your machine, without
    any account. Then `sentry-governed route` shows for one recorded alert of yours which team owns it, why,
    and the task that would be made, and `sentry-governed handle` makes it. `sentry-governed action` asks
    Sentry for something, and `sentry-governed policy check` says beforehand whether it may.
    """


app.add_command(action)
app.add_command(approve)
app.add_command(asana)
app.add_command(audit)
app.add_command(demo)
app.add_command(handle)
app.add_command(inbox)
app.add_command(policy)
app.add_command(reconcile)
app.add_command(route)
app.add_command(sqs)
app.add_command(serve)
app.add_command(teams)
app.add_command(worker)
