"""Schedules fire when told to, and when the clock is advanced past the moments at which they come due."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from config.errors import LineError
from local import alarms, schedules
from local.metrics import gatherer_of
from local.server import EmbeddedAws
from local.service_metrics import datum
from tests.local.embedded import role, wait_for

AT = dt.datetime(2013, 8, 15, 3, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        events = aws.client("events")
        events.put_rule(Name="nightly", ScheduleExpression="cron(0 3 * * ? *)", State="DISABLED")
        events.put_targets(Rule="nightly", Targets=[{"Id": "t", "Arn": queue_arn(aws, "nights")}])
        target = {
            "Arn": queue_arn(aws, "weeks"),
            "RoleArn": role(aws, "scheduler"),
            "Input": '{"at": "<aws.scheduler.scheduled-time>"}',
        }
        aws.client("scheduler").create_schedule(
            Name="weekly", ScheduleExpression="rate(7 days)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )
        yield aws


def queue_arn(aws: EmbeddedAws, name: str) -> str:
    aws.client("sqs").create_queue(QueueName=name)
    return f"arn:aws:sqs:{aws.region}:{aws.account}:{name}"


def received(aws: EmbeddedAws, name: str) -> Any:
    url = aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    found = wait_for(lambda: aws.client("sqs").receive_message(QueueUrl=url).get("Messages"))
    return json.loads(found[0]["Body"])


def test_a_scheduled_rule_tells_its_targets_the_time(aws: EmbeddedAws) -> None:
    schedules.fire(aws, "nightly", AT)
    event = received(aws, "nights")
    assert (event["detail-type"], event["time"]) == ("Scheduled Event", "2013-08-15T03:00:00Z")


def test_a_schedule_gives_its_input(aws: EmbeddedAws) -> None:
    schedules.fire(aws, "weekly", AT)
    assert received(aws, "weeks") == {"at": "2013-08-15T03:00:00Z"}


@pytest.fixture
def due(aws: EmbeddedAws) -> Iterator[str]:
    """Three enabled schedules whose times interleave, all told to one queue in order."""
    events, scheduler = aws.client("events"), aws.client("scheduler")
    queue = queue_arn(aws, "due")
    url: str = aws.client("sqs").get_queue_url(QueueName="due")["QueueUrl"]
    for name, expression in (("hours", "rate(1 hour)"), ("mornings", "cron(30 3,4 * * ? *)")):
        events.put_rule(Name=name, ScheduleExpression=expression)
        transformer = {"InputPathsMap": {"at": "$.time"}, "InputTemplate": f'"{name} <at>"'}
        events.put_targets(Rule=name, Targets=[{"Id": "t", "Arn": queue, "InputTransformer": transformer}])
    scheduler.create_schedule(
        Name="berlin",
        ScheduleExpression="cron(15 6 * * ? *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": queue,
            "RoleArn": f"arn:aws:iam::{aws.account}:role/scheduler",
            "Input": '"berlin <aws.scheduler.scheduled-time>"',
        },
    )
    yield url
    for name in ("hours", "mornings"):
        events.remove_targets(Rule=name, Ids=["t"])
        events.delete_rule(Name=name)
    scheduler.delete_schedule(Name="berlin")
    aws.client("sqs").delete_queue(QueueUrl=url)
    aws.clock.set(None)


def told(aws: EmbeddedAws, url: str) -> list[str]:
    sqs, found = aws.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return found


def test_all_that_comes_due_fires_in_order_when_the_clock_is_advanced(aws: EmbeddedAws, due: str) -> None:
    aws.clock.set(AT)
    fired = schedules.advance(aws, AT + dt.timedelta(hours=2))
    expected = [
        "mornings 2013-08-15T03:30:00Z",
        "hours 2013-08-15T04:00:00Z",
        "berlin 2013-08-15T04:15:00Z",
        "mornings 2013-08-15T04:30:00Z",
        "hours 2013-08-15T05:00:00Z",
    ]
    assert told(aws, due) == expected
    assert [f"{name} {moment:%Y-%m-%dT%H:%M:%SZ}" for moment, name in fired] == expected
    assert dt.timedelta() <= aws.clock.now() - (AT + dt.timedelta(hours=2)) < dt.timedelta(minutes=1)


def test_advancing_can_be_limited_to_some_schedules_and_to_their_last_times(aws: EmbeddedAws, due: str) -> None:
    aws.clock.set(AT)
    schedules.advance(aws, AT + dt.timedelta(days=1), last=1, only=["hours", "berlin"])
    assert told(aws, due) == ["hours 2013-08-16T03:00:00Z", "berlin 2013-08-15T04:15:00Z"][::-1]


def test_the_clock_does_not_go_back_by_advancing(aws: EmbeddedAws, due: str) -> None:
    aws.clock.set(AT)
    with pytest.raises(LineError, match="it is advanced to a later moment, not to 2013-08-15T02:00:00Z"):
        schedules.advance(aws, AT - dt.timedelta(hours=1))


def test_alarms_are_judged_and_told_by_the_clock(aws: EmbeddedAws) -> None:
    aws.clock.set(AT)
    try:
        cloudwatch = aws.client("cloudwatch")
        alarm = {"Namespace": "Clock", "MetricName": "Moved", "Period": 60, "EvaluationPeriods": 1, "Threshold": 0.5}
        queue = queue_arn(aws, "alarmed")
        aws.client("events").put_rule(Name="moved", EventPattern='{"source": ["aws.cloudwatch"]}')
        aws.client("events").put_targets(Rule="moved", Targets=[{"Id": "t", "Arn": queue}])
        cloudwatch.put_metric_alarm(
            AlarmName="moved", ComparisonOperator="GreaterThanThreshold", Statistic="Maximum", **alarm
        )
        gatherer_of(aws).add("Clock", datum("Moved", 1.0))
        assert wait_for(lambda: alarms.evaluate(aws).get("moved") or state_of(aws, "moved")) == "ALARM"
        assert received(aws, "alarmed")["time"].startswith("2013-08-15T03:0")
    finally:
        aws.clock.set(None)


def state_of(aws: EmbeddedAws, name: str) -> str | None:
    state: str = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]
    return state if state == "ALARM" else None


def test_an_unknown_schedule_is_named(aws: EmbeddedAws) -> None:
    with pytest.raises(LineError) as refused:
        schedules.fire(aws, "hourly")
    assert str(refused.value) == "schedule hourly: there is none of that name, expected one of nightly, weekly"
