"""Delivers a run's predictions to the lookup store behind the REST endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from config.metrics import Task
from runtime import environment
from runtime.delivery import channel, lookup
from runtime.monitoring.store import Store
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    predictions_table: str
    windows_table: str
    task: Task
    window_hours: int
    window_count: int
    keep_days: int
    slices: list[str]
    line: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
STORE = Store(
    dynamodb=boto3.client("dynamodb"),
    predictions=ENVIRONMENT.predictions_table,
    windows=ENVIRONMENT.windows_table,
    line=ENVIRONMENT.line,
    task=ENVIRONMENT.task,
    hours=ENVIRONMENT.window_hours,
    count=ENVIRONMENT.window_count,
    keep_days=ENVIRONMENT.keep_days,
    slices=tuple(ENVIRONMENT.slices),
)
LOGGER = Logger(service="delivery-rest")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run)
    result = channel.deliver(
        s3=S3,
        paths=paths,
        channel="rest",
        kind="rest",
        send=lambda: lookup.deliver(s3=S3, paths=paths, store=STORE),
    )
    LOGGER.info("delivered", extra={"count": result["count"]})
    return result
