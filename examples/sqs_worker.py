"""A worker that polls SQS, with its ledger in DynamoDB.

`python examples/sqs_worker.py` plays it with moto for AWS and a fake Asana: two alerts, one of them sent
twice, and a message that nobody can read.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import threading
import time
from pathlib import Path

import sentry_governed as sg
from sentry_governed.testing import FakeAsana, sentry_event_alert, sign_webhook

ACCOUNT = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "eu-west-1"}


class Printer:
    """Says how each message was settled; a real one counts."""

    def received(self, source: str, verdict: str) -> None:
        """Nothing is received here."""

    def settled(self, outcome: object, settlement: object) -> None:
        """One line a message."""
        print(f"{type(outcome).__name__}: {type(settlement).__name__}")


def work(queue_url: str, table: str, asana: sg.AsanaConfig, project: str) -> None:
    """What the worker's process does until it is told to stop."""
    with sg.AsanaClient(asana) as client, sg.DynamoLedger(table) as ledger:
        router = sg.Router(
            teams=sg.Teams.load(Path(__file__).with_name("teams.yaml")),
            tasks=sg.TaskBuilder(sg.TaskSettings(default_project=project)),
            asana=client,
            ledger=ledger,
        )
        worker = sg.SqsWorker(queue_url, router, threads=1, wait=1, watch=Printer())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        worker.run()


def send(queue_url: str) -> None:
    """What comes in."""
    with sg.SqsInbox(queue_url, timeout=5) as inbox:
        for event in ("a" * 32, "b" * 32, "b" * 32):
            alert = sentry_event_alert(event=event, tags={"service": "checkout"})
            inbox.put(message(*sign_webhook(alert, "client-secret")))
        inbox.put(message(b"not an alert", {}))


def message(body: bytes, headers: dict[str, str]) -> sg.InboxMessage:
    """What `webhook_app` and `lambda_webhook` make of a webhook once they have verified it."""
    return sg.InboxMessage(
        source="sentry",
        resource=headers.get("Sentry-Hook-Resource"),
        body=body,
        received_at=time.time(),
        sha256=hashlib.sha256(body).hexdigest(),
    )


def main() -> None:
    """Play it, and stop the worker once each message is settled."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("sentry_governed").addHandler(logging.NullHandler())
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ.update(ACCOUNT, AWS_ENDPOINT_URL=f"http://{host}:{port}")
    sqs = boto3.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = '{"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead", "maxReceiveCount": 5}'
    queue = sqs.create_queue(QueueName="alerts", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    sg.DynamoLedger("alerts").create_table()
    asana = FakeAsana()
    project = asana.add_project("Backlog")

    def stop_when_empty() -> None:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        while any(
            told != "0"
            for told in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"].values()
        ):
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGTERM)

    with asana.serve() as url:
        send(queue)
        threading.Thread(target=stop_when_empty).start()
        work(
            queue,
            "alerts",
            sg.AsanaConfig(token=sg.Secret("any"), base_url=url, allow_http=True),
            project.gid,
        )
    (letter,) = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"]).get("Messages", [])
    print(
        "dead letter:", letter["MessageAttributes"]["sentry_governed_reason"]["StringValue"].partition(":")[0]
    )
    print(len(asana.tasks), "tasks for 2 alerts in 3 webhooks")
    server.stop()


if __name__ == "__main__":
    main()
