"""Hears that a person approved a version, and starts its release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import approval, environment


@dataclass(frozen=True)
class Environment:
    line: str
    state_machine: str


ENVIRONMENT = environment.load(Environment)
SAGEMAKER = boto3.client("sagemaker")
STEPFUNCTIONS = boto3.client("stepfunctions")
LOGGER = Logger(service="approved")


def handler(event: dict[str, Any], _context: object) -> None:
    started = approval.start(
        stepfunctions=STEPFUNCTIONS,
        sagemaker=SAGEMAKER,
        machine=ENVIRONMENT.state_machine,
        line=ENVIRONMENT.line,
        event=event,
    )
    LOGGER.info("heard", extra={"line": ENVIRONMENT.line, "started": started})
