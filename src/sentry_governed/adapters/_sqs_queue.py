"""One queue of Amazon SQS: the calls that are made to it, and what its answers mean."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

import attrs

from sentry_governed.adapters._aws import Access, new_client, one_line
from sentry_governed.errors import ConfigError, InboxError

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType
    from types_boto3_sqs.type_defs import (
        MessageAttributeValueTypeDef,
        MessageTypeDef,
        SendMessageRequestTypeDef,
    )

    Attributes = Mapping[str, MessageAttributeValueTypeDef]

T = TypeVar("T")

MOST_BYTES: Final = 256 * 1024
"""What every queue takes that was not told otherwise; newer queues may take 1 MiB."""
MOST_ATTRIBUTES: Final = 10
LONGEST_DELAY: Final = 900

_NOTHING: Final[Attributes] = {}
_FOR_GOOD: Final = (
    "AccessDenied",
    "NonExistentQueue",
    "QueueDoesNotExist",
    "InvalidAddress",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
)
_AWS_HOST: Final = re.compile(r"sqs\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")
_REASON: Final = "sentry_governed_reason"
_LONGEST_REASON: Final = 500


@attrs.frozen
class Delivery:
    """One message as it was received.

    Attributes:
        id: Of this message; a copy of it has another.
        handle: What it is deleted by.
        body: Its text.
        attributes: What its producer sent along.
        group: Of a FIFO queue's message, else None.
        receives: How often it was received, this time included.
        sent_at: When it was sent, in seconds since the epoch.
    """

    id: str
    handle: str
    body: str = attrs.field(repr=False)
    attributes: Attributes = attrs.field(factory=lambda: _NOTHING, repr=False)
    group: str | None = None
    receives: int = 1
    sent_at: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """The producer's attributes as headers of the webhook that the body may be."""
        return {name: value.get("StringValue", "") for name, value in self.attributes.items()}


@attrs.frozen
class Redrive:
    """When SQS gives a message up by itself, and where it puts it.

    Attributes:
        target: The ARN of the dead-letter queue.
        most_receives: After how many deliveries.
    """

    target: str
    most_receives: int


