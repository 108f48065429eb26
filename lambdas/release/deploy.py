"""Asks for a registered model to be put into service."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import endpoint, environment, promotion, rollout, sealed
from runtime.endpoint import Hosting
from runtime.rollout import Rollout
from runtime.shadow import Look, Shadow


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
    vpc: dict[str, Any]
    tags: dict[str, str]
    rollout: dict[str, Any]
    alarms: list[str]
    shadow: dict[str, Any]
    shadow_alarms: list[str]
    ledger_table: str
    signing_key: str


ENVIRONMENT = environment.load(Environment)
ON_INSTANCES = ENVIRONMENT.endpoint_kind == "instance"
SAGEMAKER = boto3.client("sagemaker")
AUTOSCALING = boto3.client("application-autoscaling") if ON_INSTANCES else None
CLOUDWATCH = boto3.client("cloudwatch") if ON_INSTANCES else None
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
KMS = boto3.client("kms")
LOGGER = Logger(service="deploy")


HOSTING = Hosting(
    role=ENVIRONMENT.endpoint_role,
    image=ENVIRONMENT.image_uri,
    kind=ENVIRONMENT.endpoint_kind,
    memory_mb=ENVIRONMENT.memory_mb,
    max_concurrency=ENVIRONMENT.max_concurrency,
    instance_type=ENVIRONMENT.instance_type,
    instance_count=ENVIRONMENT.instance_count,
    kms_key=ENVIRONMENT.kms_key,
    vpc=ENVIRONMENT.vpc,
    tags=ENVIRONMENT.tags,
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Register's result → ``{"endpoint", "endpoint_config", "phase", "wait"}``.

    Where a line has a shadow, ``phase`` is what the last call answered, at first empty, and a ``wait`` above 0 asks for
    another; whoever names no phase wants no shadow.
    """
    LOGGER.append_keys(line=event["line"], run=event["run"])
    sealed.check(
        s3=S3,
        kms=KMS,
        signing_key=ENVIRONMENT.signing_key,
        line=event["line"],
        artefact=event["artefact"],
        manifest_sha256=event["manifest_sha256"],
        signature=event["signature"],
    )
    promotion.still(
        DYNAMODB,
        ENVIRONMENT.ledger_table,
        event["line"],
        expected=event["compared_with"],
        artefact=event["artefact"],
    )
    given: dict[str, Any] = {
        "endpoint": ENVIRONMENT.endpoint_name,
        "hosting": HOSTING,
        "model_data": event["model_data"],
        "environment": {"MODEL_VERSION": str(event["version"]), "MANIFEST_SHA256": event["manifest_sha256"]},
    }
    looked = Look("watched", 0)
    if ENVIRONMENT.shadow:
        beside = Shadow(
            sagemaker=SAGEMAKER,
            cloudwatch=CLOUDWATCH,
            autoscaling=AUTOSCALING,
            alarms=ENVIRONMENT.shadow_alarms,
            **given,
            **ENVIRONMENT.shadow,
        )
        looked = beside.look(event.get("phase", "watched"), dt.datetime.now(dt.UTC))
    told = {"endpoint": ENVIRONMENT.endpoint_name, "phase": looked.phase, "wait": math.ceil(looked.wait)}
    if looked.wait:
        LOGGER.info("in the shadow", extra=told)
        return {**told, "endpoint_config": ""}
    how, ringing = rollout.armed(Rollout(**ENVIRONMENT.rollout, alarms=ENVIRONMENT.alarms), CLOUDWATCH)
    if ringing:
        LOGGER.warning("these alarms ring already and cannot take the version back", extra={"alarms": ringing})
    config = endpoint.deploy(SAGEMAKER, **given, rollout=how, autoscaling=AUTOSCALING)
    LOGGER.info("requested", extra={"endpoint_config": config})
    return {**told, "endpoint_config": config}
