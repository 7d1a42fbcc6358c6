"""Queues to work on, messages to put on them, and a router to handle these."""

from __future__ import annotations

import hashlib
import itertools
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
import boto3
from moto.sqs.models import sqs_backends

from sentry_governed import AllowAll, InboxMessage, Secret
from sentry_governed.alerts import Alert
from sentry_governed.asana import AsanaClient, AsanaConfig, TaskBuilder
from sentry_governed.routing import MemoryLedger, Router
from sentry_governed.routing._records import TaskRecord, encode
from sentry_governed.sentry import Installation, SentryClient, SentryConfig
from sentry_governed.teams import Teams
from sentry_governed.testing import sign_webhook
from sentry_governed.typing import JsonValue
from tests.adapters.aws.cloud import Cloud
from tests.routing.makers import SETTINGS, TEAMS, UUID, World

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

_NUMBERS = itertools.count(1)


@attrs.frozen
class Site:
    """SQS as its owner sees it."""

    cloud: Cloud
    client: SQSClient

    @classmethod
    def of(cls, cloud: Cloud) -> Site:
        """The queues of a cloud."""
        return cls(cloud, boto3.Session().client("sqs", endpoint_url=cloud.url))

    def queue(
        self, *, fifo: bool = False, dead: str | None = None, receives: int = 5, **attributes: str
    ) -> str:
        """The URL of a new queue; `dead` is the URL of its dead-letter queue."""
        if fifo:
            attributes["FifoQueue"] = "true"
        if dead is not None:
            target = {"deadLetterTargetArn": self.arn(dead), "maxReceiveCount": receives}
            attributes["RedrivePolicy"] = json.dumps(target)
        name = f"queue-{uuid.uuid4().hex}{'.fifo' if fifo else ''}"
        return self.client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def arn(self, url: str) -> str:
        """A queue's ARN."""
        return self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]

    def take(self, url: str) -> list[MessageTypeDef]:
        """Every message that is visible, hidden from then on."""
        found: list[MessageTypeDef] = []
        while got := self.client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=600,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages"):
            found += got
        return found

    def show_all(self, url: str) -> None:
        """Make every hidden message visible at once, as time would."""
        account, name = url.split("/")[-2:]
        for message in sqs_backends[account]["us-east-1"].queues[name]._messages:
            message.visible_at = 0.0

    def counts(self, url: str) -> tuple[int, int, int]:
        """How many messages are visible, hidden and delayed."""
        names = ("", "NotVisible", "Delayed")
        told = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        visible, hidden, delayed = (int(told[f"ApproximateNumberOfMessages{name}"]) for name in names)  # type: ignore[index]  # pyright: ignore[reportArgumentType]
        return visible, hidden, delayed


@attrs.frozen
class Office:
    """A world of fakes with one router in it, in threads."""

    world: World
    ledger: MemoryLedger
    router: Router

    @classmethod
    def new(cls, world: World | None = None) -> Office:
        """Everything as usual."""
        world = world or World.new()
        ledger = MemoryLedger(clock=world.clock)
        integration = Installation(UUID, Secret("integration-token"))
        sentry = SentryConfig(
            token=Secret("sentry-token"), org="acme", integration=integration, sender=world.sentry
        )
        router = Router(
            teams=Teams.parse(TEAMS),
            tasks=TaskBuilder(SETTINGS),
            asana=AsanaClient(AsanaConfig(token=Secret("asana-token"), sender=world.asana)),
            sentry=SentryClient(sentry, guard=AllowAll()),
            ledger=ledger,
            clock=world.clock,
        )
        return cls(world, ledger, router)

    def alert(self, **tags: str) -> tuple[Alert, InboxMessage]:
        """A new alert, and the message that it came in."""
        event = self.world.event(**tags)
        return self.world.alert(event), message(self.world.sentry.event_alert(event.id))

    def hold(self, alert: Alert, seconds: float = 100) -> None:
        """Have another worker hold the alert's key."""
        until = self.world.clock.time() + seconds
        record = encode(TaskRecord("reserved", owner="another", lease_until=until))
        assert self.ledger.put(alert.key, record, expected=None, expires_at=until + 9e6)

    def state(self, alert: Alert) -> str | None:
        """How far the work on an alert has come."""
        found = self.ledger.get(alert.key)
        return None if found is None else str(json.loads(found.value)["state"])


def message(body: Mapping[str, JsonValue], *, problem: str | None = None) -> InboxMessage:
    """A webhook from Sentry as an inbox is given it."""
    data, headers = sign_webhook(body, "client-secret")
    return InboxMessage(
        source="sentry",
        resource=headers["Sentry-Hook-Resource"],
        body=data,
        key=None if problem else f"sentry.1.{next(_NUMBERS)}",
        received_at=1_700_000_000.0,
        sha256=hashlib.sha256(data).hexdigest(),
        problem=problem,
    )
