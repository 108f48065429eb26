"""Lets the number of an endpoint's instances follow its traffic, whenever the endpoint has come into service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import endpoint, environment, scaling
from runtime.scaling import Scaling


@dataclass(frozen=True)
class Environment:
    endpoint_name: str
    least: int
    most: int
    invocations_per_instance: int


ENVIRONMENT = environment.load(Environment)
AUTOSCALING = boto3.client("application-autoscaling")
LOGGER = Logger(service="scale")


def handler(_event: dict[str, Any], _context: object) -> None:
    """``SageMaker Endpoint State Change`` to IN_SERVICE → the variant is registered with its policy."""
    wanted = Scaling(ENVIRONMENT.least, ENVIRONMENT.most, ENVIRONMENT.invocations_per_instance)
    scaling.register(AUTOSCALING, ENVIRONMENT.endpoint_name, endpoint.VARIANT, wanted)
    LOGGER.info("registered", extra={"least": wanted.least, "most": wanted.most})
