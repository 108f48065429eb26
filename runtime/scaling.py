"""The number of an endpoint's instances follows its traffic: a scalable target and its policy.

SageMaker refuses to change the instance type of a variant that scales, and does not scale during an update; so a
variant is deregistered before each and registered again when the endpoint is in service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

POLICY = "invocations-per-instance"
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"


@dataclass(frozen=True)
class Scaling:
    """Between how many instances, and how many requests a minute each of them should get."""

    least: int
    most: int
    invocations_per_instance: int


def register(autoscaling: Any, endpoint: str, variant: str, scaling: Scaling) -> None:
    """Let the number of instances follow the traffic; doing it again changes nothing."""
    target = _target(endpoint, variant)
    autoscaling.register_scalable_target(**target, MinCapacity=scaling.least, MaxCapacity=scaling.most)
    autoscaling.put_scaling_policy(
        **target,
        PolicyName=POLICY,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": float(scaling.invocations_per_instance),
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
        },
    )


def deregister(autoscaling: Any, endpoint: str, variant: str) -> bool:
    """Fix the number of instances where it is, and return whether it scaled; its policies go with it."""
    try:
        autoscaling.deregister_scalable_target(**_target(endpoint, variant))
    except autoscaling.exceptions.ClientError as error:
        if not _is_missing(error):
            raise
        return False
    return True


def _target(endpoint: str, variant: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{variant}",
        "ScalableDimension": _DIMENSION,
    }


def _is_missing(error: Any) -> bool:
    told = error.response["Error"]
    return told["Code"] == "ObjectNotFoundException" or "no scalable target found" in told["Message"].lower()
