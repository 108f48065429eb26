"""The janitor's round through its account: branches' environments that expired, or are half destroyed, go."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment
from runtime.teardown import janitor, notice
from runtime.teardown.pace import Pace


@dataclass(frozen=True)
class Environment:
    standing: list[str]
    most: int
    topic_arn: str


ENVIRONMENT = environment.load(Environment)
CLIENTS = functools.cache(boto3.client)
LOGGER = Logger(service="janitor")


def handler(_event: dict[str, Any], context: Any) -> dict[str, str]:
    """Any event → environment → what became of it; raises when something needs a person, after all else is done."""
    rounds = janitor.round_of(
        CLIENTS,
        standing=ENVIRONMENT.standing,
        now=lambda: dt.datetime.now(dt.UTC),
        pace=Pace(lambda: context.get_remaining_time_in_millis() / 1000 - notice.RESERVED),
        most=ENVIRONMENT.most,
        tell=lambda what, thing: LOGGER.info(what, extra={"kind": thing.kind, "thing": thing.name, "why": thing.left}),
    )
    outcomes = []
    for outcome in rounds:
        LOGGER.info(outcome.verdict, extra={"of": outcome.environment, "why": outcome.why, "told": outcome.told})
        outcomes.append(outcome)
    notice.send(CLIENTS("sns"), ENVIRONMENT.topic_arn, outcomes)
    notice.raise_for(outcomes)
    return {outcome.environment: outcome.verdict for outcome in outcomes}
