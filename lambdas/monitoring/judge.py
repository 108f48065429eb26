"""Judges the windows that are over, and tells what changed. Its clock is the time of the event that calls it."""

from __future__ import annotations

from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, measures
from runtime.monitoring import emitting, judging, monitors, unmatched
from runtime.monitoring.place import Environment, judge_of
from runtime.monitoring.store import instant

ENVIRONMENT = environment.load(Environment)
JUDGE = judge_of(ENVIRONMENT, s3=boto3.client("s3"), dynamodb=boto3.client("dynamodb"), sns=boto3.client("sns"))
LOGGER = Logger(service="judge")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    waiting = unmatched.look(JUDGE.store)
    judged = judging.look(JUDGE, instant(event["time"]))
    told = monitors.tell(JUDGE.ledger, ENVIRONMENT.line)
    emitting.verdicts(ENVIRONMENT.line, judged.verdicts + judged.again, ENVIRONMENT.metric)
    states = emitting.states(JUDGE.ledger, ENVIRONMENT.line)
    measures.emit({measures.LINE: ENVIRONMENT.line}, {measures.GROUND_TRUTH_UNMATCHED: [waiting]})
    counts = {"judged": len(judged.verdicts), "again": len(judged.again), "told": told, "unmatched": waiting}
    LOGGER.info("windows judged", extra={**counts, "monitors": states})
    return {**counts, "monitors": states}
