"""Joins delayed ground truth with predictions, and measures how good they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from config.metrics import Task
from runtime import environment, ground_truth, measures, performance


@dataclass(frozen=True)
class Environment:
    predictions_table: str
    windows_table: str
    task: Task
    metric: str
    minimum_sample: int
    line: str


ENVIRONMENT = environment.load(Environment)
STORE = ground_truth.Store(
    dynamodb=boto3.client("dynamodb"),
    predictions=ENVIRONMENT.predictions_table,
    windows=ENVIRONMENT.windows_table,
    task=ENVIRONMENT.task,
)
LOGGER = Logger(service="ground-truth")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    messages = {record["messageId"]: record["body"] for record in event["Records"]}
    joined = ground_truth.join(STORE, line=ENVIRONMENT.line, messages=messages)
    for message, reason in joined.failures.items():
        LOGGER.warning("label not joined", extra={"message_id": message, "reason": reason})
    LOGGER.info("labels joined", extra={"joined": joined.joined, "repeated": joined.repeated})
    values = performance.values(
        STORE.dynamodb,
        STORE.windows,
        joined.windows,
        task=ENVIRONMENT.task,
        metric=ENVIRONMENT.metric,
        minimum_sample=ENVIRONMENT.minimum_sample,
    )
    measures.emit(
        {measures.LINE: ENVIRONMENT.line},
        {measures.GROUND_TRUTH_JOINED: [joined.joined], measures.PERFORMANCE: values},
    )
    return {"batchItemFailures": [{"itemIdentifier": message} for message in joined.failures]}
