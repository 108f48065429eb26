"""Decides whether what training chose may be released."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, release
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    ledger_table: str
    gates: list[dict[str, Any]]
    margin: float
    metric: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
LOGGER = Logger(service="gate")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run)
    result = release.gate(
        s3=S3,
        dynamodb=DYNAMODB,
        paths=paths,
        ledger_table=ENVIRONMENT.ledger_table,
        bars=ENVIRONMENT.gates,
        metric=ENVIRONMENT.metric,
        margin=ENVIRONMENT.margin,
    )
    LOGGER.info("decided", extra={"decision": result["decision"]})
    return result
