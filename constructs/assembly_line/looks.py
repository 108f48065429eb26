"""Looking at the endpoint until it has settled."""

from __future__ import annotations

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

MOST_LOOKS = 60
"""Each look at the endpoint waits one second longer than the last: 60 of them are half an hour."""


def until_settled(
    scope: Construct, verify: sfn.TaskStateBase, *, endpoint: str, settled: sfn.IChainable, stuck: sfn.IChainable
) -> sfn.IChainable:
    """Return the states that call ``verify`` while it says Waiting, then go on; one that never settles is ``stuck``."""
    first = sfn.Pass(scope, "FirstLook", result=sfn.Result.from_object({"count": 1}), result_path="$.looks")
    wait = sfn.Wait(scope, "Wait", time=sfn.WaitTime.seconds_path("$.looks.count"))
    again = sfn.Pass(
        scope,
        "NextLook",
        parameters={"count": sfn.JsonPath.math_add(sfn.JsonPath.number_at("$.looks.count"), 1)},
        result_path="$.looks",
    )
    never = sfn.Pass(
        scope,
        "Stuck",
        result=sfn.Result.from_object(
            {"Error": "NotInService", "Cause": f"endpoint {endpoint!r} did not settle in half an hour"}
        ),
        result_path="$.error",
    )
    waiting = sfn.Condition.string_equals("$.verification.status", "Waiting")
    patient = sfn.Condition.number_less_than("$.looks.count", MOST_LOOKS)
    choice = sfn.Choice(scope, "Settled")
    choice.when(sfn.Condition.and_(waiting, patient), wait).when(waiting, never).otherwise(settled)
    never.next(stuck)
    wait.next(again).next(verify)
    verify.next(choice)
    return first.next(verify)
