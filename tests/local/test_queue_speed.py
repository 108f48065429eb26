"""Deep queues are quick, and still know which of their messages may be received."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.server import EmbeddedAws
from tests.local.embedded import wait_for

COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


def counts(aws: EmbeddedAws, url: str) -> list[int]:
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=COUNTS)["Attributes"]
    return [int(attributes[name]) for name in COUNTS]


def test_received_and_delayed_messages_are_counted_apart(aws: EmbeddedAws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="counted")["QueueUrl"]
    for delay in (0, 0, 30):
        sqs.send_message(QueueUrl=url, MessageBody="m", DelaySeconds=delay)
    wait_for(lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages"))
    assert counts(aws, url) == [1, 1, 1]


def test_a_message_is_received_again_after_its_visibility_timeout(aws: EmbeddedAws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="again", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    sqs.receive_message(QueueUrl=url)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert wait_for(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))


def test_a_deep_queue_is_drained_message_by_message(aws: EmbeddedAws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="deep")["QueueUrl"]
    entries = [{"Id": str(index), "MessageBody": "m" * 200} for index in range(10)]
    for _ in range(60):
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert counts(aws, url) == [600, 0, 0]
    drained = 0
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        handles = [{"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(messages)]
        drained += len(sqs.delete_message_batch(QueueUrl=url, Entries=handles)["Successful"])
    assert drained == 600