@attrs.frozen
class Queue:
    """A queue and a client that reaches it; any number of threads may share it.

    Attributes:
        url: The queue's URL.
        client: Makes the calls.
    """

    url: str
    client: SQSClient = attrs.field(repr=False)

    @property
    def is_fifo(self) -> bool:
        """Whether the queue keeps the order of each group."""
        return self.url.endswith(".fifo")

    def send(
        self, body: str, attributes: Attributes, *, group: str | None = None, once: str = "", delay: int = 0
    ) -> None:
        """Send a message; it is durable on return.

        Args:
            body: The text.
            attributes: What goes along with it.
            group: On a FIFO queue, the messages that it stays in order with.
            once: On a FIFO queue, what no other message within five minutes may have.
            delay: On another queue, seconds before it is delivered, at most `LONGEST_DELAY`.
        """
        request: SendMessageRequestTypeDef = {"QueueUrl": self.url, "MessageBody": body}
        if attributes:
            request["MessageAttributes"] = {**attributes}
        if self.is_fifo:
            request["MessageGroupId"], request["MessageDeduplicationId"] = group or once, once
        elif delay:
            request["DelaySeconds"] = delay
        self.call(lambda: self.client.send_message(**request))

    def receive(self, *, most: int, wait: int, visibility: int) -> list[Delivery]:
        """Receive some messages, and hide them from others for a while.

        Args:
            most: How many, 1 to 10.
            wait: Seconds to wait for the first, 0 to 20.
            visibility: Seconds for which they are hidden.
        """
        answer = self.call(
            lambda: self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=wait,
                VisibilityTimeout=visibility,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
        )
        return [_delivery(message) for message in answer.get("Messages", [])]

    def delete(self, delivery: Delivery) -> None:
        """Take a message off the queue."""
        self.call(lambda: self.client.delete_message(QueueUrl=self.url, ReceiptHandle=delivery.handle))

    def hide(self, delivery: Delivery, seconds: int) -> None:
        """Hide a message from others for so many seconds from now."""
        self.call(
            lambda: self.client.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=delivery.handle, VisibilityTimeout=seconds
            )
        )

    def settings(self) -> dict[str, str]:
        """The queue's own attributes, by their names in AWS's documents."""
        names: list[QueueAttributeNameType] = ["All"]
        answer = self.call(lambda: self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names))
        return {str(name): value for name, value in answer.get("Attributes", {}).items()}

    def sources(self) -> list[str]:
        """The URLs of the queues whose dead letters come here."""
        pages = self.call(
            lambda: list(
                self.client.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=self.url)
            )
        )
        return [url for page in pages for url in page.get("queueUrls", [])]

    def named(self, name: str, owner: str | None = None) -> Queue:
        """The queue of that name in the same region, of another account if it is told one."""
        account = {"QueueOwnerAWSAccountId": owner} if owner else {}
        answer = self.call(lambda: self.client.get_queue_url(QueueName=name, **account))
        return Queue(answer["QueueUrl"], self.client)

    def of_arn(self, arn: str) -> Queue:
        """The queue of an ARN in the same region."""
        *_, owner, name = arn.split(":")
        return self.named(name, owner)

    def call(self, work: Callable[[], T]) -> T:
        """Do it.

        Raises:
            ConfigError: The queue is not there, or the credentials may not do this.
            InboxError: It failed in another way; it may have been applied.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return work()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            problem = f"{self.url}: {one_line(error)}"
        except BotoCoreError as error:
            code, problem = "", f"{self.url}: {one_line(error)}"
        if any(part in code for part in _FOR_GOOD):
            raise ConfigError(problem)
        raise InboxError(problem)


def check_queue_url(url: str, *, what: str = "queue_url") -> SplitResult:
    """The parts of a queue's URL.

    Raises:
        ConfigError: It is not one.
    """
    try:
        parts = urlsplit(url)
        if (
            parts.scheme in {"http", "https"}
            and parts.hostname
            and parts.path.strip("/")
            and url.isprintable()
        ):
            return parts
    except ValueError:
        pass
    raise ConfigError(f"{what} {url!a} is not the URL of a queue, such as https://sqs.../123456789012/alerts")


def open_queue(url: str, client: object | None, access: Access, *, what: str = "queue_url") -> Queue:
    """A queue by its URL; the URL says region and endpoint where the access does not.

    Raises:
        MissingExtraError: boto3 is not installed.
        ConfigError: It is not the URL of a queue, or a client comes with a region or an endpoint.
    """
    parts = check_queue_url(url, what=what)
    if client is not None and (access.region is not None or access.endpoint_url is not None):
        raise ConfigError("a client has its region and endpoint already; give either it or them")
    if client is None:
        client = new_client("sqs", _at(access, parts))
    return Queue(url, cast("SQSClient", client))


def open_named(name: str, access: Access) -> Queue:
    """A queue by its name, in the region that the access or the environment says.

    Raises:
        MissingExtraError: boto3 is not installed.
        ConfigError: There is no region, or no such queue, or the credentials may not ask.
        InboxError: SQS did not answer.
    """
    return Queue(name, cast("SQSClient", new_client("sqs", access))).named(name)


def beside(queue: Queue, url: str, *, what: str) -> Queue:
    """Another queue of the same region, reached through the same client.

    Raises:
        ConfigError: It is not the URL of a queue.
    """
    anywhere = Access(region=None, endpoint_url=None, connect_timeout=1, read_timeout=1, attempts=1)
    return open_queue(url, queue.client, anywhere, what=what)


def _at(access: Access, url: SplitResult) -> Access:
    found = _AWS_HOST.fullmatch(url.hostname or "")
    if found is None:
        return attrs.evolve(access, endpoint_url=access.endpoint_url or f"{url.scheme}://{url.netloc}")
    return attrs.evolve(access, region=access.region or found["region"])


def redrive_of(settings: Mapping[str, str]) -> Redrive | None:
    """What a queue's settings say of its dead letters; None when there is no dead-letter queue."""
    try:
        told = json.loads(settings.get("RedrivePolicy") or "null")
        return Redrive(str(told["deadLetterTargetArn"]), int(told["maxReceiveCount"]))
    except (ValueError, KeyError, TypeError):
        return None


def bury(dead: Queue, delivery: Delivery, reason: str) -> None:
    """Send a message to the dead letters, with the reason where it fits.

    Raises:
        ConfigError: The queue is not there, or the credentials may not do this.
        InboxError: It may not be there.
    """
    once = uuid.uuid4().hex
    try:
        dead.send(delivery.body, with_reason(delivery.attributes, reason), group=delivery.group, once=once)
    except InboxError:
        dead.send(delivery.body, without_reason(delivery.attributes), group=delivery.group, once=once)


def with_reason(attributes: Attributes, reason: str) -> Attributes:
    """The attributes of a dead letter: the original's, and why it was given up where there is room."""
    others = without_reason(attributes)
    if len(others) >= MOST_ATTRIBUTES:
        return others
    text = reason[:_LONGEST_REASON].encode("ascii", "backslashreplace").decode()
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return {**others, _REASON: {"DataType": "String", "StringValue": plain or "unknown"}}


def without_reason(attributes: Attributes) -> Attributes:
    """The attributes as the producer sent them."""
    return {name: value for name, value in attributes.items() if name != _REASON}


def _delivery(message: MessageTypeDef) -> Delivery:
    system = message.get("Attributes", {})
    return Delivery(
        id=message.get("MessageId", ""),
        handle=message.get("ReceiptHandle", ""),
        body=message.get("Body", ""),
        attributes=cast("Attributes", message.get("MessageAttributes", {})),
        group=system.get("MessageGroupId"),
        receives=int(system.get("ApproximateReceiveCount", "1")),
        sent_at=int(system.get("SentTimestamp", "0")) / 1000,
    )
