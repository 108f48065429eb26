"""Events reach the targets of the rules that they match."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.server import EmbeddedAws
from tests.local.embedded import function, role, wait_for

KEEPS = """
import boto3, json, os, uuid
def handler(event, context):
    boto3.client("s3").put_object(Bucket="kept", Key=uuid.uuid4().hex, Body=json.dumps(event))
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        aws.client("s3").create_bucket(Bucket="kept")
        aws.client("events").create_event_bus(Name="line")
        function(aws, "keeps", KEEPS)
        yield aws


def rule(aws: EmbeddedAws, name: str, target: dict[str, Any], **options: Any) -> None:
    events = aws.client("events")
    pattern = options.pop("EventPattern", json.dumps({"source": [name]}))
    events.put_rule(Name=name, EventBusName="line", EventPattern=pattern, **options)
    events.put_targets(Rule=name, EventBusName="line", Targets=[{"Id": "target"} | target])


def put(aws: EmbeddedAws, source: str, detail: dict[str, Any] | None = None) -> None:
    entry = {
        "EventBusName": "line",
        "Source": source,
        "DetailType": "Told",
        "Detail": json.dumps(detail or {"run": "r"}),
    }
    assert aws.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def queue(aws: EmbeddedAws, name: str) -> tuple[str, str]:
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:{aws.region}:{aws.account}:{name}"


def received(aws: EmbeddedAws, url: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = aws.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", [])
        return found[0] if found else None

    return wait_for(look)


def kept(aws: EmbeddedAws, source: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        s3 = aws.client("s3")
        for entry in s3.list_objects_v2(Bucket="kept").get("Contents", []):
            event: dict[str, Any] = json.loads(s3.get_object(Bucket="kept", Key=entry["Key"])["Body"].read())
            if event.get("source") == source:
                return event
        return None

    return wait_for(look)


def test_a_function_gets_the_whole_event(aws: EmbeddedAws) -> None:
    rule(aws, "to-function", {"Arn": f"arn:aws:lambda:{aws.region}:{aws.account}:function:keeps"})
    put(aws, "to-function", {"run": "run-1"})
    event = kept(aws, "to-function")
    assert event["detail"] == {"run": "run-1"}
    assert (event["detail-type"], event["account"]) == ("Told", aws.account)
    assert event["time"].endswith("Z")


def test_a_state_machine_is_started_on_the_role_of_the_target(aws: EmbeddedAws) -> None:
    states = aws.client("stepfunctions")
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    machine = states.create_state_machine(name="m", definition=definition, roleArn=role(aws, "m"))["stateMachineArn"]
    starts = role(aws, "starts", "states:StartExecution")
    target = {"Arn": machine, "RoleArn": starts, "InputPath": "$.detail"}
    rule(aws, "to-machine", target)
    put(aws, "to-machine", {"line": "flights"})
    found = wait_for(lambda: states.list_executions(stateMachineArn=machine)["executions"])
    described = states.describe_execution(executionArn=found[0]["executionArn"])
    assert json.loads(described["input"]) == {"line": "flights"}


def test_a_queue_gets_what_the_transformer_makes(aws: EmbeddedAws) -> None:
    url, arn = queue(aws, "transformed")
    transformer = {
        "InputPathsMap": {"run": "$.detail.run"},
        "InputTemplate": '{"run": <run>, "told": "run <run> ended"}',
    }
    rule(aws, "to-queue", {"Arn": arn, "InputTransformer": transformer})
    put(aws, "to-queue", {"run": "run-2"})
    assert json.loads(received(aws, url)["Body"]) == {"run": "run-2", "told": "run run-2 ended"}


def test_a_topic_gets_a_constant(aws: EmbeddedAws) -> None:
    url, arn = queue(aws, "subscribed")
    topic = aws.client("sns").create_topic(Name="alarms")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    rule(aws, "to-topic", {"Arn": topic, "Input": '{"constant": true}'})
    put(aws, "to-topic")
    assert received(aws, url)["Body"] == '{"constant": true}'


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue(aws: EmbeddedAws) -> None:
    url, arn = queue(aws, "dead")
    lost = f"arn:aws:lambda:{aws.region}:{aws.account}:function:lost"
    rule(aws, "to-lost", {"Arn": lost, "DeadLetterConfig": {"Arn": arn}})
    put(aws, "to-lost", {"run": "run-3"})
    message = received(aws, url)
    assert json.loads(message["Body"])["detail"] == {"run": "run-3"}
    assert message["MessageAttributes"]["TARGET_ARN"]["StringValue"] == lost


def test_without_a_dead_letter_queue_it_is_a_problem(aws: EmbeddedAws) -> None:
    lost = f"arn:aws:lambda:{aws.region}:{aws.account}:function:lost"
    rule(aws, "to-nowhere", {"Arn": lost})
    put(aws, "to-nowhere")
    told = wait_for(lambda: [problem for problem in aws.problems if "to-nowhere" in problem])
    assert f"rule/line/to-nowhere: nothing was delivered to {lost}: " in told[0]


def test_a_disabled_rule_and_a_schedule_match_nothing(aws: EmbeddedAws) -> None:
    url, arn = queue(aws, "silent")
    rule(aws, "disabled", {"Arn": arn}, State="DISABLED")
    events = aws.client("events")
    events.put_rule(Name="nightly", ScheduleExpression="cron(0 3 * * ? *)")
    events.put_targets(Rule="nightly", Targets=[{"Id": "t", "Arn": arn}])
    put(aws, "disabled")
    aws.emit("aws.glue", "Glue Job State Change", {"state": "SUCCEEDED"})
    url_after, arn_after = queue(aws, "after")
    rule(aws, "after", {"Arn": arn_after})
    put(aws, "after")
    received(aws, url_after)
    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=url)
