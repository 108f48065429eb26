"""Delivers a run's predictions as files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment
from runtime.delivery import channel, files
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    delivered_bucket: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
LOGGER = Logger(service="delivery-files")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    name, form = event["channel"], event["format"]
    LOGGER.append_keys(line=paths.line, run=paths.run, channel=name)
    result = channel.deliver(
        s3=S3,
        paths=paths,
        channel=name,
        kind="files",
        send=lambda: files.deliver(s3=S3, paths=paths, bucket=ENVIRONMENT.delivered_bucket, channel=name, form=form),
    )
    LOGGER.info("delivered", extra={"count": result["count"]})
    return result
