"""CloudWatch alarms: judged from their metrics, on demand and every few seconds; a change of state acts.

moto 5.2.5 stores alarms; their state changes only by SetAlarmState, and nothing follows from it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from config.errors import LineError
from local.alarm_rules import composed, judged
from local.event_targets import Delivery, courier_of, text_of
from local.fidelity import Row
from local.metric_math import Series, evaluated, periods, series
from local.metrics import gatherer_of
from local.service_metrics import sample_queues

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("CloudWatch", "metric alarms: m of n, missing data, statistics, percentiles, simple arithmetic", "real"),
    Row("CloudWatch", "time of judgement", "approximated", "every few seconds, the period that is running included"),
    Row("CloudWatch", "composite alarms", "real"),
    Row("CloudWatch", "alarm actions", "approximated", "SNS topics and Lambda functions; others are told as a problem"),
    Row("CloudWatch", "anomaly detection, Metrics Insights", "absent", "such an alarm is told as a problem"),
    Row("CloudWatch", "alarm state change events", "real"),
]

EVERY = 3.0
"""Seconds between two judgements in the background."""

_judging = threading.Lock()

ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def install(aws: EmbeddedAws) -> None:
    """Judge alarms in the background until close, and act when a state changes."""
    act_on_a_change_of_state(aws)
    vars(aws)["evaluate_alarms"] = lambda now=None: evaluate(aws, now)
    ending = threading.Event()
    aws.on_close(ending.set)

    def judge() -> None:
        while not ending.wait(EVERY):
            with contextlib.suppress(ClientError, BotoCoreError):  # the server is closing: the next look ends this
                evaluate(aws)

    threading.Thread(target=judge, name="alarms", daemon=True).start()


def evaluate(aws: EmbeddedAws, at: dt.datetime | None = None) -> dict[str, str]:
    """Judge every alarm as of ``at`` (now) and set the states that changed; returns them by alarm name.

    Metric alarms come first, because composite alarms are judged by them.
    """
    sample_queues(aws, _described(aws, "MetricAlarm"))
    gatherer_of(aws).flush()
    moment = at or aws.clock.now()
    changed: dict[str, str] = {}
    states: dict[str, str] = {}
    with _judging:
        for alarm in _described(aws, "MetricAlarm"):
            state, reason = _judge(aws, alarm, lambda alarm: judged(alarm, _values(aws, alarm, moment)))
            states |= {alarm["AlarmName"]: state, alarm["AlarmArn"]: state}
            changed |= _set(aws, alarm, state, reason)
        for alarm in _described(aws, "CompositeAlarm"):
            state, reason = _judge(aws, alarm, lambda alarm: composed(alarm, states))
            changed |= _set(aws, alarm, state, reason)
    return changed


def _described(aws: EmbeddedAws, kind: str) -> list[dict[str, Any]]:
    pages = aws.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=[kind])
    return [alarm for page in pages for alarm in page.get(f"{kind}s", [])]


def _set(aws: EmbeddedAws, alarm: Mapping[str, Any], state: str, reason: str) -> dict[str, str]:
    name = alarm["AlarmName"]
    if state == alarm["StateValue"]:
        return {}
    aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason=reason)
    return {name: state}


def _judge(
    aws: EmbeddedAws, alarm: Mapping[str, Any], judge: Callable[[Mapping[str, Any]], tuple[str, str]]
) -> tuple[str, str]:
    """Judge one alarm; one that cannot be judged keeps its state and is told of once."""
    try:
        return judge(alarm)
    except LineError as error:
        problem = f"alarm {alarm['AlarmName']}: {error}"
        if problem not in aws.problems:
            aws.problems.append(problem)
        return alarm["StateValue"], str(error)


def _values(aws: EmbeddedAws, alarm: Mapping[str, Any], at: dt.datetime) -> list[float | None]:
    """Return the alarm's value for each of its periods, the oldest first; None where there is no data."""
    queries = alarm.get("Metrics") or [{"Id": "metric", "MetricStat": _metric_stat(alarm)}]
    period = next((int(query["MetricStat"]["Period"]) for query in queries if "MetricStat" in query), 60)
    starts = periods(at, period, alarm["EvaluationPeriods"])
    data = cloudwatch_backends[aws.account][aws.region].get_all_metrics()
    known: dict[str, Series] = {
        query["Id"]: series(data, query["MetricStat"], starts) for query in queries if "MetricStat" in query
    }
    for query in queries:
        if query.get("Expression"):
            known[query["Id"]] = evaluated(query["Expression"], known, starts)
    shown = next(query["Id"] for query in queries if query.get("ReturnData", True) is not False)
    return [known[shown].get(start) for start in starts]


def _metric_stat(alarm: Mapping[str, Any]) -> dict[str, Any]:
    metric = {"Namespace": alarm["Namespace"], "MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"]}
    statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic") or "Average"
    return {"Metric": metric, "Period": alarm["Period"], "Stat": statistic}


def act_on_a_change_of_state(aws: EmbeddedAws) -> None:
    """Have actions and an event follow SetAlarmState, whoever calls it; moto only notes the state."""
    stock = CloudWatchBackend.set_alarm_state

    def set_alarm_state(self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        alarm: Any = self.alarms.get(alarm_name)
        old = alarm.state_value if alarm else None
        stock(self, alarm_name, reason, reason_data, state_value)
        if old != state_value:
            _tell(aws, alarm_name, old, state_value, reason)

    aws.patches.replace(CloudWatchBackend, "set_alarm_state", set_alarm_state)


def _tell(aws: EmbeddedAws, name: str, old: str | None, state: str, reason: str) -> None:
    found = aws.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarm = [*found["MetricAlarms"], *found["CompositeAlarms"]][0]
    message = {
        "AlarmName": name,
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": aws.account,
        "NewStateValue": state,
        "NewStateReason": reason,
        "StateChangeTime": str(aws.clock),
        "Region": aws.region,
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old,
        "Trigger": {key: alarm.get(key) for key in ("MetricName", "Namespace", "Threshold", "ComparisonOperator")},
    }
    if alarm.get("ActionsEnabled", True):
        for arn in alarm.get(ACTIONS[state], []):
            courier_of(aws).send(Delivery(alarm["AlarmArn"], {"Arn": arn}, text_of(message)))
    detail = {"alarmName": name, "state": {"value": state, "reason": reason}, "previousState": {"value": old}}
    aws.emit("aws.cloudwatch", "CloudWatch Alarm State Change", detail)
