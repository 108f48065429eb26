"""Looks whether the endpoint serves what was requested, and if so moves the champion's pointer to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, release, rollback
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    endpoint_name: str
    endpoint_kind: str
    lake_bucket: str
    ledger_table: str
    signing_key: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
SAGEMAKER = boto3.client("sagemaker")
KMS = boto3.client("kms")
LOGGER = Logger(service="verify")


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """``{"line", "run", "action", ...}`` → ``{"status", "message"}``.

    For a release (``run`` or ``approve``) the rest is ``model_package_arn`` and ``endpoint_config``, for a ``rollback``
    what the rollback's first state gave, and ``by``.
    """
    LOGGER.append_keys(line=event["line"], run=event["run"], action=event["action"])
    hosted = ENVIRONMENT.endpoint_kind != "none"
    if event["action"] == "rollback":
        result = rollback.settle(
            dynamodb=DYNAMODB,
            sagemaker=SAGEMAKER,
            line=event["line"],
            ledger_table=ENVIRONMENT.ledger_table,
            endpoint_name=ENVIRONMENT.endpoint_name,
            hosted=hosted,
            number=event["number"],
            to=event["to"],
            version=event["version"],
            endpoint_config=event["endpoint_config"],
            who=event["by"],
        )
    else:
        result = release.verify(
            s3=S3,
            dynamodb=DYNAMODB,
            sagemaker=SAGEMAKER,
            kms=KMS,
            paths=RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"]),
            ledger_table=ENVIRONMENT.ledger_table,
            signing_key=ENVIRONMENT.signing_key,
            endpoint_name=ENVIRONMENT.endpoint_name,
            hosted=hosted,
            model_package_arn=event["model_package_arn"],
            endpoint_config=event["endpoint_config"],
            approved=event["action"] == "approve",
        )
    LOGGER.info("verified", extra={"status": result["status"]})
    return result
