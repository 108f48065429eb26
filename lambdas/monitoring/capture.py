"""Keeps captured predictions, and counts them in their windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from config.metrics import Task
from runtime import environment, poison, promotion
from runtime.monitoring import capture, windows
from runtime.monitoring.events import Event
from runtime.monitoring.place import references
from runtime.monitoring.store import Store
from runtime.monitoring.windows import Reference


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    models_bucket: str
    ledger_table: str
    predictions_table: str
    windows_table: str
    dead_letters: str
    line: str
    task: Task
    window_hours: int
    keep_days: int
    slices: list[str]
    inputs: float
    """The share of the events whose inputs are stored."""


ENVIRONMENT = environment.load(Environment)
STORE = capture.Store(
    s3=boto3.client("s3"), lake=ENVIRONMENT.lake_bucket, line=ENVIRONMENT.line, share=ENVIRONMENT.inputs
)
DYNAMODB = boto3.client("dynamodb")
FEEDBACK = Store(
    dynamodb=DYNAMODB,
    predictions=ENVIRONMENT.predictions_table,
    windows=ENVIRONMENT.windows_table,
    line=ENVIRONMENT.line,
    task=ENVIRONMENT.task,
    hours=ENVIRONMENT.window_hours,
    keep_days=ENVIRONMENT.keep_days,
    slices=tuple(ENVIRONMENT.slices),
)
REFERENCE = references(STORE.s3, ENVIRONMENT.models_bucket)
SQS = boto3.client("sqs")
LOGGER = Logger(service="capture")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    messages = {record["messageId"]: record["body"] for record in event["Records"]}
    read = capture.read(messages, ENVIRONMENT.line)
    keys = capture.keep(STORE, read.events)
    failed = _uncounted(messages, read.events)
    for message, reason in read.poison.items():
        LOGGER.warning("message put aside", extra={"message_id": message, "reason": reason})
        try:
            poison.put_aside(SQS, ENVIRONMENT.dead_letters, messages[message], reason)
        except (ClientError, BotoCoreError) as error:  # it comes again, and in the end SQS itself puts it aside
            LOGGER.warning("message not put aside", extra={"message_id": message, "error": type(error).__name__})
            failed.append(message)
    failed = list(dict.fromkeys(failed))
    LOGGER.info("captured", extra={"events": len(read.events), "objects": len(keys), "poison": len(read.poison)})
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _uncounted(messages: Mapping[str, str], events: Sequence[Event]) -> list[str]:
    """Count the events in their windows; return the messages that must come again, because some were not counted."""
    champion = promotion.champion(DYNAMODB, ENVIRONMENT.ledger_table, ENVIRONMENT.line)
    columns = REFERENCE(champion.artefact) if champion else None
    if champion is None or columns is None:
        return []
    added = windows.add_events(FEEDBACK, Reference(champion.artefact, columns), events)
    return [message for message, body in messages.items() if any(id_ in body for id_ in added.again)]
