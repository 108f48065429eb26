"""POST /predictions: one row in, its prediction out. POST /batches: up to a hundred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment
from runtime.delivery import prediction, proxy
from runtime.delivery.capture import Capture, Personal
from runtime.delivery.request import Form


@dataclass(frozen=True)
class Environment:
    endpoint_name: str
    online_table: str
    predictions_table: str
    views: dict[str, list[str]]
    request: list[str]
    line: str
    id: str
    event_time: str
    known: dict[str, str]
    capture_queue: str
    personal: list[str]
    capture_personal: Personal


ENVIRONMENT = environment.load(Environment)
SERVICE = prediction.Service(
    dynamodb=boto3.client("dynamodb"),
    sagemaker=boto3.client("sagemaker-runtime"),
    capture=Capture(
        sqs=boto3.client("sqs"),
        queue=ENVIRONMENT.capture_queue,
        line=ENVIRONMENT.line,
        personal=ENVIRONMENT.personal,
        hidden=ENVIRONMENT.capture_personal,
    ),
    line=ENVIRONMENT.line,
    endpoint=ENVIRONMENT.endpoint_name,
    online_table=ENVIRONMENT.online_table,
    predictions_table=ENVIRONMENT.predictions_table,
)
FORM = Form(
    id=ENVIRONMENT.id,
    event_time=ENVIRONMENT.event_time,
    columns=ENVIRONMENT.request,
    views=ENVIRONMENT.views,
    known=ENVIRONMENT.known,
)
LOGGER = Logger(service="predict")
LOGGER.append_keys(line=ENVIRONMENT.line)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    try:
        given = proxy.body_of(event)
        if event.get("resource") == "/batches":
            batch = prediction.predict_all(SERVICE, FORM, given.get("instances"))
            LOGGER.info("predicted", extra={"rows": len(batch), "model_version": batch[0]["model_version"]})
            return proxy.answer(200, {"predictions": batch})
        record = prediction.predict(SERVICE, FORM, given)
    except proxy.Refused as refused:
        LOGGER.info("refused", extra={"status": refused.status})
        return proxy.refusal(refused)
    LOGGER.info("predicted", extra={"model_version": record["model_version"]})
    return proxy.answer(200, record)
