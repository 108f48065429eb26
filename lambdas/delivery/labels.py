"""POST /labels: how predictions turned out, into the line's queue for ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from config.metrics import Task
from runtime import environment
from runtime.delivery import labels, proxy


@dataclass(frozen=True)
class Environment:
    ground_truth_queue: str
    task: Task
    line: str


ENVIRONMENT = environment.load(Environment)
SQS = boto3.client("sqs")
LOGGER = Logger(service="labels")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    try:
        told = labels.check(proxy.body_of(event), line=ENVIRONMENT.line, task=ENVIRONMENT.task)
        labels.send(SQS, ENVIRONMENT.ground_truth_queue, told, line=ENVIRONMENT.line)
    except proxy.Refused as refused:
        LOGGER.info("refused", extra={"status": refused.status})
        return proxy.refusal(refused)
    LOGGER.info("labels taken", extra={"labels": len(told)})
    return proxy.answer(202, {"accepted": len(told)})
