"""Asks for the version that was in production before to be put back into service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, rollback


@dataclass(frozen=True)
class Environment:
    endpoint_name: str
    endpoint_kind: str
    ledger_table: str
    signing_key: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
SAGEMAKER = boto3.client("sagemaker")
KMS = boto3.client("kms")
LOGGER = Logger(service="rollback")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"line", "number"}`` → what was asked for, to be passed on to verify."""
    LOGGER.append_keys(line=event["line"], run=event["run"])
    asked = rollback.begin(
        s3=S3,
        dynamodb=DYNAMODB,
        sagemaker=SAGEMAKER,
        kms=KMS,
        line=event["line"],
        ledger_table=ENVIRONMENT.ledger_table,
        signing_key=ENVIRONMENT.signing_key,
        endpoint_name=ENVIRONMENT.endpoint_name,
        hosted=ENVIRONMENT.endpoint_kind != "none",
        number=event["number"],
    )
    LOGGER.info("requested", extra=asked)
    return asked
