"""Says whether a station is fresh; if it is, the run takes over what an earlier run's station left."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, pins, skipping
from runtime.components import World
from runtime.paths import RunPaths
from runtime.plan import Plan, decoded


@dataclass(frozen=True)
class Environment:
    raw_bucket: str
    lake_bucket: str
    ledger_table: str
    plan: str
    pins: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
LOGGER = Logger(service="freshness")


@cache
def plan() -> Plan:
    bucket, _, key = ENVIRONMENT.plan.removeprefix("s3://").partition("/")
    return decoded(S3.get_object(Bucket=bucket, Key=key)["Body"].read())


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run, station=event["station"])
    verdict = skipping.look(
        world=World(
            s3=S3,
            dynamodb=DYNAMODB,
            raw_bucket=ENVIRONMENT.raw_bucket,
            lake_bucket=ENVIRONMENT.lake_bucket,
            ledger_table=ENVIRONMENT.ledger_table,
            pins=pins.read(S3, ENVIRONMENT.lake_bucket, ENVIRONMENT.pins),
        ),
        plan=plan(),
        paths=paths,
        station=event["station"],
        given=event["parameters"],
        forced=event["station"] in event["force"],
    )
    LOGGER.info("looked", extra={"fresh": verdict.fresh, "why": verdict.why})
    return asdict(verdict)
