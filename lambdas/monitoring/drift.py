"""Compares what a run scored with what its champion was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, measures
from runtime.monitoring import station
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    models_bucket: str
    ledger_table: str
    columns: list[str]
    """The columns that are watched; an empty list means all."""
    threshold: float
    minimum_sample: int
    line: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
LOGGER = Logger(service="drift")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run)
    receipt = station.inspect(
        s3=S3,
        dynamodb=DYNAMODB,
        paths=paths,
        ledger_table=ENVIRONMENT.ledger_table,
        models=ENVIRONMENT.models_bucket,
        columns=ENVIRONMENT.columns,
        threshold=ENVIRONMENT.threshold,
        minimum_sample=ENVIRONMENT.minimum_sample,
    )
    drift = receipt.outputs["drift"]
    for feature, value in drift.items():
        measures.emit({measures.LINE: ENVIRONMENT.line, measures.FEATURE: feature}, {measures.DRIFT: [value]})
    if drift:
        measures.emit({measures.LINE: ENVIRONMENT.line}, {measures.DRIFT_MAX: [max(drift.values())]})
    LOGGER.info("drift measured", extra={"status": receipt.status, "columns": len(drift)})
    return {"status": receipt.status, "message": receipt.message}
