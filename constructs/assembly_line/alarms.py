"""An alarm that tells the environment's topic, where no data is not a fault."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


def alarm(
    scope: Construct,
    id_: str,
    *,
    topic: sns.ITopic,
    metric: cloudwatch.IMetric,
    threshold: float,
    says: str,
    when: cloudwatch.ComparisonOperator = AT_LEAST,
) -> cloudwatch.Alarm:
    """Return an alarm that goes off at the first period beyond the threshold and says what to do about it."""
    made = cloudwatch.Alarm(
        scope,
        id_,
        metric=metric,
        threshold=threshold,
        evaluation_periods=1,
        comparison_operator=when,
        alarm_description=says,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    made.add_alarm_action(actions.SnsAction(topic))
    made.add_ok_action(actions.SnsAction(topic))
    return made


def error_alarm(
    scope: Construct, id_: str, *, topic: sns.ITopic, function: lambda_.IFunction, says: str
) -> cloudwatch.Alarm:
    """Return an alarm for the errors of a function that no run would tell of."""
    metric = function.metric_errors(period=Duration.minutes(5))
    return alarm(scope, id_, topic=topic, metric=metric, threshold=1, says=says)
