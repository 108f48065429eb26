"""Looks whether the endpoint serves what was requested, and if so makes it the champion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, release
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    endpoint_name: str
    lake_bucket: str
    ledger_table: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
SAGEMAKER = boto3.client("sagemaker")
LOGGER = Logger(service="verify")


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """``{"line", "run", "version", "model_package_arn", "endpoint_config"}`` → ``{"status", "message"}``."""
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run)
    result = release.verify(
        s3=S3,
        dynamodb=DYNAMODB,
        sagemaker=SAGEMAKER,
        paths=paths,
        ledger_table=ENVIRONMENT.ledger_table,
        endpoint_name=ENVIRONMENT.endpoint_name,
        version=event["version"],
        model_package_arn=event["model_package_arn"],
        endpoint_config=event["endpoint_config"],
    )
    LOGGER.info("verified", extra={"status": result["status"]})
    return result
