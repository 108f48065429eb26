"""Messages for a deployed handler that its queue hands over: some come twice, all in any order, poison among them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.server import EmbeddedAws
from tests.local.embedded import wait_for

TWICE, POISON = 0.05, 0.01
"""Shares of the messages."""


@dataclass(frozen=True)
class Deployed:
    """A function of the app, the variables that it is given, and the queue that its mapping polls."""

    aws: EmbeddedAws
    module: str
    variables: dict[str, str] = field(init=False)
    queue: str = field(init=False)

    def __post_init__(self) -> None:
        functions, sqs = self.aws.client("lambda"), self.aws.client("sqs")
        (found,) = [
            one
            for page in functions.get_paginator("list_functions").paginate()
            for one in page["Functions"]
            if one["Handler"] == f"{self.module}.handler"
        ]
        (mapping,) = functions.list_event_source_mappings(FunctionName=found["FunctionName"])["EventSourceMappings"]
        name = mapping["EventSourceArn"].rsplit(":", 1)[1]
        object.__setattr__(self, "variables", found["Environment"]["Variables"])
        object.__setattr__(self, "queue", sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    def take(self, bodies: list[str], seconds: float) -> None:
        """Send messages and wait until each is done with."""
        sqs = self.aws.client("sqs")
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies[start : start + 10])]
            assert not sqs.send_message_batch(QueueUrl=self.queue, Entries=entries).get("Failed")
        wait_for(lambda: not self.waiting(), seconds)

    def aside(self) -> dict[str, list[str]]:
        """Take what is in the dead-letter queue: its reasons by body."""
        sqs, url, found = self.aws.client("sqs"), self.variables["DEAD_LETTERS"], dict[str, list[str]]()
        asked: dict[str, Any] = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while messages := sqs.receive_message(**asked).get("Messages"):
            for message in messages:
                reason = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue", "")
                found.setdefault(message["Body"], []).append(reason)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


def mixed(
    count: int, body: Callable[[int], str], bad: Mapping[str, str], *, seed: int = 0
) -> tuple[list[str], int, dict[str, str]]:
    """Return messages in an order of chance, how many different good ones they are, and the poison's reasons."""
    chance = random.Random(seed)
    poison = {}
    for number in range(round(count * POISON)):
        reason, text = chance.choice(list(bad.items()))
        poison[text.replace("{id}", f"poison-{number}")] = reason
    repeated = round(count * TWICE)
    good = [body(number) for number in range(count - repeated - len(poison))]
    whole = [*good, *chance.sample(good, repeated), *poison]
    chance.shuffle(whole)
    return whole, len(good), poison
