"""What the queues in memory do with a message is what moto does with it."""

from __future__ import annotations

import json
import random

from tests.moto_server import Aws
from tests.runtime.transport import Queue, Sns, Sqs


def test_a_message_that_is_never_deleted_goes_to_the_dead_letters(aws: Aws) -> None:
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="transport-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": "0"}
    url = sqs.create_queue(QueueName="transport", Attributes=attributes)["QueueUrl"]
    ours = Queue(random.Random(0), dead=Queue(random.Random(0)))
    told = {"reason": {"DataType": "String", "StringValue": "bad"}}
    for client, name in ((sqs, url), (Sqs({"queue": ours}), "queue")):
        client.send_message(QueueUrl=name, MessageBody="poison", MessageAttributes=told)
    seen: list[tuple[int, int]] = []
    for _ in range(7):
        theirs = sqs.receive_message(QueueUrl=url).get("Messages", [])
        taken = ours.receive(1)
        ours.settle(taken, {message.id for message in taken})
        seen.append((len(theirs), len(taken)))

    assert seen == [(1, 1)] * 5 + [(0, 0)] * 2
    (left,) = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    assert ours.dead is not None
    (kept,) = ours.dead.receive(1)
    assert (left["Body"], left["MessageAttributes"]["reason"]) == (kept.body, kept.attributes["reason"])


def test_a_topic_gives_each_queue_each_message(aws: Aws) -> None:
    (topic, url), ours = aws.topic(), Queue(random.Random(0))
    entries = [{"Id": str(i), "Message": f"{i}", "MessageAttributes": {}} for i in range(10)]
    answers = [
        client.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        for client in (aws.client("sns"), Sns([ours]))
    ]

    assert [[one["Id"] for one in answer["Successful"]] for answer in answers] == [[str(i) for i in range(10)]] * 2
    assert sorted(message.body for message in ours.receive(20)) == sorted(aws.messages(url))


def test_what_is_deleted_comes_again_now_and_then() -> None:
    queue = Queue(random.Random(0), again=0.5)
    for number in range(100):
        queue.send(str(number))
    seen: list[str] = []
    while taken := queue.receive(10):
        queue.settle(taken, ())
        seen += [message.body for message in taken]

    assert set(seen) == {str(number) for number in range(100)}
    assert 150 < len(seen) < 250
    assert seen[:100] != [str(number) for number in range(100)]
