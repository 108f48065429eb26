import hashlib
import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.config import Config

from config.filters import check
from runtime.delivery import topic
from tests.moto_server import Aws, Scenario, converge, throttled_answer
from tests.runtime.delivery.deliveries import conforms, record, scored


class RefusingTopic:
    """A topic that refuses what ``refuses`` tells, by attempt and event id."""

    def __init__(self, refuses: Any) -> None:
        self.refuses, self.attempts, self.taken = refuses, 0, list[str]()

    def publish_batch(self, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        failed = []
        for entry in PublishBatchRequestEntries:
            event_id = json.loads(entry["Message"])["event_id"]
            if (fault := self.refuses(self.attempts, event_id)) is None:
                self.taken.append(event_id)
            else:
                failed.append({"Id": entry["Id"], "Code": "Refused", "SenderFault": fault})
        self.attempts += 1
        return {"Successful": [], "Failed": failed}


def ids(paths: Any, numbers: range) -> list[str]:
    return [f"flights:UA-{number}:2013-08-15:{paths.run}" for number in numbers]


def test_each_prediction_is_one_message_with_its_event_id(aws: Aws) -> None:
    paths, (arn, queue) = scored(aws, 23), aws.topic()

    delivered = topic.deliver(s3=aws.client("s3"), sns=aws.client("sns"), paths=paths, topic=arn)

    assert delivered == {"topic": arn, "count": 23}
    assert sorted(json.loads(body)["event_id"] for body in aws.messages(queue)) == sorted(ids(paths, range(23)))


def test_a_message_is_its_record_and_the_event_id() -> None:
    assert topic.message(record(1)) == {"event_id": "flights:UA-1:2013-08-15:run-1", **record(1)}


def test_consumers_can_filter_by_line_and_schema(aws: Aws) -> None:
    sns, paths, (arn, _) = aws.client("sns"), scored(aws, 1), aws.topic()
    sent: list[Any] = []
    sns.meta.events.register(
        "provide-client-params.sns.PublishBatch", lambda params, **_: sent.extend(params["PublishBatchRequestEntries"])
    )

    topic.deliver(s3=aws.client("s3"), sns=sns, paths=paths, topic=arn)

    assert sent[0]["MessageAttributes"] == {
        "line": {"DataType": "String", "StringValue": "flights"},
        "schema": {"DataType": "Number", "StringValue": "1"},
    }


def test_only_refused_messages_are_sent_again(aws: Aws) -> None:
    paths = scored(aws, 10)
    sns = RefusingTopic(lambda attempt, event_id: False if attempt == 0 and "UA-7:" in event_id else None)

    topic.deliver(s3=aws.client("s3"), sns=sns, paths=paths, topic="topic", sleep=lambda _: None)

    assert sorted(sns.taken) == sorted(ids(paths, range(10)))


def test_a_message_that_is_never_taken_is_told_at_the_end_with_counts(aws: Aws) -> None:
    paths = scored(aws, 25)
    sns = RefusingTopic(lambda _, event_id: False if "UA-3:" in event_id else None)

    with pytest.raises(topic.PartialDeliveryError) as error:
        topic.deliver(s3=aws.client("s3"), sns=sns, paths=paths, topic="topic", sleep=lambda _: None)

    assert str(error.value) == "the topic took 24 of 25 predictions (Refused)"
    assert len(sns.taken) == 24


def test_a_message_that_is_itself_wrong_is_not_sent_again(aws: Aws) -> None:
    paths = scored(aws, 5)
    sns = RefusingTopic(lambda _, event_id: True if "UA-3:" in event_id else None)

    with pytest.raises(topic.PartialDeliveryError):
        topic.deliver(s3=aws.client("s3"), sns=sns, paths=paths, topic="topic", sleep=lambda _: None)

    assert sns.attempts == 1


def test_a_fault_at_any_call_loses_no_message_and_repeats_only_known_ids(aws: Aws) -> None:
    def scenario() -> Scenario:
        paths, (arn, queue) = scored(aws, 12), aws.topic()

        def check() -> None:
            assert {json.loads(body)["event_id"] for body in aws.messages(queue)} == set(ids(paths, range(12)))

        return Scenario(
            ("s3", "sns"),
            lambda s3, sns: topic.deliver(s3=s3, sns=sns, paths=paths, topic=arn, sleep=lambda _: None),
            check,
        )

    assert converge(aws, scenario) == ["GetObject", "PublishBatch", "PublishBatch"]


def fifo(aws: Aws) -> tuple[str, str]:
    """Create a FIFO topic with a FIFO queue that receives the bare messages; return ARN and URL."""
    sns, sqs, name = aws.client("sns"), aws.client("sqs"), f"{uuid.uuid4().hex[:12]}.fifo"
    topic: str = sns.create_topic(Name=name, Attributes={"FifoTopic": "true"})["TopicArn"]
    queue: str = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return topic, queue


def test_a_fifo_queue_holds_each_prediction_once_though_it_was_sent_twice(aws: Aws) -> None:
    paths, (arn, queue) = scored(aws, 12), fifo(aws)
    for _ in range(2):
        topic.deliver(s3=aws.client("s3"), sns=aws.client("sns"), paths=paths, topic=arn)
    found = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert found["Attributes"]["ApproximateNumberOfMessages"] == "12"


def test_an_id_of_any_characters_has_a_group_of_its_own(aws: Aws) -> None:
    sent: list[dict[str, Any]] = []

    class Sns:
        def publish_batch(self, TopicArn: str, PublishBatchRequestEntries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            sent.extend(PublishBatchRequestEntries)
            return {}

    paths = scored(aws, 2)
    topic.deliver(s3=aws.client("s3"), sns=Sns(), paths=paths, topic="arn:decisions.fifo")
    ids = [json.loads(entry["Message"]) for entry in sent]
    assert [entry["MessageGroupId"] for entry in sent] == [sha256(one["id"]) for one in ids]
    assert [entry["MessageDeduplicationId"] for entry in sent] == [sha256(one["event_id"]) for one in ids]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_every_message_is_what_the_schema_says(aws: Aws) -> None:
    paths, (arn, queue) = scored(aws, 3), aws.topic()
    topic.deliver(s3=aws.client("s3"), sns=aws.client("sns"), paths=paths, topic=arn)
    for body in aws.messages(queue):
        conforms(json.loads(body))


def test_a_consumer_gets_what_its_filter_lets_pass_and_another_everything(aws: Aws) -> None:
    sns, sqs, paths, (arn, everything) = aws.client("sns"), aws.client("sqs"), scored(aws, 10), aws.topic()
    queues = {}
    policies: dict[str, dict[str, list[Any]]] = {
        "late": {"score": [{"numeric": [">=", 0.5]}]},
        "nobody": {"line": ["other"]},
    }
    for name, policy in policies.items():
        check(policy)
        queues[name] = sqs.create_queue(QueueName=f"{name}-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=queues[name], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {
            "FilterPolicy": json.dumps(policy),
            "FilterPolicyScope": "MessageBody",
            "RawMessageDelivery": "true",
        }
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes=attributes)

    topic.deliver(s3=aws.client("s3"), sns=sns, paths=paths, topic=arn)

    assert sorted(json.loads(body)["id"] for body in aws.messages(queues["late"])) == [f"UA-{i}" for i in range(5, 10)]
    assert aws.messages(queues["nobody"]) == []
    assert len(aws.messages(everything)) == 10


def test_a_topic_that_throttles_for_a_while_gets_every_message(aws: Aws) -> None:
    """As the handler's client does: it tries again by itself what SNS throttles."""
    paths, (arn, queue) = scored(aws, 25), aws.topic()
    patient = boto3.client(
        "sns",
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 4}),
    )
    throttled: list[int] = []

    def slow_down(request: Any, **_: Any) -> Any:
        if len(throttled) >= 2:
            return None
        throttled.append(1)
        return throttled_answer(request)

    patient.meta.events.register_first("before-send.sns.PublishBatch", slow_down)
    delivered = topic.deliver(s3=aws.client("s3"), sns=patient, paths=paths, topic=arn)
    assert (delivered["count"], len(throttled)) == (25, 2)
    assert sorted(json.loads(body)["event_id"] for body in aws.messages(queue)) == sorted(ids(paths, range(25)))
