"""Messages that no try will ever handle: they go to the dead-letter queue at once, with the reason."""

from __future__ import annotations

from typing import Any

REASON = "reason"
"""The message attribute that says why; it names places in the message, never a value of it."""


class PoisonError(ValueError):
    """What is wrong with a message, by the names of its fields alone."""


def put_aside(sqs: Any, queue: str, body: str, reason: str) -> None:
    """Send a message to the dead-letter queue, with its reason."""
    sqs.send_message(
        QueueUrl=queue,
        MessageBody=body,
        MessageAttributes={REASON: {"DataType": "String", "StringValue": reason}},
    )
