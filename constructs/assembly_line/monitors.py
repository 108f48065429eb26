"""The alarms of a line's monitors, and the one that stands for all alarms of the line."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from assembly_line.alarms import description
from assembly_line.metrics import line_metric
from assembly_line.permissions import acknowledge
from config.line import Line
from config.monitors import Monitor
from runtime import measures

_SAYS: dict[Monitor, str] = {
    "drift": "what line {line} is asked has moved away from what its champion was trained on",
    "quality": "values that line {line} is given are missing, unknown or out of range far more often than in training",
    "performance": "{metric} of line {line} on its ground truth is out of bounds",
}


def monitor_alarm(scope: Construct, monitor: Monitor, *, line: Line) -> cloudwatch.Alarm:
    """Return the alarm that follows a monitor: the judge decides, so no period without news changes it.

    It tells nobody: the judge says what moved, and the line's composite alarm rings.
    """
    says = _SAYS[monitor].format(line=line.line, metric=line.observed_metric)
    made = cloudwatch.Alarm(
        scope,
        f"{monitor.capitalize()}Alarm",
        metric=line_metric(line.line, measures.ALARMING, period=Duration.minutes(1), more={measures.MONITOR: monitor}),
        threshold=1,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        alarm_description=description(scope, says, monitor),
        treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
    )
    for pack in ("NIST.800.53.R5", "HIPAA.Security"):
        acknowledge(
            made, f"{pack}-CloudWatchAlarmAction", "the judge tells what moved, the line's composite alarm rings"
        )
    return made


def composite_alarm(
    scope: Construct, id_: str, *, line: str, topic: sns.ITopic, alarms: Sequence[cloudwatch.IAlarm]
) -> cloudwatch.CompositeAlarm:
    """Return the alarm that rings while any other of the line does."""
    rules = [cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM) for alarm in alarms]
    made = cloudwatch.CompositeAlarm(
        scope,
        id_,
        alarm_rule=cloudwatch.AlarmRule.any_of(*rules),
        alarm_description=description(scope, f"something is wrong with line {line}: its other alarms say what", "line"),
    )
    made.add_alarm_action(actions.SnsAction(topic))
    made.add_ok_action(actions.SnsAction(topic))
    return made
