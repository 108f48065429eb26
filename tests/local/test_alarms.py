"""Alarms are judged from their metrics and act."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local import alarms
from local.server import EmbeddedAws
from tests.local.embedded import function, wait_for

TELLS = """
import json, time
def handler(event, context):
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [{"Namespace": "AssemblyLine",
        "Dimensions": [["Line"], ["Line", "Feature"]], "Metrics": [{"Name": "Drift", "Unit": "None"}]}]},
        "Line": "flights", "Feature": "wind", "Drift": event["drift"]}))
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        function(aws, "tells", TELLS)
        sns, sqs = aws.client("sns"), aws.client("sqs")
        topic = sns.create_topic(Name="alarms")["TopicArn"]
        sqs.create_queue(QueueName="told")
        arn = f"arn:aws:sqs:{aws.region}:{aws.account}:told"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        yield aws


def alarm(aws: EmbeddedAws, name: str, metric: str, **options: Any) -> None:
    given: dict[str, Any] = {
        "Namespace": "Test",
        "MetricName": metric,
        "Dimensions": [{"Name": "Line", "Value": "flights"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.2,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    aws.client("cloudwatch").put_metric_alarm(AlarmName=name, **(given | options))


def put(aws: EmbeddedAws, metric: str, value: float, *, ago: float = 0, **dimensions: str) -> None:
    named = [{"Name": key, "Value": each} for key, each in (dimensions or {"Line": "flights"}).items()]
    at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago)
    datum = {"MetricName": metric, "Value": value, "Timestamp": at, "Dimensions": named}
    aws.client("cloudwatch").put_metric_data(Namespace="Test", MetricData=[datum])


def state(aws: EmbeddedAws, name: str) -> str:
    alarms.evaluate(aws)
    found = aws.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    value: str = [*found["MetricAlarms"], *found["CompositeAlarms"]][0]["StateValue"]
    return value


def test_a_metric_that_a_function_logs_puts_its_alarm_into_alarm(aws: EmbeddedAws) -> None:
    alarm(aws, "logged", "Drift", Namespace="AssemblyLine")
    assert state(aws, "logged") == "OK"
    aws.client("lambda").invoke(FunctionName="tells", Payload=json.dumps({"drift": 0.5}).encode())
    assert state(aws, "logged") == "ALARM"
    metrics = aws.client("cloudwatch").list_metrics(Namespace="AssemblyLine")["Metrics"]
    assert {len(metric["Dimensions"]) for metric in metrics} == {1, 2}


def test_an_alarm_tells_its_topic_and_the_default_bus(aws: EmbeddedAws) -> None:
    topic = f"arn:aws:sns:{aws.region}:{aws.account}:alarms"
    events, sqs = aws.client("events"), aws.client("sqs")
    changes = sqs.create_queue(QueueName="changes")["QueueUrl"]
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": {"alarmName": ["acts"]}}
    events.put_rule(Name="changes", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="changes", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:{aws.region}:{aws.account}:changes"}])
    alarm(aws, "acts", "Acts", AlarmActions=[topic])
    put(aws, "Acts", 0.9)
    assert state(aws, "acts") == "ALARM"
    told = wait_for(lambda: sqs.receive_message(QueueUrl=f"{aws.endpoint}/{aws.account}/told").get("Messages"))
    message = json.loads(told[0]["Body"])
    assert (message["AlarmName"], message["OldStateValue"], message["NewStateValue"]) == ("acts", "OK", "ALARM")
    assert wait_for(lambda: sqs.receive_message(QueueUrl=changes).get("Messages"))


def test_another_dimension_is_another_metric(aws: EmbeddedAws) -> None:
    alarm(aws, "exact", "Exact")
    put(aws, "Exact", 0.9, Line="flights", Feature="wind")
    put(aws, "Exact", 0.9, Line="trains")
    assert state(aws, "exact") == "OK"


def test_a_message_in_a_watched_queue_puts_its_alarm_into_alarm(aws: EmbeddedAws) -> None:
    url = aws.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    alarm(
        aws,
        "not-empty",
        "ApproximateNumberOfMessagesVisible",
        Namespace="AWS/SQS",
        Dimensions=[{"Name": "QueueName", "Value": "dead-letters"}],
        Threshold=0,
    )
    assert state(aws, "not-empty") == "OK"
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="poison")
    assert state(aws, "not-empty") == "ALARM"


def test_a_function_that_raises_puts_its_alarm_into_alarm(aws: EmbeddedAws) -> None:
    dimensions = [{"Name": "FunctionName", "Value": "tells"}]
    alarm(aws, "errors", "Errors", Namespace="AWS/Lambda", Dimensions=dimensions, Statistic="Sum", Threshold=0)
    aws.client("lambda").invoke(FunctionName="tells", Payload=b'{"drift": 0}')
    assert state(aws, "errors") == "OK"
    aws.client("lambda").invoke(FunctionName="tells", Payload=b"{}")
    assert state(aws, "errors") == "ALARM"


def test_m_of_n_periods_must_breach(aws: EmbeddedAws) -> None:
    alarm(aws, "m-of-n", "Often", EvaluationPeriods=3, DatapointsToAlarm=2)
    put(aws, "Often", 0.9)
    assert state(aws, "m-of-n") == "OK"
    put(aws, "Often", 0.9, ago=60)
    assert state(aws, "m-of-n") == "ALARM"


def test_no_data_is_told_apart_from_good_data(aws: EmbeddedAws) -> None:
    alarm(aws, "absent", "Absent", TreatMissingData="missing")
    assert state(aws, "absent") == "INSUFFICIENT_DATA"


def test_arithmetic_over_metrics_is_judged(aws: EmbeddedAws) -> None:
    dimensions = [{"Name": "Line", "Value": "flights"}]
    stats = [
        {
            "Id": m,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": "Test", "MetricName": m, "Dimensions": dimensions},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for m in ("bad", "good")
    ]
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="ratio",
        Metrics=[
            *stats,
            {"Id": "ratio", "Expression": "IF(bad + good >= 10, bad / (bad + good), 0)", "ReturnData": True},
        ],
        EvaluationPeriods=1,
        Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
    )
    put(aws, "bad", 3)
    put(aws, "good", 1)
    assert state(aws, "ratio") == "OK"
    put(aws, "bad", 9)
    assert state(aws, "ratio") == "ALARM"


def test_a_composite_alarm_follows_from_others(aws: EmbeddedAws) -> None:
    alarm(aws, "one", "One")
    alarm(aws, "two", "Two")
    rule = 'ALARM("one") AND NOT ALARM("two")'
    aws.client("cloudwatch").put_composite_alarm(AlarmName="whole", AlarmRule=rule)
    put(aws, "One", 0.9)
    assert state(aws, "whole") == "ALARM"
    put(aws, "Two", 0.9)
    assert state(aws, "whole") == "OK"


def test_an_alarm_that_cannot_be_judged_is_a_problem(aws: EmbeddedAws) -> None:
    query = {"Id": "q", "Expression": "ANOMALY_DETECTION_BAND(m)", "ReturnData": True}
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="band", Metrics=[query], EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold"
    )
    alarms.evaluate(aws)
    assert any(
        problem.startswith("alarm band: metric expression 'ANOMALY_DETECTION_BAND(m)'") for problem in aws.problems
    )


def test_alarms_are_judged_in_the_background(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    alarm(aws, "background", "Background")
    put(aws, "Background", 0.9)
    began = time.monotonic()
    cloudwatch = aws.client("cloudwatch")

    def look() -> bool:
        return bool(cloudwatch.describe_alarms(AlarmNames=["background"])["MetricAlarms"][0]["StateValue"] == "ALARM")

    wait_for(look, seconds=alarms.EVERY + 15)
    assert time.monotonic() - began < alarms.EVERY + 3
