"""Schedules fire when told to."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from config.errors import LineError
from local import schedules
from local.server import EmbeddedAws
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


def test_an_unknown_schedule_is_named(aws: EmbeddedAws) -> None:
    with pytest.raises(LineError) as refused:
        schedules.fire(aws, "hourly")
    assert str(refused.value) == "schedule hourly: there is none of that name, expected one of nightly, weekly"
