"""Records why a run failed or halted, and tells whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, failure
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    event_bus: str
    alarm_topic: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
EVENTS = boto3.client("events")
SNS = boto3.client("sns")
LOGGER = Logger(service="failure")


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run, station=event["station"])
    result = failure.end(
        s3=S3,
        bus_client=EVENTS,
        sns=SNS,
        bus=ENVIRONMENT.event_bus,
        topic=ENVIRONMENT.alarm_topic,
        paths=paths,
        station=event["station"],
        status=event["status"],
        error=event.get("error"),
    )
    LOGGER.warning("run ended early", extra={"status": result["status"], "why": result["message"]})
    return result
