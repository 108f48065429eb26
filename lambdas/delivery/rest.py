"""Delivers a run's predictions to the lookup store behind the REST endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment
from runtime.delivery import channel, lookup
from runtime.monitoring.store import Told
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment(Told):
    lake_bucket: str
    slices: list[str]


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
STORE = ENVIRONMENT.store(boto3.client("dynamodb"), ENVIRONMENT.slices)
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
