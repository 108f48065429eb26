"""The poller of one event source mapping: receive, invoke, delete; what failed stays and comes back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from local.server import EmbeddedAws

WAIT = 1
"""Seconds of one long poll."""

LOOK_AGAIN = 0.2
"""Seconds between looks at a mapping that is disabled."""

AFTER_ERROR = 1.0


@dataclass(frozen=True)
class Mapping:
    """What an event source mapping says, as the poller needs it."""

    queue: str
    queue_arn: str
    function: str
    role: str
    batch: int
    window: float
    partial: bool
    enabled: bool


class Poller:
    """Polls on the function's role, as Lambda does, so a missing grant is felt."""

    def __init__(self, aws: EmbeddedAws, described: Callable[[], Mapping | None]) -> None:
        self._aws = aws
        self._described = described
        self._ending = threading.Event()
        self._complained: set[str] = set()

    def run(self) -> None:
        """Poll until the mapping is deleted or the server closes."""
        while not self._ending.is_set():
            try:
                mapping = self._described()
                if mapping is None:
                    return
                if not mapping.enabled:
                    self._ending.wait(LOOK_AGAIN)
                    continue
                if messages := self._collect(mapping):
                    self._hand_over(mapping, messages)
            except (ClientError, BotoCoreError) as error:
                self._complain(error)
                self._ending.wait(AFTER_ERROR)

    def close(self) -> None:
        """Poll no more."""
        self._ending.set()

    def _collect(self, mapping: Mapping) -> list[dict[str, Any]]:
        """Receive until the batch is full, the window has passed since the first message, or nothing comes."""
        messages = self._receive(mapping, min(10, mapping.batch), WAIT)
        closes = time.monotonic() + (0.0 if self._aws.clock.is_set else mapping.window)
        while messages and len(messages) < mapping.batch and not self._ending.is_set():
            left = closes - time.monotonic()
            more = self._receive(mapping, min(10, mapping.batch - len(messages)), 1 if left >= 1 else 0)
            messages += more
            if not more:
                if left <= 0:
                    break
                self._ending.wait(min(left, 0.1))
        return list(
            {message["MessageId"]: message for message in messages}.values()
        )  # one may have come back meanwhile

    def _receive(self, mapping: Mapping, count: int, wait: int) -> list[dict[str, Any]]:
        received: list[dict[str, Any]] = (
            self._aws.client("sqs", mapping.role)
            .receive_message(
                QueueUrl=mapping.queue,
                MaxNumberOfMessages=count,
                WaitTimeSeconds=wait,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            .get("Messages", [])
        )
        return received

    def _hand_over(self, mapping: Mapping, messages: Sequence[dict[str, Any]]) -> None:
        event = {"Records": [record(message, mapping.queue_arn, self._aws.region) for message in messages]}
        answer = self._aws.client("lambda").invoke(FunctionName=mapping.function, Payload=json.dumps(event).encode())
        body = answer["Payload"].read()
        if answer.get("FunctionError"):
            return  # each stays invisible until its visibility timeout has passed, and then comes back
        failed = failures(body) if mapping.partial else set()
        if failed is None:
            return
        done = [message for message in messages if message["MessageId"] not in failed]
        for start in range(0, len(done), 10):
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                for index, message in enumerate(done[start : start + 10])
            ]
            self._aws.client("sqs", mapping.role).delete_message_batch(QueueUrl=mapping.queue, Entries=entries)

    def _complain(self, error: Exception) -> None:
        told = str(error)
        if told not in self._complained and not self._ending.is_set():
            self._complained.add(told)
            self._aws.problems.append(f"event source mapping: {told}")


def record(message: dict[str, Any], queue_arn: str, region: str) -> dict[str, Any]:
    """Return a received message as a record of a Lambda event."""
    attributes = {
        name: {
            "dataType": value["DataType"],
            "stringListValues": [],
            "binaryListValues": [],
            **({"stringValue": value["StringValue"]} if "StringValue" in value else {}),
        }
        for name, value in message.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": attributes,
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }


def failures(body: bytes) -> set[str] | None:
    """Return the ids that a function says have failed; None, which is all of them, when its answer is no such report.

    >>> failures(b'{"batchItemFailures": [{"itemIdentifier": "m-1"}]}')
    {'m-1'}
    >>> failures(b'{"batchItemFailures": [{"item": "m-1"}]}') is None
    True
    """
    try:
        told = (json.loads(body or b"null") or {}).get("batchItemFailures") or []
        return {str(item["itemIdentifier"]) for item in told}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
