"""Says what an approval releases: the package, unless it is the champion already."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import approval, environment


@dataclass(frozen=True)
class Environment:
    ledger_table: str


ENVIRONMENT = environment.load(Environment)
DYNAMODB = boto3.client("dynamodb")
SAGEMAKER = boto3.client("sagemaker")
LOGGER = Logger(service="approve")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"line", "model_package_arn"}`` → the package, and ``goes_on``: ``hold`` when it is the champion already."""
    LOGGER.append_keys(line=event["line"], run=event["run"])
    package, goes_on = approval.chosen(
        dynamodb=DYNAMODB,
        sagemaker=SAGEMAKER,
        ledger_table=ENVIRONMENT.ledger_table,
        line=event["line"],
        model_package_arn=event["model_package_arn"],
    )
    LOGGER.info("chosen", extra={"version": package.version, "goes_on": goes_on})
    return {**asdict(package), "goes_on": goes_on}
