"""An AWS Lambda handler that did something before, and now makes tasks of alerts as well.

`python examples/lambda_embed.py` calls it as API Gateway would, with a fake Sentry and a fake Asana.

Sentry waits one second for an answer and does not deliver again. Where a task takes longer than that, let
the function behind the webhook only put the request on a queue, and the queue's consumer do this.
"""

from __future__ import annotations

import base64
import functools
import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import sentry_governed as sg

Event = Mapping[str, Any]
Answer = dict[str, Any]


class Context(Protocol):
    """What Lambda tells a handler about its invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is ended."""
        ...


@functools.cache
def router() -> sg.Router:
    """Made at the first alert, and kept with its connections for as long as the instance lives.

    A ledger in a file is right for one machine. Instances of a function share no disk: give them a ledger
    that all of them reach. Any object with its two methods is one.
    """
    environment = os.environ
    asana = sg.AsanaConfig(
        token=sg.Secret(environment["ASANA_PAT"]),
        base_url=environment.get("ASANA_URL", "https://app.asana.com"),
        allow_http="ASANA_URL" in environment,
    )
    sentry = sg.SentryConfig(
        token=sg.Secret(environment["SENTRY_API_TOKEN"]),
        org=environment["SENTRY_ORG"],
        base_url=environment.get("SENTRY_URL", "https://sentry.io"),
        allow_http="SENTRY_URL" in environment,
        integration=sg.Installation(
            environment["SENTRY_INSTALLATION"], sg.Secret(environment["SENTRY_INTEGRATION_TOKEN"])
        ),
    )
    return sg.Router(
        teams=sg.Teams.load(Path(__file__).with_name("teams.yaml")),
        tasks=sg.TaskBuilder(sg.TaskSettings(default_project=environment["ASANA_DEFAULT_PROJECT"])),
        asana=sg.AsanaClient(asana),
        sentry=sg.SentryClient(sentry, guard=sg.AllowAll()),
        ledger=sg.SqliteLedger(environment["LEDGER"]),
    )


@functools.cache
def secrets() -> sg.WebhookSecrets:
    """What genuine webhooks are recognised by; two secrets while one is being replaced."""
    return sg.WebhookSecrets(sentry=os.environ["SENTRY_CLIENT_SECRET"].split())


def handler(event: Event, context: Context) -> Answer:
    """What the function is configured to call."""
    if event["rawPath"] == "/alerts":
        return alerts(event, context)
    return answer(200, {"status": "up"})  # what this function did before


def alerts(event: Event, context: Context) -> Answer:
    """Make a task of an alert, once, however often it is delivered."""
    text: str = event.get("body") or ""
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    try:
        alert = sg.parse_alert(body, event["headers"], secrets=secrets())
    except sg.SignatureError as error:
        return answer(401, {"error": str(error)})
    except sg.PayloadError as error:
        return answer(400, {"error": str(error)})
    seconds = context.get_remaining_time_in_millis() / 1000 - 1
    return settled(router().handle(alert, deadline=seconds))


def settled(outcome: sg.Outcome) -> Answer:
    """2xx where the alert is settled, 503 where it should come again, 422 where a person is needed."""
    name = type(outcome).__name__
    match outcome:
        case sg.Created() | sg.Commented() | sg.Duplicate():
            return answer(200, {"outcome": name, "task": outcome.url})
        case sg.Skipped():
            return answer(200, {"outcome": name, "reason": outcome.reason})
        case sg.Deferred() | sg.Uncertain():
            wait = str(math.ceil(outcome.retry_after))
            return answer(503, {"outcome": name, "reason": outcome.reason}, {"retry-after": wait})
        case sg.Rejected():
            return answer(422, {"outcome": name, "reason": outcome.problem})


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer in the shape that API Gateway and function URLs expect."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **(headers or {})},
        "body": json.dumps(body),
    }


def main() -> None:
    """Call the handler: before, with an alert, with the same alert, with a forged one, with Asana failing."""
    from sentry_governed.testing import FakeAsana, FakeSentry, Fault, sign_webhook

    class Fresh:
        def get_remaining_time_in_millis(self) -> int:
            return 30_000

    def call(path: str, webhook: tuple[bytes, dict[str, str]] = (b"", {})) -> None:
        body, headers = webhook
        event = {
            "rawPath": path,
            "headers": {name.lower(): value for name, value in headers.items()},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        found = handler(event, Fresh())
        print(found["statusCode"], found["headers"].get("retry-after", "-"), found["body"])

    asana, sentry = FakeAsana(token="asana-token"), FakeSentry(token="api-token")
    project = asana.add_project("Backlog")
    issue = sentry.add_issue("acme", "web").id
    installed = sentry.add_installation("acme")
    with tempfile.TemporaryDirectory() as folder, asana.serve() as asana_url, sentry.serve() as sentry_url:
        os.environ.update(
            ASANA_PAT="asana-token",
            ASANA_URL=asana_url,
            ASANA_DEFAULT_PROJECT=project.gid,
            SENTRY_API_TOKEN="api-token",
            SENTRY_URL=sentry_url,
            SENTRY_ORG="acme",
            SENTRY_INSTALLATION=installed.uuid,
            SENTRY_INTEGRATION_TOKEN=installed.token,
            SENTRY_CLIENT_SECRET="client-secret older-client-secret",
            LEDGER=f"{folder}/ledger.db",
        )

        def webhook(secret: str) -> tuple[bytes, dict[str, str]]:
            event = sentry.add_event(issue, tags={"service": "checkout"})
            return sign_webhook(sentry.event_alert(event.id), secret)

        first = webhook("client-secret")
        call("/health")
        call("/alerts", first)
        call("/alerts", first)
        call("/alerts", webhook("a guess"))
        asana.faults.add(Fault.status(401))
        call("/alerts", webhook("older-client-secret"))
        print(len(asana.tasks), "task,", len(sentry.external_issues(issue)), "link in Sentry")


if __name__ == "__main__":
    main()
