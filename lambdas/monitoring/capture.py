"""Keeps captured predictions, and counts them in their windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from runtime import environment, poison
from runtime.monitoring import capture


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    dead_letters: str
    line: str
    inputs: float
    """The share of the events whose inputs are stored."""


ENVIRONMENT = environment.load(Environment)
STORE = capture.Store(
    s3=boto3.client("s3"), lake=ENVIRONMENT.lake_bucket, line=ENVIRONMENT.line, share=ENVIRONMENT.inputs
)
SQS = boto3.client("sqs")
LOGGER = Logger(service="capture")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    messages = {record["messageId"]: record["body"] for record in event["Records"]}
    read = capture.read(messages, ENVIRONMENT.line)
    keys = capture.keep(STORE, read.events)
    failed = []
    for message, reason in read.poison.items():
        LOGGER.warning("message put aside", extra={"message_id": message, "reason": reason})
        try:
            poison.put_aside(SQS, ENVIRONMENT.dead_letters, messages[message], reason)
        except (ClientError, BotoCoreError) as error:  # it comes again, and in the end SQS itself puts it aside
            LOGGER.warning("message not put aside", extra={"message_id": message, "error": type(error).__name__})
            failed.append(message)
    LOGGER.info("captured", extra={"events": len(read.events), "objects": len(keys), "poison": len(read.poison)})
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}
