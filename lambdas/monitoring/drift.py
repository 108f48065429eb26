"""Compares what a run scored with what its champion was trained on, and judges the windows that are over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment
from runtime.monitoring import emitting, judging, monitors, place, station
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment(place.Environment):
    lake_bucket: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
JUDGE = place.judge_of(ENVIRONMENT, s3=S3, dynamodb=boto3.client("dynamodb"), sns=boto3.client("sns"))
LOGGER = Logger(service="drift")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run)
    now = dt.datetime.now(dt.UTC)
    receipt = station.inspect(JUDGE, s3=S3, paths=paths, now=now)
    judged = judging.look(JUDGE, now)
    monitors.tell(JUDGE.ledger, ENVIRONMENT.line)
    emitting.verdicts(ENVIRONMENT.line, judged.verdicts + judged.again, ENVIRONMENT.metric)
    emitting.states(JUDGE.ledger, ENVIRONMENT.line)
    LOGGER.info("drift measured", extra={"status": receipt.status, "columns": len(receipt.outputs["drift"])})
    return {"status": receipt.status, "message": receipt.message}
