"""Says how a station ended, from its receipt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment
from runtime.paths import RunPaths
from runtime.verdict import verdict


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    event_bus: str
    ledger_table: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
EVENTS = boto3.client("events")
DYNAMODB = boto3.client("dynamodb")
LOGGER = Logger(service="verdict")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run, station=event["station"])
    result = verdict(
        s3=S3,
        bus_client=EVENTS,
        dynamodb=DYNAMODB,
        bus=ENVIRONMENT.event_bus,
        ledger_table=ENVIRONMENT.ledger_table,
        paths=paths,
        station=event["station"],
    )
    LOGGER.info("station ended", extra={"status": result["status"]})
    return result
