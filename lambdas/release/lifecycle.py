"""Deletes what runs made in SageMaker, when the stack goes: a custom resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, lifecycle


@dataclass(frozen=True)
class Environment:
    endpoint_name: str
    endpoint_kind: str
    model_package_group: str


ENVIRONMENT = environment.load(Environment)
SAGEMAKER = boto3.client("sagemaker")
AUTOSCALING = boto3.client("application-autoscaling") if ENVIRONMENT.endpoint_kind == "instance" else None
LOGGER = Logger(service="lifecycle")


def handler(event: dict[str, Any], context: Any) -> None:
    told = lifecycle.answer(
        event,
        sagemaker=SAGEMAKER,
        autoscaling=AUTOSCALING,
        endpoint_name=ENVIRONMENT.endpoint_name,
        group=ENVIRONMENT.model_package_group,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    LOGGER.info("answered", extra={"status": told["Status"], "reason": told["Reason"]})
