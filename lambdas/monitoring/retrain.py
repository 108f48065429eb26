"""Starts a run when the line's feedback, its data or its schedule asks for one: at most one at a time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, retraining


@dataclass(frozen=True)
class Environment:
    ledger_table: str
    lake_bucket: str
    state_machine: str
    line: str
    cooldown_hours: float
    quiet_minutes: float
    score_date: str
    dates: dict[str, str]
    """The dates that move together, with their defaults; none means that all stay."""
    alarms: dict[str, str]
    """Name of an alarm -> the reason that it stands for."""


ENVIRONMENT = environment.load(Environment)
CLOUDWATCH = boto3.client("cloudwatch")
LINE = retraining.Line(
    dynamodb=boto3.client("dynamodb"),
    stepfunctions=boto3.client("stepfunctions"),
    s3=boto3.client("s3"),
    table=ENVIRONMENT.ledger_table,
    lake=ENVIRONMENT.lake_bucket,
    name=ENVIRONMENT.line,
    machine=ENVIRONMENT.state_machine,
)
RULES = retraining.Rules(
    cooldown=dt.timedelta(hours=ENVIRONMENT.cooldown_hours),
    quiet=dt.timedelta(minutes=ENVIRONMENT.quiet_minutes),
    score_date=ENVIRONMENT.score_date,
    dates=ENVIRONMENT.dates,
)
LOGGER = Logger(service="retrain")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    now = retraining.moment(event)
    request, ended = retraining.requested(event, ENVIRONMENT.alarms), retraining.over(event)
    requests = [request] if request else [] if ended else retraining.still(CLOUDWATCH, ENVIRONMENT.alarms, now)
    requests = [retraining.told_by(LINE, request) for request in requests]
    told = retraining.look(LINE, RULES, requests, ended=ended, now=now)
    LOGGER.info(told["status"], extra={"asked": [request.detail for request in requests], **told})
    return told
