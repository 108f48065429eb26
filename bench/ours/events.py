"""What handlers of messages compute for an event: CPU time over stores in memory, whose own is taken off.

Prints one line of JSON to standard error, handler -> seconds per event; what handlers log goes to standard output.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT)]

import boto3

from runtime import events as bus
from runtime.delivery import capture, lookup, topic
from runtime.monitoring.store import Store
from runtime.paths import RunPaths
from tests.runtime.delivery.sent import EVENTS, KEYS, LAKE, LINE, VARIABLES, Lake, record, release
from tests.runtime.tables import Tables
from tests.runtime.transport import Queue, Sns, Sqs

BATCHES, BATCH = 40, 100

Call = Callable[[], object]


class Timed:
    """A client that adds the time of its calls to ``spent``."""

    spent = 0.0

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        if name == "get_paginator":  # its pages are read while their time is taken off
            return lambda asked: SimpleNamespace(paginate=lambda **given: [getattr(self, asked)(**given)])
        found = getattr(self.client, name)
        if not callable(found):
            return found

        def call(**given: Any) -> Any:
            began = time.process_time()
            try:
                return found(**given)
            finally:
                Timed.spent += time.process_time() - began

        return call


def costs() -> dict[str, float]:
    """Return our own seconds per event by handler, the medians of batches."""
    queues = {name: Queue(random.Random(0)) for name in ("dead", EVENTS)}
    tables, lake = Tables(**KEYS), Lake()
    clients = {"dynamodb": tables, "s3": lake, "sqs": Sqs(queues), "sns": Sns([])}
    release(tables, lake, ["score", *(f"column_{i}" for i in range(25))])
    variables = {**VARIABLES, "DEAD_LETTERS": "dead", "LEDGER_TABLE": "ledger", "ENVIRONMENT_NAME": "dev"}
    del variables["POWERTOOLS_LOG_LEVEL"], variables["POWERTOOLS_METRICS_DISABLED"]
    store = Store(dynamodb=tables, predictions="predictions", windows="windows", line=LINE)
    lookup.put(tables, "predictions", [record(number) for number in range(BATCHES * BATCH)], store=store)
    with (
        patch.dict(os.environ, variables),
        patch.object(boto3, "client", lambda service, **_: Timed(clients[service])),
    ):
        return {
            "lambdas.monitoring.ground_truth": per_event(_handled("lambdas.monitoring.ground_truth", _labels)),
            "lambdas.monitoring.capture": per_event(_handled("lambdas.monitoring.capture", _captured)),
            "lambdas.ledger.record": per_event(_recorded()),
            "lambdas.delivery.topic": per_event(_published(clients)),
        }


def per_event(batches: list[Call]) -> float:
    """Return the median of batches, each of which handles BATCH events."""
    took = []
    for batch in batches:
        Timed.spent, began = 0.0, time.process_time()
        batch()
        took.append((time.process_time() - began - Timed.spent) / BATCH)
    return statistics.median(took)


def _handled(module: str, body: Callable[[int], str]) -> list[Call]:
    handler = importlib.import_module(module).handler

    def batch(first: int) -> Call:
        numbers = range(first, first + BATCH)
        event = {"Records": [{"messageId": str(number), "body": body(number)} for number in numbers]}
        return lambda: handler(event, None)

    return [batch(BATCH * i) for i in range(BATCHES)]


def _labels(number: int) -> str:
    return json.dumps({"prediction_id": record(number)["prediction_id"], "label": number % 2})


def _captured(number: int) -> str:
    inputs = {f"column_{i}": number * i / 7 for i in range(25)}
    return next(capture.messages(LINE, [capture.event(record(number), inputs, 12.5)]))


def _recorded() -> list[Call]:
    handler = importlib.import_module("lambdas.ledger.record").handler

    def event(number: int) -> Mapping[str, Any]:
        detail = bus.started(line=LINE, run=f"run-{number}", station="curation", at="2026-01-01T00:00:00Z")
        return {"source": bus.SOURCE, "detail-type": bus.STATION_STARTED, "detail": detail}

    def batch(first: int) -> Call:
        told = [event(number) for number in range(first, first + BATCH)]
        return lambda: [handler(one, None) for one in told]

    return [batch(BATCH * i) for i in range(BATCHES)]


def _published(clients: Mapping[str, Any]) -> list[Call]:
    def batch(first: int) -> Call:
        paths = RunPaths(lake=LAKE, line=LINE, run=f"run-{first}")
        lines = "\n".join(json.dumps(record(number)) for number in range(first, first + BATCH))
        clients["s3"].put_object(Bucket=LAKE, Key=paths.predictions, Body=lines.encode())
        s3, sns = Timed(clients["s3"]), Timed(clients["sns"])
        return lambda: topic.deliver(s3=s3, sns=sns, paths=paths, topic="arn:topic")

    return [batch(BATCH * i) for i in range(BATCHES)]


if __name__ == "__main__":
    print(json.dumps(costs()), file=sys.stderr)
