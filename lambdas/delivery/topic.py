"""Delivers a run's predictions as messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment
from runtime.delivery import channel, topic
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    lake_bucket: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
SNS = boto3.client("sns")
LOGGER = Logger(service="delivery-topic")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    name, arn = event["channel"], event["topic"]
    LOGGER.append_keys(line=paths.line, run=paths.run, channel=name)
    result = channel.deliver(
        s3=S3,
        paths=paths,
        channel=name,
        kind="topic",
        send=lambda: topic.deliver(s3=S3, sns=SNS, paths=paths, topic=arn),
    )
    LOGGER.info("delivered", extra={"count": result["count"]})
    return result
