"""Dead letters of a consumer: what lies there and why, and their way back to the queue that they come from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from config.errors import LineError

LOOKED_AT = 100
"""How many letters are looked at; however many there are, all are moved."""
_BATCH = 10
_HIDDEN_SECONDS = 60
_SECONDS_BETWEEN_LOOKS = 0.5
_REASONS = ("reason", "ErrorMessage", "ERROR_MESSAGE")
"""The message attributes in which whoever puts a message aside may say why."""


@dataclass(frozen=True)
class Letter:
    """A message that nobody could handle; ``event`` is its event id, empty when it has none."""

    event: str
    reason: str
    age_seconds: float
    received: int


@dataclass(frozen=True)
class Letters:
    """What lies in a dead-letter queue: how many, and the first of them."""

    count: int
    first: list[Letter]


def look(sqs: Any, url: str, *, now: Callable[[], float] = time.time) -> Letters:
    """Return the letters of a queue, and leave them there for others to see."""
    seen = list(_taken(sqs, url))
    for first in range(0, len(seen), _BATCH):
        entries = [
            {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for i, message in enumerate(seen[first : first + _BATCH])
        ]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    name = "ApproximateNumberOfMessages"
    told = int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
    return Letters(count=max(told, len(seen)), first=[_letter(message, now()) for message in seen])


def redrive(sqs: Any, url: str, *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Move every letter back to the queue that it comes from; return how many went. Raises LineError when it fails.

    SQS moves a message as a new one: its count of receipts starts again, its event id stays.
    """
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.start_message_move_task(SourceArn=arn)
    while True:
        task = sqs.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"][0]
        moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        match task["Status"]:
            case "COMPLETED":
                return moved
            case "RUNNING" | "CANCELLING":
                sleep(_SECONDS_BETWEEN_LOOKS)
            case status:
                raise LineError(
                    f"redrive: {moved} messages went, then it ended as {status} ({task.get('FailureReason', '')}): "
                    "see that the consumer's queue exists and run it again"
                )


def _taken(sqs: Any, url: str) -> Iterator[dict[str, Any]]:
    """Receive the first letters; others do not see them meanwhile."""
    for _ in range(LOOKED_AT // _BATCH):
        found = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=1,  # without waiting SQS asks some of its servers only, and may miss what is there
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not found:
            return
        yield from found


def _letter(message: dict[str, Any], now: float) -> Letter:
    system, own = message.get("Attributes", {}), message.get("MessageAttributes", {})
    received = int(system.get("ApproximateReceiveCount", 1)) - 1  # this look is no try
    reason = next((own[name]["StringValue"] for name in _REASONS if name in own), "")
    return Letter(
        event=_event(message["Body"]),
        reason=reason or f"received {received} times, never deleted",
        age_seconds=round(max(now - int(system.get("SentTimestamp", now * 1000)) / 1000, 0), 1),
        received=received,
    )


def _event(body: str) -> str:
    try:
        given = json.loads(body)
    except ValueError:
        return ""
    found = given.get("event_id") if isinstance(given, dict) else None
    return found if isinstance(found, str) else ""
