"""Message move tasks: what holds with the repair."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.server import EmbeddedAws


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


def arn_of(sqs: Any, url: str) -> str:
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn


def queue_with_letters(sqs: Any, name: str, *bodies: str, fifo: bool = False) -> tuple[str, str]:
    """Make a queue whose messages have all been put aside; return its URL and that of its dead-letter queue."""
    suffix, kind = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
    letters = sqs.create_queue(QueueName=f"{name}-letters{suffix}", Attributes=kind)["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, letters), "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName=f"{name}{suffix}", Attributes={**kind, "RedrivePolicy": policy})["QueueUrl"]
    for body in bodies:
        grouped = {"MessageGroupId": body, "MessageDeduplicationId": body} if fifo else {}
        sqs.send_message(QueueUrl=url, MessageBody=body, **grouped)
    for _ in range(2):  # received once, then refused: off to the dead letters
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return url, letters


def move(sqs: Any, name: str = "moved") -> list[str]:
    url, letters = queue_with_letters(sqs, name, "a", "b")
    sqs.start_message_move_task(SourceArn=arn_of(sqs, letters))
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert [message["Attributes"]["ApproximateReceiveCount"] for message in found] == ["1", "1"]
    return sorted(message["Body"] for message in found)


def test_letters_go_back_to_the_queue_that_they_come_from_as_new_messages(aws: EmbeddedAws) -> None:
    assert move(aws.client("sqs")) == ["a", "b"]


def test_a_task_tells_how_many_went(aws: EmbeddedAws) -> None:
    sqs = aws.client("sqs")
    _, letters = queue_with_letters(sqs, "told", "a", "b", "c")
    sqs.start_message_move_task(SourceArn=arn_of(sqs, letters))
    (task,) = sqs.list_message_move_tasks(SourceArn=arn_of(sqs, letters))["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3)


def test_letters_may_go_elsewhere(aws: EmbeddedAws) -> None:
    sqs = aws.client("sqs")
    _, letters = queue_with_letters(sqs, "sent", "a")
    other = sqs.create_queue(QueueName="elsewhere")["QueueUrl"]
    sqs.start_message_move_task(SourceArn=arn_of(sqs, letters), DestinationArn=arn_of(sqs, other))
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=other)["Messages"]] == ["a"]


def test_what_somebody_holds_stays(aws: EmbeddedAws) -> None:
    sqs = aws.client("sqs")
    _, letters = queue_with_letters(sqs, "held", "a", "b")
    sqs.receive_message(QueueUrl=letters, MaxNumberOfMessages=1, VisibilityTimeout=30)
    sqs.start_message_move_task(SourceArn=arn_of(sqs, letters))
    (task,) = sqs.list_message_move_tasks(SourceArn=arn_of(sqs, letters))["Results"]
    assert task["ApproximateNumberOfMessagesMoved"] == 1


def test_a_queue_of_nobodys_dead_letters_is_refused(aws: EmbeddedAws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="plain")["QueueUrl"]
    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn=arn_of(sqs, url))
