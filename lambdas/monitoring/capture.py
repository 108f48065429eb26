"""Keeps captured predictions, and counts them in their windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from runtime import environment, poison, promotion
from runtime.monitoring import capture, place, windows
from runtime.monitoring.store import Told
from runtime.monitoring.windows import Reference


@dataclass(frozen=True)
class Environment(Told):
    lake_bucket: str
    models_bucket: str
    ledger_table: str
    dead_letters: str
    """URL of the queue for poison."""
    slices: list[str]
    inputs: float
    """The share of the events whose inputs are stored."""


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
SQS = boto3.client("sqs")
LAKE = capture.Store(s3=S3, lake=ENVIRONMENT.lake_bucket, line=ENVIRONMENT.line, share=ENVIRONMENT.inputs)
STORE = ENVIRONMENT.store(boto3.client("dynamodb"), ENVIRONMENT.slices)
REFERENCES = place.references(S3, ENVIRONMENT.models_bucket)
LOGGER = Logger(service="capture")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    messages = {record["messageId"]: record["body"] for record in event["Records"]}
    read = capture.read(messages, ENVIRONMENT.line)
    keys = capture.keep(LAKE, read.events)
    added = windows.add_events(STORE, _reference(), read.events)
    again = {message for event_id in added.again for message in read.carriers[event_id]}
    again |= {message for message, reason in read.poison.items() if not _put_aside(message, messages, reason)}
    counts = {
        "kept": len(read.events),
        "counted": added.counted,
        "repeated": added.repeated,
        "poison": len(read.poison),
    }
    LOGGER.info("captured", extra={**counts, "objects": len(keys), "again": len(again)})
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(again)]}


def _reference() -> Reference:
    """Return what the champion was trained on; before there is one, columns have no bins and are only kept."""
    champion = promotion.champion(STORE.dynamodb, ENVIRONMENT.ledger_table, ENVIRONMENT.line)
    columns = REFERENCES(champion.artefact) if champion is not None else None
    return Reference(artefact=champion.artefact if champion and columns else "", columns=columns or {})


def _put_aside(message: str, messages: dict[str, str], reason: str) -> bool:
    """Put a poison message aside; where that fails it comes again, and in the end SQS itself puts it aside."""
    LOGGER.warning("message put aside", extra={"message_id": message, "reason": reason})
    try:
        poison.put_aside(SQS, ENVIRONMENT.dead_letters, messages[message], reason)
    except (ClientError, BotoCoreError) as error:
        LOGGER.warning("message not put aside", extra={"message_id": message, "error": type(error).__name__})
        return False
    return True
