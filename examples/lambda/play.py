"""`python examples/lambda/play.py` calls both functions as AWS would, with moto for AWS and a fake Asana."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import boto3
from moto.server import ThreadedMotoServer

import sentry_governed as sg
from sentry_governed.testing import FakeAsana, sentry_event_alert, sign_webhook

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

ACCOUNT = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "eu-west-1"}


class Invocation:
    """What Lambda tells a handler about its invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """A minute, always."""
        return 60_000


def webhook(event: str, secret: str) -> dict[str, object]:
    """A webhook as a function URL passes it on."""
    body, headers = sign_webhook(sentry_event_alert(event=event, tags={"service": "checkout"}), secret)
    http = {"method": "POST", "path": "/"}
    return {
        "version": "2.0",
        "requestContext": {"http": http},
        "headers": {name.lower(): value for name, value in headers.items()},
        "body": body.decode(),
        "isBase64Encoded": False,
    }


def record(message: MessageTypeDef) -> Mapping[str, object]:
    """A message as Lambda passes it on."""
    return {
        "messageId": message.get("MessageId"),
        "body": message.get("Body"),
        "attributes": {},
        "messageAttributes": {},
    }


def play(sqs: SQSClient, queue: str) -> None:
    """Two alerts, one of them sent twice, one forged, and a message that nobody can read."""
    webhooks, worker = import_module("webhook"), import_module("worker")
    for event, secret in (
        ("a" * 32, "secret"),
        ("b" * 32, "secret"),
        ("b" * 32, "secret"),
        ("c" * 32, "guess"),
    ):
        print(webhooks.handler(webhook(event, secret), Invocation())["statusCode"])
    sqs.send_message(QueueUrl=queue, MessageBody="not an alert")
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    print(len(received), "messages")
    while received:  # the second of two that come at once is deferred: Lambda delivers it again
        answer = worker.handler({"Records": [record(message) for message in received]}, Invocation())
        again = [item["itemIdentifier"] for item in answer["batchItemFailures"]]
        received = [message for message in received if message.get("MessageId") in again]


def main() -> None:
    """Play it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("sentry_governed").addHandler(logging.NullHandler())
    asana = FakeAsana(token="asana-token")
    project = asana.add_project("Backlog")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with asana.serve() as asana_url:
        os.environ.update(ACCOUNT, AWS_ENDPOINT_URL=f"http://{host}:{port}", ASANA_URL=asana_url)
        sqs = boto3.client("sqs")
        queue, dead = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("alerts", "dead"))
        sg.DynamoLedger("alerts").create_table()
        os.environ.update(
            QUEUE_URL=queue,
            DEAD_LETTER_URL=dead,
            LEDGER_TABLE="alerts",
            SENTRY_CLIENT_SECRET="secret older-secret",
            ASANA_PAT="asana-token",
            ASANA_DEFAULT_PROJECT=project.gid,
        )
        play(sqs, queue)
        (letter,) = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"]).get("Messages", [])
        reason = letter.get("MessageAttributes", {})["sentry_governed_reason"].get("StringValue", "")
        print("dead letter:", reason.partition(":")[0])
    server.stop()
    print(len(asana.tasks), "tasks")


if __name__ == "__main__":
    main()
