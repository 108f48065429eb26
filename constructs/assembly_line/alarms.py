"""An alarm that tells the environment's topic, where no data is not a fault."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from config.environment import Environment

RUNBOOKS = "assembly-line:runbooks"
"""The context of a stack that holds the folder of the pages to which its alarms link."""

AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


def publish_runbooks(stack: Stack, environment: Environment) -> None:
    """Let the alarms of a stack that has no constructs yet link to where the environment's runbooks lie."""
    stack.node.set_context(RUNBOOKS, environment.runbook_folder)


def description(scope: Construct, says: str, page: str) -> str:
    """Return what an alarm says, and the page of ``docs/runbooks/`` that tells what to do about it."""
    folder = scope.node.try_get_context(RUNBOOKS) or "docs/runbooks/"
    return f"{says}; see {folder}{page}.md"


def alarm(
    scope: Construct,
    id_: str,
    *,
    topic: sns.ITopic,
    metric: cloudwatch.IMetric,
    threshold: float,
    says: str,
    page: str,
    when: cloudwatch.ComparisonOperator = AT_LEAST,
) -> cloudwatch.Alarm:
    """Return an alarm that goes off at the first period beyond the threshold; ``page`` is its runbook's name."""
    made = cloudwatch.Alarm(
        scope,
        id_,
        metric=metric,
        threshold=threshold,
        evaluation_periods=1,
        comparison_operator=when,
        alarm_description=description(scope, says, page),
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    made.add_alarm_action(actions.SnsAction(topic))
    made.add_ok_action(actions.SnsAction(topic))
    return made


def error_alarm(
    scope: Construct, id_: str, *, topic: sns.ITopic, function: lambda_.IFunction, says: str, page: str
) -> cloudwatch.Alarm:
    """Return an alarm for the errors of a function that no run would tell of."""
    metric = function.metric_errors(period=Duration.minutes(5))
    return alarm(scope, id_, topic=topic, metric=metric, threshold=1, says=says, page=page)
