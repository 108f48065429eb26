"""The states that let a challenger be the champion's shadow before it takes any traffic."""

from __future__ import annotations

from typing import Any

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct


class Shadowing:
    """Deploy again and again, a wait in between, until it says that there is nothing more to wait for."""

    kept = ("phase", "wait")
    """What the state machine keeps of Deploy's answer, beside the configuration."""

    def __init__(self, scope: Construct) -> None:
        self._scope = scope
        self.told: dict[str, Any] = {"phase": sfn.JsonPath.string_at("$.deployment.phase")}

    def around(self, deploy: sfn.TaskStateBase, *, then: sfn.IChainable) -> sfn.IChainable:
        """Return the states around Deploy; ``then`` follows when the challenger is on its way into service."""
        first = sfn.Pass(
            self._scope, "NoShadowYet", result=sfn.Result.from_object({"phase": ""}), result_path="$.deployment"
        )
        wait = sfn.Wait(self._scope, "InTheShadow", time=sfn.WaitTime.seconds_path("$.deployment.wait"))
        watched = sfn.Choice(self._scope, "OutOfTheShadow")
        watched.when(sfn.Condition.number_greater_than("$.deployment.wait", 0), wait).otherwise(then)
        wait.next(deploy)
        deploy.next(watched)
        return first.next(deploy)
