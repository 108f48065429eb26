"""Looking at the endpoint until it has settled."""

from __future__ import annotations

import math

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.endpoint import Endpoint


def until_settled(
    scope: Construct, verify: sfn.TaskStateBase, *, endpoint: Endpoint, settled: sfn.IChainable, stuck: sfn.IChainable
) -> sfn.IChainable:
    """Return the states that call ``verify`` while it says Waiting, then go on; one that never settles is ``stuck``."""
    looks = looks_within(endpoint.longest_seconds)
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
            {
                "Error": "NotInService",
                "Cause": f"endpoint {endpoint.name!r} did not settle in {looks**2 // 120} minutes",
            }
        ),
        result_path="$.error",
    )
    waiting = sfn.Condition.string_equals("$.verification.status", "Waiting")
    patient = sfn.Condition.number_less_than("$.looks.count", looks)
    choice = sfn.Choice(scope, "Settled")
    choice.when(sfn.Condition.and_(waiting, patient), wait).when(waiting, never).otherwise(settled)
    never.next(stuck)
    wait.next(again).next(verify)
    verify.next(choice)
    return first.next(verify)


def looks_within(seconds: int) -> int:
    """Return how many looks at an endpoint take that long, each of which waits a second longer than the last.

    >>> looks_within(1800)
    60
    """
    return math.ceil(math.sqrt(2 * seconds))
