"""Turns a file of labels, dropped in the raw bucket, into messages for the line's queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import boto3
from aws_lambda_powertools import Logger

from config.metrics import Task
from runtime import environment, measures
from runtime.monitoring import drops


@dataclass(frozen=True)
class Environment:
    raw_bucket: str
    queue: str
    task: Task
    line: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
SQS = boto3.client("sqs")
LOGGER = Logger(service="ground-truth-file")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    key = _key(event)
    dropped = drops.send(
        s3=S3,
        sqs=SQS,
        bucket=ENVIRONMENT.raw_bucket,
        key=key,
        queue=ENVIRONMENT.queue,
        line=ENVIRONMENT.line,
        task=ENVIRONMENT.task,
    )
    for number, reason in dropped.wrong.items():
        LOGGER.warning("line is no label", extra={"key": key, "number": number, "reason": reason})
    wrong = len(dropped.wrong) + dropped.more_wrong
    counts = {"sent": dropped.sent, "messages": dropped.messages, "wrong": wrong}
    LOGGER.info("labels sent", extra={"key": key, **counts})
    measures.emit({measures.LINE: ENVIRONMENT.line}, {measures.GROUND_TRUTH_REFUSED: [wrong] if wrong else []})
    return counts


def _key(event: dict[str, Any]) -> str:
    """Return the object's key: EventBridge tells it as it is, S3's own notifications with its signs escaped."""
    if "detail" in event:
        return str(event["detail"]["object"]["key"])
    return unquote_plus(event["Records"][0]["s3"]["object"]["key"])
