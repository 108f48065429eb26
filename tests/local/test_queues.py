"""Queues hand batches to their functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.server import EmbeddedAws
from tests.local.embedded import function, role, wait_for

TAKES = """
import boto3, json
s3 = boto3.client("s3")
def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    s3.put_object(Bucket="taken", Key=f"{context.aws_request_id}.json", Body=json.dumps(bodies))
    if "raise" in bodies: raise ValueError("no good")
    return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in event["Records"] if r["body"] == "bad"]}
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        aws.client("s3").create_bucket(Bucket="taken")
        function(aws, "takes", TAKES)
        yield aws


@pytest.fixture
def source(aws: EmbeddedAws, request: pytest.FixtureRequest) -> Iterator[str]:
    """A queue with a dead-letter queue beside it and the function behind it."""
    name = request.node.name[:60]
    sqs = aws.client("sqs")
    sqs.create_queue(QueueName=f"{name}-dead")
    dead = f"arn:aws:sqs:{aws.region}:{aws.account}:{name}-dead"
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": "1"}
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    mapping = create_mapping(aws, name)
    yield url
    aws.client("lambda").delete_event_source_mapping(UUID=mapping)


def create_mapping(aws: EmbeddedAws, queue: str, **options: Any) -> str:
    given: dict[str, Any] = {
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    uuid: str = aws.client("lambda").create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:{aws.region}:{aws.account}:{queue}", FunctionName="takes", **(given | options)
    )["UUID"]
    return uuid


def taken(aws: EmbeddedAws, word: str) -> list[list[str]]:
    s3 = aws.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="taken").get("Contents", [])]
    batches = [json.loads(s3.get_object(Bucket="taken", Key=key)["Body"].read()) for key in keys]
    return [batch for batch in batches if any(word in body for body in batch)]


def send(aws: EmbeddedAws, url: str, *bodies: str) -> None:
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(bodies[start : start + 10])]
        aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)


def left(aws: EmbeddedAws, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def test_a_batch_is_gathered_over_several_receives(aws: EmbeddedAws) -> None:
    url = aws.client("sqs").create_queue(QueueName="many")["QueueUrl"]
    send(aws, url, *[f"many-{index}" for index in range(35)])
    mapping = create_mapping(aws, "many", BatchSize=100, MaximumBatchingWindowInSeconds=1)
    wait_for(lambda: not left(aws, url))
    aws.client("lambda").delete_event_source_mapping(UUID=mapping)
    batches = taken(aws, "many")
    assert sorted(body for batch in batches for body in batch) == sorted(f"many-{index}" for index in range(35))
    assert len(batches) == 1


def test_a_message_that_fails_comes_back_until_it_is_dead(aws: EmbeddedAws, source: str) -> None:
    send(aws, source, "partial-good", "bad")
    message = wait_for(lambda: aws.client("sqs").receive_message(QueueUrl=f"{source}-dead").get("Messages"))
    assert message[0]["Body"] == "bad"
    assert len(taken(aws, "partial-good")) == 1


def test_a_function_that_raises_leaves_the_whole_batch(aws: EmbeddedAws, source: str) -> None:
    send(aws, source, "raise", "whole-batch")
    wait_for(lambda: left(aws, f"{source}-dead") == 2)
    assert len(taken(aws, "whole-batch")) == 2


def test_a_disabled_mapping_takes_nothing_until_it_is_enabled(aws: EmbeddedAws) -> None:
    url = aws.client("sqs").create_queue(QueueName="paused")["QueueUrl"]
    mapping = create_mapping(aws, "paused", Enabled=False)
    send(aws, url, "paused-message")
    assert left(aws, url) == 1
    aws.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    wait_for(lambda: not left(aws, url))
    aws.client("lambda").delete_event_source_mapping(UUID=mapping)


def test_a_mapping_whose_function_may_not_receive_is_a_problem(aws: EmbeddedAws) -> None:
    aws.client("sqs").create_queue(QueueName="denied")
    name = function(aws, "narrow", TAKES, Role=role(aws, "narrow", "s3:*"))
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:denied"
    mapping = aws.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=name)["UUID"]
    told = wait_for(lambda: [problem for problem in aws.problems if "ReceiveMessage" in problem])
    assert told[0].startswith("event source mapping: ")
    aws.client("lambda").delete_event_source_mapping(UUID=mapping)


def test_a_filter_is_refused(aws: EmbeddedAws) -> None:
    aws.client("sqs").create_queue(QueueName="filtered")
    with pytest.raises(ClientError, match="FilterCriteria is not supported by the embedded AWS"):
        create_mapping(aws, "filtered", FilterCriteria={"Filters": [{"Pattern": "{}"}]})


def test_a_batch_published_to_a_topic_arrives_raw_with_its_attributes(aws: EmbeddedAws) -> None:
    sqs, sns = aws.client("sqs"), aws.client("sns")
    url = sqs.create_queue(QueueName="consumer")["QueueUrl"]
    topic = sns.create_topic(Name="predictions")["TopicArn"]
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:consumer"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    attributes = {"line": {"DataType": "String", "StringValue": "flights"}}
    entries = [{"Id": str(i), "Message": f"prediction-{i}", "MessageAttributes": attributes} for i in range(10)]
    assert len(sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]) == 10
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert sorted(message["Body"] for message in messages) == [f"prediction-{index}" for index in range(10)]
    assert messages[0]["MessageAttributes"]["line"]["StringValue"] == "flights"
