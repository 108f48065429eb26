"""Dead letters of a consumer that always fails: another consumer is untouched, and they come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.server import EmbeddedAws
from runtime.delivery import dead_letters, topic
from tests.local.test_message_moves import arn_of
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import scored


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


def consumers(aws: EmbeddedAws, name: str, *, fifo: bool = False) -> tuple[str, dict[str, tuple[str, str]]]:
    """Make a topic with two consumers as a line's stack does; return its ARN, and each one's queue and dead letters."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    end, kind = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
    arn = sns.create_topic(Name=f"{name}{end}", Attributes={"FifoTopic": "true"} if fifo else {})["TopicArn"]
    made = {}
    for consumer in ("good", "bad"):
        letters = sqs.create_queue(QueueName=f"{name}-{consumer}-letters{end}", Attributes=kind)["QueueUrl"]
        policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, letters), "maxReceiveCount": 3})
        attributes = {**kind, "RedrivePolicy": policy}
        url = sqs.create_queue(QueueName=f"{name}-{consumer}{end}", Attributes=attributes)["QueueUrl"]
        sns.subscribe(
            TopicArn=arn, Protocol="sqs", Endpoint=arn_of(sqs, url), Attributes={"RawMessageDelivery": "true"}
        )
        made[consumer] = (url, letters)
    return arn, made


def fail(sqs: Any, url: str) -> None:
    """Receive everything as often as the queue allows, and never delete."""
    for _ in range(4):
        while sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1).get("Messages"):
            pass
        expire(sqs, url)


def expire(sqs: Any, url: str) -> None:
    from moto.sqs.models import sqs_backends

    queue = sqs_backends["123456789012"]["us-east-1"].queues[url.rsplit("/", 1)[1]]
    for message in queue._messages:
        message.visible_at = 0.0


def drain(sqs: Any, url: str) -> list[str]:
    found = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in batch:
            found.append(json.loads(message["Body"])["event_id"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found)


@pytest.mark.parametrize("fifo", [False, True])
def test_a_consumer_that_always_fails_ends_in_its_dead_letters_and_others_do_not(aws: EmbeddedAws, fifo: bool) -> None:
    sqs = aws.client("sqs")
    paths = scored(Aws(aws.endpoint), 7)
    arn, queues = consumers(aws, f"fails-{fifo}".lower(), fifo=fifo)
    topic.deliver(s3=aws.client("s3"), sns=aws.client("sns"), paths=paths, topic=arn)
    expected = sorted(f"flights:UA-{number}:2013-08-15:{paths.run}" for number in range(7))

    fail(sqs, queues["bad"][0])

    found = dead_letters.look(sqs, queues["bad"][1])
    assert found.count == 7
    assert sorted(letter.event for letter in found.first) == expected
    assert {(letter.reason, letter.received) for letter in found.first} == {("received 3 times, never deleted", 3)}
    assert all(0 <= letter.age_seconds < 120 for letter in found.first)
    assert dead_letters.look(sqs, queues["good"][1]).count == 0
    assert drain(sqs, queues["good"][0]) == expected
    assert dead_letters.look(sqs, queues["bad"][1]).count == 7  # a look takes nothing away

    assert dead_letters.redrive(sqs, queues["bad"][1]) == 7

    assert drain(sqs, queues["bad"][0]) == expected
    assert dead_letters.look(sqs, queues["bad"][1]).count == 0


def test_whoever_puts_a_message_aside_may_say_why(aws: EmbeddedAws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="reasons")["QueueUrl"]
    reason = {"reason": {"DataType": "String", "StringValue": "score: missing"}}
    sqs.send_message(QueueUrl=url, MessageBody="not JSON", MessageAttributes=reason)
    (letter,) = dead_letters.look(sqs, url).first
    assert (letter.event, letter.reason) == ("", "score: missing")
