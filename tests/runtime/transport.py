"""Queues and topics in memory that deliver at least once, in any order, as SQS and SNS do.

``test_transport.py`` holds what they do with a message against moto: who does not delete it gets it again, and one that
was received too often goes to the dead-letter queue.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Attributes = Mapping[str, Mapping[str, str]]


@dataclass
class Message:
    """``received`` counts how often somebody got it."""

    id: str
    body: str
    attributes: Attributes = field(default_factory=dict)
    received: int = 0


@dataclass
class Queue:
    """Gives messages in an order of chance, a share ``again`` of them once more although they were deleted."""

    chance: random.Random
    dead: Queue | None = None
    most_received: int = 5
    again: float = 0.0
    waiting: list[Message] = field(default_factory=list)
    sent: int = 0

    def send(self, body: str, attributes: Attributes | None = None) -> str:
        self.sent += 1
        self.waiting.append(Message(str(self.sent), body, attributes or {}))
        return str(self.sent)

    def receive(self, most: int) -> list[Message]:
        """Return some messages, which nobody else gets before they are settled."""
        taken: list[Message] = []
        while self.waiting and len(taken) < most:
            place = self.chance.randrange(len(self.waiting))
            self.waiting[place], self.waiting[-1] = self.waiting[-1], self.waiting[place]
            message = self.waiting.pop()
            message.received += 1
            if message.received > self.most_received and self.dead is not None:
                self.dead.waiting.append(message)
            else:
                taken.append(message)
        return taken

    def settle(self, taken: Sequence[Message], failed: Collection[str]) -> None:
        """Delete what was done; what failed is there again, and of the rest now and then one, too."""
        for message in taken:
            if message.id in failed:
                self.waiting.append(message)
            elif self.chance.random() < self.again:
                self.waiting.append(Message(message.id, message.body, message.attributes))


@dataclass
class Sqs:
    """A client; the URLs of queues are their names."""

    queues: Mapping[str, Queue]

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        MessageAttributes: Attributes | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        return {"MessageId": self.queues[QueueUrl].send(MessageBody, MessageAttributes)}


@dataclass
class Sns:
    """A client of one topic, each of whose queues gets every message."""

    queues: Sequence[Queue]

    def publish_batch(
        self,
        *,
        TopicArn: str,  # noqa: N803
        PublishBatchRequestEntries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        assert len(PublishBatchRequestEntries) <= 10
        for entry in PublishBatchRequestEntries:
            for queue in self.queues:
                queue.send(entry["Message"], entry["MessageAttributes"])
        return {"Successful": [{"Id": entry["Id"]} for entry in PublishBatchRequestEntries], "Failed": []}
