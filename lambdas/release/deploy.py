"""Asks for a registered model to be put into service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import endpoint, environment, rollout
from runtime.endpoint import Hosting
from runtime.rollout import Rollout


@dataclass(frozen=True)
class Environment:
    endpoint_name: str
    endpoint_role: str
    image_uri: str
    endpoint_kind: str
    memory_mb: int
    max_concurrency: int
    instance_type: str
    instance_count: int
    kms_key: str
    rollout: dict[str, Any]
    alarms: list[str]


ENVIRONMENT = environment.load(Environment)
ON_INSTANCES = ENVIRONMENT.endpoint_kind == "instance"
SAGEMAKER = boto3.client("sagemaker")
AUTOSCALING = boto3.client("application-autoscaling") if ON_INSTANCES else None
CLOUDWATCH = boto3.client("cloudwatch") if ON_INSTANCES else None
LOGGER = Logger(service="deploy")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Register's result → ``{"endpoint", "endpoint_config"}``."""
    LOGGER.append_keys(line=event["line"], run=event["run"])
    how, ringing = rollout.armed(Rollout(**ENVIRONMENT.rollout, alarms=ENVIRONMENT.alarms), CLOUDWATCH)
    if ringing:
        LOGGER.warning("these alarms ring already and cannot take the version back", extra={"alarms": ringing})
    config = endpoint.deploy(
        SAGEMAKER,
        endpoint=ENVIRONMENT.endpoint_name,
        hosting=Hosting(
            role=ENVIRONMENT.endpoint_role,
            image=ENVIRONMENT.image_uri,
            kind=ENVIRONMENT.endpoint_kind,
            memory_mb=ENVIRONMENT.memory_mb,
            max_concurrency=ENVIRONMENT.max_concurrency,
            instance_type=ENVIRONMENT.instance_type,
            instance_count=ENVIRONMENT.instance_count,
            kms_key=ENVIRONMENT.kms_key,
        ),
        model_data=event["model_data"],
        environment={"MODEL_VERSION": str(event["version"]), "MANIFEST_SHA256": event["manifest_sha256"]},
        rollout=how,
        autoscaling=AUTOSCALING,
    )
    LOGGER.info("requested", extra={"endpoint_config": config})
    return {"endpoint": ENVIRONMENT.endpoint_name, "endpoint_config": config}
