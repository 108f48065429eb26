"""Joins delayed ground truth with predictions, and puts aside what can never be joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, ground_truth, measures
from runtime.monitoring.store import Told


@dataclass(frozen=True)
class Environment(Told):
    dead_letters: str
    """URL of the queue for what can never be joined."""


ENVIRONMENT = environment.load(Environment)
STORE = ENVIRONMENT.store(boto3.client("dynamodb"))
SQS = boto3.client("sqs")
LOGGER = Logger(service="ground-truth")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    messages = {record["messageId"]: record["body"] for record in event["Records"]}
    joined = ground_truth.join(STORE, messages=messages)
    ground_truth.put_aside(SQS, ENVIRONMENT.dead_letters, messages, joined)
    for message, refusals in joined.refused.items():
        for refusal in refusals:
            LOGGER.warning("label put aside", extra={"message_id": message, "reason": refusal.reason})
    for message, reason in joined.again.items():
        LOGGER.warning("label comes again", extra={"message_id": message, "reason": reason})
    LOGGER.info("labels joined", extra=dict(joined.counts))
    refused = sum(map(len, joined.refused.values()))
    measures.emit(
        {measures.LINE: ENVIRONMENT.line},
        {
            measures.GROUND_TRUTH_JOINED: [joined.counts["joined"]],
            measures.GROUND_TRUTH_REFUSED: [refused] if refused else [],
        },
    )
    return {"batchItemFailures": [{"itemIdentifier": message} for message in joined.again]}
