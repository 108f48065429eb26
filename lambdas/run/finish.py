"""Says that a run reached its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment
from runtime.verdict import finish


@dataclass(frozen=True)
class Environment:
    event_bus: str


ENVIRONMENT = environment.load(Environment)
EVENTS = boto3.client("events")
LOGGER = Logger(service="finish")


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    LOGGER.append_keys(line=event["line"], run=event["run"])
    result = finish(bus_client=EVENTS, bus=ENVIRONMENT.event_bus, line=event["line"], run=event["run"])
    LOGGER.info("run ended", extra={"status": result["status"]})
    return result
