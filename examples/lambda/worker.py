"""The function behind the queue: it makes a task of each alert, once.

Configure `worker.handler` with the queue as its trigger, `ReportBatchItemFailures` among the trigger's
response types, a timeout of 60 seconds, and a visibility timeout of the queue of at least 360.
"""

import os
from pathlib import Path

import sentry_governed as sg


def router() -> sg.Router:
    """Made by the first invocation, and kept with its connections as long as the instance lives."""
    asana_url = os.environ.get("ASANA_URL", "https://app.asana.com")
    asana = sg.AsanaConfig(
        token=sg.Secret(os.environ["ASANA_PAT"]), base_url=asana_url, allow_http="ASANA_URL" in os.environ
    )
    return sg.Router(
        teams=sg.Teams.load(Path(__file__).parents[1] / "teams.yaml"),
        tasks=sg.TaskBuilder(sg.TaskSettings(default_project=os.environ["ASANA_DEFAULT_PROJECT"])),
        asana=sg.AsanaClient(asana),
        ledger=sg.DynamoLedger(os.environ["LEDGER_TABLE"]),
    )


handler = sg.lambda_sqs(router, dead_letter_url=os.environ.get("DEAD_LETTER_URL"))
