"""How traffic moves to a new configuration of an endpoint, in the words of SageMaker's UpdateEndpoint.

The waits are seconds; ``alarms`` are the names of the CloudWatch alarms that send all traffic back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

MOST_ALARMS = 10
"""SageMaker takes no more in one deployment."""

STARTING = 1800
"""Seconds that the new fleet may take to start, beside the waits."""

_SHORTEST, _LONGEST = 600, 28_800
"""What SageMaker allows as the time of a whole deployment, in seconds."""


@dataclass(frozen=True)
class Rollout:
    """What ``release.rollout`` of line.yaml says, as handlers receive it."""

    kind: str = "all_at_once"
    """``all_at_once``, ``canary`` or ``linear``"""
    share: int = 10
    """Percent of the traffic: the canary's, or each step's."""
    step_seconds: int = 300
    bake_seconds: int = 300
    seconds: int = 300
    """All its waits together."""
    alarms: Sequence[str] = field(default=())


def armed(rollout: Rollout, cloudwatch: Any) -> tuple[Rollout, list[str]]:
    """Return the rollout without the alarms that ring already, and the names of those; without a client, as it is.

    They tell of the version in service: a rollout that they watch would be sent back at once, and what is to mend the
    fault would never go into service.
    """
    if cloudwatch is None or not rollout.alarms:
        return rollout, []
    told = cloudwatch.describe_alarms(AlarmNames=list(rollout.alarms), AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found = [*told.get("MetricAlarms", []), *told.get("CompositeAlarms", [])]
    ringing = {alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM"}
    quiet = [name for name in rollout.alarms if name not in ringing]
    return replace(rollout, alarms=quiet), sorted(ringing)


def deployment_config(rollout: Rollout) -> dict[str, Any]:
    """Return UpdateEndpoint's DeploymentConfig.

    >>> deployment_config(Rollout("canary", share=20, step_seconds=60, bake_seconds=90))["BlueGreenUpdatePolicy"][
    ...     "TrafficRoutingConfiguration"
    ... ]
    {'Type': 'CANARY', 'WaitIntervalInSeconds': 60, 'CanarySize': {'Type': 'CAPACITY_PERCENT', 'Value': 20}}
    """
    size = {"Type": "CAPACITY_PERCENT", "Value": rollout.share}
    sizes: Mapping[str, dict[str, Any]] = {"canary": {"CanarySize": size}, "linear": {"LinearStepSize": size}}
    policy = {
        "TrafficRoutingConfiguration": {
            "Type": rollout.kind.upper(),
            "WaitIntervalInSeconds": rollout.step_seconds if rollout.kind in sizes else 0,
            **sizes.get(rollout.kind, {}),
        },
        "TerminationWaitInSeconds": rollout.bake_seconds,
        "MaximumExecutionTimeoutInSeconds": min(max(rollout.seconds + STARTING, _SHORTEST), _LONGEST),
    }
    config: dict[str, Any] = {"BlueGreenUpdatePolicy": policy}
    if rollout.alarms:
        alarms = [{"AlarmName": name} for name in rollout.alarms[:MOST_ALARMS]]
        config["AutoRollbackConfiguration"] = {"Alarms": alarms}
    return config
