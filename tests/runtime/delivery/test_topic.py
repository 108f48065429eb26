import json
from typing import Any

import pytest

from runtime.delivery import topic
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.delivery.deliveries import record, scored


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

    assert delivered == {"count": 23}
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
