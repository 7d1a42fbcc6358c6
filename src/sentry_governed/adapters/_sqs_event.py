"""The event that AWS Lambda makes of the messages of a queue."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from sentry_governed._convert import JsonObject, is_list, is_object
from sentry_governed.adapters._sqs_queue import Delivery
from sentry_governed.errors import PayloadError

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageAttributeValueTypeDef


def groups_in(event: object) -> list[list[Delivery]]:
    """The messages, those together that must be handled in turn: one group of a FIFO queue, or one alone.

    Raises:
        PayloadError: It is not an event of SQS, or a message has no id that it could be named by.
    """
    records = event.get("Records") if is_object(event) else None
    if not is_list(records):
        raise PayloadError("the event has no Records: is the function's trigger a queue of SQS?")
    found: dict[str, list[Delivery]] = {}
    for number, record in enumerate(records):
        name = record.get("messageId") if is_object(record) else None
        if not is_object(record) or not isinstance(name, str) or not name:
            raise PayloadError(f"record {number} of the event has no messageId, so it cannot be reported")
        delivery = _delivery(name, record)
        group = str(number) if delivery.group is None else f"group {delivery.group}"
        found.setdefault(group, []).append(delivery)
    return list(found.values())


def _delivery(name: str, record: JsonObject) -> Delivery:
    system, sent = record.get("attributes"), record.get("messageAttributes")
    is_fifo = str(record.get("eventSourceARN")).endswith(".fifo")
    group = system.get("MessageGroupId") if is_object(system) else None
    return Delivery(
        id=name,
        handle=str(record.get("receiptHandle")),
        body=str(record.get("body")),
        attributes={key: _attribute(value) for key, value in sent.items() if is_object(value)}
        if is_object(sent)
        else {},
        group=str(group or "") if is_fifo else None,
    )


def _attribute(value: JsonObject) -> MessageAttributeValueTypeDef:
    kind, text, binary = (value.get(name) for name in ("dataType", "stringValue", "binaryValue"))
    if isinstance(binary, str):
        try:
            return {"DataType": str(kind), "BinaryValue": base64.b64decode(binary)}
        except binascii.Error:
            pass
    return {"DataType": "String" if kind is None else str(kind), "StringValue": str(text or "")}
